// What every page does: remembers the theme, tells faults, copies, and answers the keyboard.

const root = document.documentElement;

function tell(text) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = text;
  document.getElementById("toasts").append(toast);
  setTimeout(() => toast.remove(), 6000);
}

document.addEventListener("limner:tell", (event) => tell(event.detail));

function isTyping(target) {
  return target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
}

// A key with data-key presses its button or follows its link, unless somebody is typing. Held down
// it presses once: what comes next on the page was not seen when the key went down.
document.addEventListener("keydown", (event) => {
  if (event.repeat) return;
  if (event.ctrlKey || event.metaKey) {
    if (event.key === "Enter") (event.target.closest("form") ?? document.getElementById("ask"))?.requestSubmit();
    return;
  }
  if (event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const pressed = document.querySelector(`[data-key="${CSS.escape(event.key)}"]:not(:disabled)`);
  if (!pressed || pressed.closest("[hidden]")) return;
  event.preventDefault();
  if (pressed.matches("input, textarea, select")) pressed.focus();
  else pressed.click();
});

// The second click of a double-click is no second wish: it would answer a card that nobody has seen,
// register an entry twice, or ask anew for what the first has erased.
document.addEventListener("click", (event) => {
  if (event.detail < 2 || !event.target.closest("button:not([type=button])")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });

document.addEventListener("click", async (event) => {
  const copied = event.target.closest("[data-copy]");
  if (copied) {
    await navigator.clipboard.writeText(copied.dataset.copy);
    tell(copied.dataset.copied);
  }
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
});

// A fault of a part of the page is told in one sentence; what stood there stays.
document.addEventListener("htmx:responseError", (event) => {
  const { xhr, elt } = event.detail;
  const place = document.querySelector(elt.closest("[data-faults]")?.dataset.faults ?? ":not(*)");
  let fault = document.body.dataset.fault;
  try {
    const problem = JSON.parse(xhr.responseText);
    fault = [problem.detail, problem.hint].filter(Boolean).join(" ") || fault;
  } catch { /* not a problem of ours: the general sentence stands */ }
  if (place) place.textContent = fault;
  else tell(fault);
});
document.addEventListener("htmx:sendError", () => tell(document.body.dataset.away));

// Times are written by the server in UTC and shown in the reader's own zone.
function showTimes(within) {
  for (const time of within.querySelectorAll("time[datetime]:not([data-shown])")) {
    const at = new Date(time.dateTime);
    time.title = at.toLocaleString();
    time.textContent = at.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    time.dataset.shown = "";
  }
}
showTimes(document);
document.addEventListener("htmx:load", (event) => showTimes(event.detail.elt));

// On a phone the way around is wider than the screen; the place that is open is in sight.
const open = document.querySelector(".nav [aria-current]");
open?.parentElement.scrollTo({ left: open.offsetLeft - open.parentElement.clientWidth / 2 + open.offsetWidth / 2 });

root.classList.add("alive");
