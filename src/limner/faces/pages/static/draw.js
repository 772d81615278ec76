// The Draw page: keeps what is typed, follows the job that is drawn, reads dropped files back.

import { takeDropped } from "./dropping.js";

const tell = (text) => document.dispatchEvent(new CustomEvent("limner:tell", { detail: text }));
const form = document.getElementById("ask");
const jobs = document.getElementById("jobs");
const DRAFT = "limner-draft";
const KEPT = ["prompt", "negative", "style", "size", "n", "seed", "background", "colour", "steps", "guidance", "format"];

// What is typed --------------------------------------------------------------

function read() {
  const said = new FormData(form);
  return Object.fromEntries(KEPT.filter((name) => said.has(name)).map((name) => [name, said.get(name)]));
}

function fill(said) {
  for (const [name, value] of Object.entries(said)) {
    const field = form.elements[name];
    if (!field || name === "start" || name === "mask") continue;
    if (field instanceof RadioNodeList) {
      for (const one of field) one.checked = one.value === value;
    } else field.value = value;
  }
  if (said.negative || said.steps) form.querySelector("details.more").open = true;
  refresh();
}

function refresh() {
  const colour = form.querySelector("[data-colour]");
  colour.hidden = form.elements.background.value !== "colour";
  const mode = form.elements.mode?.value;
  for (const part of form.querySelectorAll("[data-for]")) {
    part.hidden = part.dataset.for !== mode;
    for (const field of part.querySelectorAll("input[name]")) field.disabled = part.hidden;
  }
  form.dispatchEvent(new CustomEvent("limner:mode", { detail: mode }));
  if (first) showChanges();
}

// What a model can honour is said on a page of its own; what is typed goes along.
form.querySelector("[data-model]")?.addEventListener("change", ({ target }) => {
  const address = new URL(location);
  address.searchParams.set("model", target.value);
  location.assign(address);
});

// Redrawing: what is not as it was in the recipe is said.
const note = form.querySelector("[data-changes]");
const words = JSON.parse(note?.dataset.words ?? "{}");
let first = null;

function saidOf(name, value) {
  const option = [...(form.elements[name].options ?? [])].find((one) => one.value === value);
  return option?.text || value || note.dataset.none;
}

function showChanges() {
  const now = read();
  const changed = KEPT.filter((name) => now[name] !== first[name] && (name !== "colour" || now.background === "colour"));
  note.hidden = false;
  note.textContent = changed.length
    ? note.dataset.changed.replace("{what}", changed.map((name) => `${words[name]} ${saidOf(name, first[name])} → ${saidOf(name, now[name])}`).join(", "))
    : note.dataset.unchanged;
}

if (!form.hasAttribute("data-given")) {
  try {
    const draft = JSON.parse(localStorage.getItem(DRAFT));
    if (draft && !form.elements.prompt.value) fill(draft);
  } catch { /* nothing was kept, or it cannot be read: the blank form is right */ }
}
form.addEventListener("input", () => {
  localStorage.setItem(DRAFT, JSON.stringify(read()));
  refresh();
});
refresh();
if (note) {
  first = read();
  showChanges();
}

document.addEventListener("click", (event) => {
  const seed = event.target.closest("[data-seed]");
  if (seed) {
    const lastSeed = document.querySelector("#jobs [data-seed-of]")?.dataset.seedOf;
    form.elements.seed.value = seed.dataset.seed === "keep" ? form.elements.seed.value || lastSeed || "1" : "";
    form.dispatchEvent(new Event("input"));
  }
  const example = event.target.closest("[data-example]");
  if (example) {
    form.elements.prompt.value = example.dataset.example;
    form.dispatchEvent(new Event("input"));
    form.elements.prompt.focus();
  }
  const filled = event.target.closest("[data-fill]");
  if (filled) {
    fill(JSON.parse(filled.dataset.fill));
    form.dispatchEvent(new Event("input"));
    document.getElementById("read-back").replaceChildren();
    form.elements.prompt.focus();
  }
  if (event.target.closest("[data-forget]")) document.getElementById("read-back").replaceChildren();
  if (event.target.closest("[data-start]")) send("/draw/start", dropped);
});

