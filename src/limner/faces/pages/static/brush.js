// The mask brush: what is painted here is what shall be drawn anew. White on black goes to the server.

const form = document.getElementById("ask");
const canvas = document.querySelector("[data-brush]");
const picture = document.querySelector("[data-start-picture]");
const size = document.querySelector("[data-brush-size]");
const colour = getComputedStyle(canvas).color;
const brush = canvas.getContext("2d", { willReadFrequently: true });
const undone = [];
let tool = "paint";
let last = null;
let cursor = null;

function fit() {
  canvas.width = picture.naturalWidth;
  canvas.height = picture.naturalHeight;
  size.max = Math.max(16, Math.round(picture.naturalWidth / 2));
  size.value = Math.max(4, Math.round(picture.naturalWidth / 8));
}
if (picture.complete) fit();
else picture.addEventListener("load", fit);

form.addEventListener("limner:mode", (event) => { canvas.hidden = event.detail !== "edit"; });
canvas.hidden = form.elements.mode?.value !== "edit";

function remember() {
  undone.push(brush.getImageData(0, 0, canvas.width, canvas.height));
  if (undone.length > 30) undone.shift();
}

function stroke(from, to) {
  brush.globalCompositeOperation = tool === "paint" ? "source-over" : "destination-out";
  brush.strokeStyle = brush.fillStyle = colour;
  brush.lineWidth = Number(size.value);
  brush.lineCap = brush.lineJoin = "round";
  brush.beginPath();
  brush.moveTo(from.x, from.y);
  brush.lineTo(to.x + 0.01, to.y);
  brush.stroke();
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  return {
    x: ((event.clientX - box.left) / box.width) * canvas.width,
    y: ((event.clientY - box.top) / box.height) * canvas.height,
  };
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  remember();
  last = place(event);
  stroke(last, last);
});
canvas.addEventListener("pointermove", (event) => {
  if (last === null) return;
  for (const one of event.getCoalescedEvents?.() ?? [event]) {
    const next = place(one);
    stroke(last, next);
    last = next;
  }
});
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });

function choose(name) {
  tool = name;
  for (const one of document.querySelectorAll("[data-tool]")) one.setAttribute("aria-pressed", String(one.dataset.tool === name));
}
function undo() {
  const before = undone.pop();
  if (before) brush.putImageData(before, 0, 0);
}
function clear() {
  remember();
  brush.clearRect(0, 0, canvas.width, canvas.height);
}
document.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-tool]");
  if (chosen) choose(chosen.dataset.tool);
  if (event.target.closest("[data-brush-undo]")) undo();
  if (event.target.closest("[data-brush-clear]")) clear();
});

// By keyboard: a place that arrows move, painted with space.
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
let isPainting = false;

canvas.addEventListener("keydown", (event) => {
  cursor ??= { x: canvas.width / 2, y: canvas.height / 2 };
  const move = MOVES[event.key];
  if (move) {
    const far = event.ctrlKey ? 8 : 1;
    const step = Math.max(2, Number(size.value) / 4) * far;
    const next = {
      x: Math.min(canvas.width, Math.max(0, cursor.x + move[0] * step)),
      y: Math.min(canvas.height, Math.max(0, cursor.y + move[1] * step)),
    };
    if (isPainting) stroke(cursor, next);
    cursor = next;
    show();
  } else if (event.key === " ") {
    if (!isPainting) remember();
    isPainting = true;
    stroke(cursor, cursor);
  } else if (event.key === "b") choose("paint");
  else if (event.key === "e") choose("erase");
  else if (event.key === "z") undo();
  else if (event.key === "[") size.value = Number(size.value) * 0.8;
  else if (event.key === "]") size.value = Number(size.value) * 1.25;
  else return;
  event.preventDefault();
  event.stopPropagation();
});
canvas.addEventListener("keyup", (event) => {
  if (event.key === " ") isPainting = false;
});

const mark = document.createElement("span");
mark.className = "brush-mark";
canvas.after(mark);
function show() {
  mark.style.left = `${(cursor.x / canvas.width) * 100}%`;
  mark.style.top = `${(cursor.y / canvas.height) * 100}%`;
}

// The mask as the server reads it: white where something was painted, black elsewhere.
function mask() {
  const drawn = document.createElement("canvas");
  drawn.width = canvas.width;
  drawn.height = canvas.height;
  const out = drawn.getContext("2d");
  const painted = brush.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < painted.data.length; at += 4) {
    const value = painted.data[at + 3];
    painted.data[at] = painted.data[at + 1] = painted.data[at + 2] = value;
    painted.data[at + 3] = 255;
  }
  out.putImageData(painted, 0, 0);
  return drawn.toDataURL("image/png");
}
form.addEventListener("htmx:configRequest", (event) => {
  if (form.elements.mode.value === "edit") event.detail.parameters.mask = mask();
});
form.addEventListener("submit", () => {
  form.elements.mask.value = form.elements.mode.value === "edit" ? mask() : "";
});
