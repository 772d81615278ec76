// The review desk: zoom, an answer that waits for its reason, the time left to undo, the next picture.

import { zoomable } from "./zoom.js";

const desk = document.getElementById("desk");
let view = null;
let waiting = null; // the button of an answer that still needs a reason
let ahead = null; // the next card's picture, kept so that the browser has it decoded

function lay() {
  const stage = desk.querySelector("[data-stage]");
  view = stage && zoomable(stage);
  waiting = null;
  const next = desk.querySelector("[data-ahead]");
  if (next) {
    ahead = new Image();
    ahead.src = next.getAttribute("href");
  }
}

function wait(button) {
  waiting = button;
  for (const one of desk.querySelectorAll("[data-needs-reason]")) one.setAttribute("aria-pressed", one === button);
  const why = desk.querySelector("[data-why]");
  why.textContent = button ? why.dataset.said : "";
}

document.addEventListener("click", (event) => {
  const zoom = event.target.closest("[data-zoom]")?.dataset.zoom;
  if (zoom) view?.[zoom]();
});

// Reject and can't tell need a reason: without one the next digit gives it and sends the answer.
desk.addEventListener("click", (event) => {
  const button = event.target.closest("[data-needs-reason]");
  if (!button || button.form.querySelector("[name=reason]:checked")) return;
  event.preventDefault();
  wait(waiting === button ? null : button);
}, { capture: true });

desk.addEventListener("change", (event) => {
  if (event.target.name === "reason" && event.target.checked && waiting) waiting.click();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && waiting) wait(null);
});

// A fault belongs to what was just asked; the next answer clears it.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (desk.contains(event.target)) document.getElementById("fault").textContent = "";
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== desk) return;
  lay();
  document.getElementById("question")?.focus({ preventScroll: true });
});

setInterval(() => {
  const left = desk.querySelector("[data-left]");
  if (left) left.value = Math.max(0, left.value - 0.1);
}, 100);

// Who leaves has said what they said: it takes effect at once.
addEventListener("pagehide", () => {
  if (desk.querySelector("[data-settles]")) navigator.sendBeacon("/review/settle");
});

lay();
