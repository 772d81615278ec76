// The Verify page: a file that is dropped, pasted or chosen is sent at once, and shown beside its answer.

import { takeDropped } from "./dropping.js";

const form = document.getElementById("verify");
const input = form.querySelector("[data-file]");
const preview = form.querySelector("[data-preview]");

function send() {
  const [file] = input.files;
  if (!file) return;
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(file);
  form.querySelector("[data-name]").textContent = file.name;
  document.getElementById("fault").textContent = "";
  form.requestSubmit();
}

function take(files) {
  if (!files?.length) return;
  input.files = files;
  send();
}

preview.addEventListener("load", () => { preview.hidden = false; });
preview.addEventListener("error", () => { preview.hidden = true; });
input.addEventListener("change", send);
form.querySelector("[data-sidecar]").addEventListener("change", () => { if (input.files.length) form.requestSubmit(); });
takeDropped(take);
document.addEventListener("keydown", (event) => {
  if (event.key === "o" && !event.ctrlKey && !event.metaKey && !event.altKey) input.click();
});
document.addEventListener("htmx:afterSwap", () => form.classList.add("given"));
document.addEventListener("htmx:afterSwap", () => document.getElementById("answer-title")?.focus({ preventScroll: true }));
form.querySelector("[data-send]").hidden = true; // what is chosen is sent at once
