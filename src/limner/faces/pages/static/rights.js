// The Rights page: a picture that is dropped, pasted or chosen is shown, and what is near to it is asked for.

import { takeDropped } from "./dropping.js";

const form = document.getElementById("register");
const input = form.querySelector("[data-file]");
const preview = form.querySelector("[data-preview]");

function show() {
  URL.revokeObjectURL(preview.src);
  preview.hidden = true;
  document.getElementById("near").replaceChildren();
  document.getElementById("fault").textContent = "";
  const [file] = input.files;
  if (file) preview.src = URL.createObjectURL(file);
}

// Whoever brings a picture without saying what for does not want it drawn.
function take(files) {
  if (!files?.length) return;
  if (form.elements.kind.value === "source") {
    form.querySelector('[name="kind"][value="opt-out"]').checked = true;
    form.elements.opted_out.value = "picture";
  }
  input.files = files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

preview.addEventListener("load", () => { preview.hidden = false; });
preview.addEventListener("error", () => { preview.hidden = true; });
input.addEventListener("change", show);
takeDropped(take);
