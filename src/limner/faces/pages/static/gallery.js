// The Gallery: moving and selecting by keyboard, and what is done with what is selected.

import { takeDropped } from "./dropping.js";

const form = document.querySelector("[data-selection]");
const bar = document.querySelector("[data-bar]");
const search = document.querySelector("[data-search]");
let anchor = null;

const boxes = () => [...form.querySelectorAll("input[name=image]")];
const chosen = () => boxes().filter((one) => one.checked);

function count() {
  const num = chosen().length;
  bar.hidden = num === 0;
  bar.querySelector("[data-num-selected]").textContent = bar.dataset[num === 1 ? "one" : "many"].replace("{num}", num);
  bar.querySelector("[data-compare]").disabled = num !== 2;
}

function select(box, until) {
  const all = boxes();
  if (until && anchor) {
    const [from, to] = [all.indexOf(anchor), all.indexOf(box)].sort((a, b) => a - b);
    for (const one of all.slice(from, to + 1)) one.checked = true;
  }
  anchor = box;
  count();
}

form.addEventListener("click", (event) => {
  if (event.target.matches("input[name=image]")) select(event.target, event.shiftKey);
  if (event.target.closest("[data-none]")) clear();
  if (event.target.closest("[data-compare]")) compare();
});
// Enter in the field of the name would press the first button, which stars; it goes on to the choice.
bar.querySelector("[name=name]").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  bar.querySelector("[value=board]").focus();
});
form.addEventListener("submit", (event) => {
  if (!event.submitter) event.preventDefault(); // Ctrl and Enter say nothing of what is to be done
  form.elements.query.value = location.search.replace(/^\?/, "");
});

function clear() {
  for (const one of chosen()) one.checked = false;
  count();
}
function compare() {
  if (chosen().length !== 2) return;
  location.assign(`/gallery/compare?${new URLSearchParams(chosen().map((one) => ["image", one.value]))}`);
}

// Arrows go from picture to picture; x or space selects; Shift+x selects up to here.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
  const links = [...form.querySelectorAll(".card a.picture")];
  const at = links.indexOf(document.activeElement?.closest(".card")?.querySelector("a.picture"));
  const columns = Math.max(1, links.filter((one) => one.offsetTop === links[0]?.offsetTop).length);
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
  if (step && links.length) {
    links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + step))].focus();
    event.preventDefault();
  } else if ((event.key.toLowerCase() === "x" || event.key === " ") && at >= 0 && event.target.matches("a")) {
    const box = links[at].closest(".card").querySelector("input");
    box.checked = !box.checked || event.shiftKey;
    select(box, event.shiftKey);
    event.preventDefault();
  } else if (event.key === "Escape") clear();
  else if (event.key === "c") compare();
  else if (event.key === "s" && chosen().length) form.requestSubmit(bar.querySelector("[value=star]"));
});

// A picture that is dropped or pasted is looked for.
takeDropped((files) => {
  if (!files?.length) return;
  const file = document.querySelector("[data-alike] [data-file]");
  file.files = files;
  file.dispatchEvent(new Event("change", { bubbles: true }));
});

search.addEventListener("change", (event) => {
  if (event.target.matches("select, [type=checkbox], [type=radio], [type=date]")) search.requestSubmit();
});
search.addEventListener("formdata", ({ formData }) => {
  for (const [name, value] of [...formData.entries()]) if (!value) formData.delete(name);
});
addEventListener("pageshow", count); // who comes back finds what was selected still selected
count();