form.addEventListener("htmx:beforeRequest", () => {
  document.getElementById("ask-fault").textContent = "";
});
form.addEventListener("htmx:afterOnLoad", () => {
  document.querySelector("[data-first]")?.remove();
});

// Files ----------------------------------------------------------------------

let dropped = null;

async function send(address, file) {
  const body = new FormData();
  body.append("file", file);
  const answer = await fetch(address, { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer === null) return tell(document.body.dataset.away);
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    tell([problem.detail, problem.hint].filter(Boolean).join(" ") || document.body.dataset.fault);
    return;
  }
  const next = answer.headers.get("HX-Redirect");
  if (next) location.assign(next);
  else document.getElementById("read-back").innerHTML = await answer.text();
}

function take(file) {
  if (!file) return;
  dropped = file;
  send("/draw/read", file).then(() => document.getElementById("read-back").scrollIntoView({ block: "nearest" }));
}

document.querySelector("[data-file]").addEventListener("change", (event) => take(event.target.files[0]));
takeDropped((files) => take(files?.[0]));

// Jobs -----------------------------------------------------------------------

let followed = null;
let source = null;
const previews = new Map(); // of the job that is followed: the newest of each picture, by its index

function refreshJobs() {
  return htmx.ajax("GET", "/draw/jobs", { target: "#jobs", swap: "innerHTML" });
}

function showPreview(index, url) {
  const section = jobs.querySelector(`[data-job="${CSS.escape(followed)}"]`);
  const picture = section?.querySelector(`[data-index="${index}"] .picture.waiting`);
  if (!picture) return;
  picture.classList.add("preview");
  const image = picture.querySelector("img");
  image.src = url;
  image.hidden = false;
  picture.querySelector("span").hidden = true;
}

function follow() {
  const open = [...jobs.querySelectorAll(".job:not([data-over])")];
  const job = open.find((one) => one.dataset.state !== "queued" && one.dataset.state !== "paused") ?? open.at(-1);
  const id = job?.dataset.job ?? null;
  if (id === followed && source?.readyState !== EventSource.CLOSED) return;
  source?.close();
  followed = id;
  source = null;
  previews.clear();
  if (id === null) return;
  let state = job.dataset.state;
  source = new EventSource(`/draw/jobs/${encodeURIComponent(id)}/events`);
  const section = () => jobs.querySelector(`[data-job="${CSS.escape(id)}"]`);
  source.addEventListener("state", ({ data }) => {
    const now = JSON.parse(data).state;
    if (now !== state) refreshJobs();
    state = now;
  });
  source.addEventListener("progress", ({ data }) => {
    const progress = JSON.parse(data);
    const bar = section()?.querySelector("progress");
    if (bar) bar.value = Math.max(progress.share, bar.value);
    const said = section()?.querySelector("[data-said]");
    if (said) said.textContent = progress.said;
  });
  source.addEventListener("preview", ({ data }) => {
    const { index, url } = JSON.parse(data);
    previews.set(index, url);
    showPreview(index, url);
  });
  source.addEventListener("image", refreshJobs);
  source.addEventListener("fault", ({ data }) => {
    source?.close();
    tell(JSON.parse(data).said);
  });
  source.addEventListener("end", () => {
    source?.close();
    followed = null;
    refreshJobs();
  });
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== jobs) return;
  follow();
  for (const [index, url] of previews) showPreview(index, url);
  // On a phone the pictures are below the form: what was just asked for comes into sight.
  const isAsked = event.detail.requestConfig?.elt === form;
  if (isAsked && jobs.getBoundingClientRect().top > innerHeight * 0.7) jobs.scrollIntoView();
});
addEventListener("pageshow", follow);
follow();
