// The Image page: grounds and zoom.

import { zoomable } from "./zoom.js";

const stage = document.querySelector("[data-stage]");

if (stage) {
  const view = zoomable(stage);
  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (asked) view[asked]();
  });
  const ground = localStorage.getItem("limner-ground");
  for (const one of document.querySelectorAll("[name=ground]")) {
    if (one.value === ground) one.checked = true;
    one.addEventListener("change", () => {
      localStorage.setItem("limner-ground", one.value);
      lay();
    });
  }
  const lay = () => {
    const chosen = document.querySelector("[name=ground]:checked").value;
    stage.className = `stage ${chosen}`;
  };
  lay();
}
