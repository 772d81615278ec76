// Zooming a picture on its stage: by buttons, by Ctrl and wheel, and to the size that fits.

const LEAST = 0.1;
const MOST = 16;

export function zoomable(stage) {
  const picture = stage.querySelector("[data-picture]");
  let zoom = 1;

  function show(next) {
    zoom = Math.min(MOST, Math.max(LEAST, next));
    picture.style.width = `${picture.naturalWidth * zoom}px`;
    picture.style.height = `${picture.naturalHeight * zoom}px`;
    picture.classList.toggle("pixels", zoom >= 3);
    const said = document.querySelector("[data-zoom-said]");
    if (said) said.textContent = `${Math.round(zoom * 100)} %`;
  }

  function fit() {
    const room = Math.min(
      (stage.clientWidth - 24) / picture.naturalWidth,
      (innerHeight * 0.62) / picture.naturalHeight,
    );
    const most = picture.naturalWidth < 200 ? 4 : 2; // by whole pixels, so that none is smoothed
    show(room >= 1 ? Math.min(most, Math.floor(room)) : room);
  }

  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    show(zoom * (event.deltaY < 0 ? 1.15 : 1 / 1.15));
  }, { passive: false });
  if (picture.complete && picture.naturalWidth) fit();
  else picture.addEventListener("load", fit, { once: true });
  return { in: () => show(zoom * 1.5), out: () => show(zoom / 1.5), fit };
}
