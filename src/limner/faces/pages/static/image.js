// The Image page: grounds and zoom.

const stage = document.querySelector("[data-stage]");
const picture = document.querySelector("[data-picture]");
const said = document.querySelector("[data-zoom-said]");
let zoom = 1;

const own = { width: Number(picture?.getAttribute("width")), height: Number(picture?.getAttribute("height")) };

function show(next) {
  zoom = Math.min(16, Math.max(0.1, next));
  picture.style.width = `${own.width * zoom}px`;
  picture.style.height = `${own.height * zoom}px`;
  picture.classList.toggle("pixels", zoom >= 3);
  said.textContent = `${Math.round(zoom * 100)} %`;
}

if (stage) {
  const whole = () => {
    const room = stage.clientWidth - 24;
    const share = Math.min(room / own.width, (innerHeight * 0.6) / own.height);
    return share >= 1 ? Math.min(own.width < 200 ? 4 : 2, Math.floor(share)) : share;
  };
  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (asked === "in") show(zoom * 1.5);
    if (asked === "out") show(zoom / 1.5);
    if (asked === "fit") show(whole());
  });
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    show(zoom * (event.deltaY < 0 ? 1.15 : 1 / 1.15));
  }, { passive: false });
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
  show(whole());
}
