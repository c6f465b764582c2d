/** The timeline of a project: items one after another, edited, taken back, rendered and exported. */

import { exportOf, get, part, post, work } from "./api.js";
import { announce, button, byId, empty, h, icon, notice, square } from "./dom.js";
import { historyOf, inspector } from "./item.js";
import { frame } from "./moments.js";
import { playing } from "./player.js";
import { emit, on, show } from "./state.js";
import { clock, lasting, operationText } from "./words.js";

const parts = {};
let project = localStorage.getItem("project") || "";
/** @typedef {{items: any[], starts: number[], seconds: number, standing: number[], undone: number[]}} Timeline */
/** @type {Timeline|null} */
let timeline = null;
let chosen = "";
let busy = false;

/** How long an item is shown: until the next one begins, which may overlap it. */
function secondsOf(item) {
  const place = timeline.items.indexOf(item);
  const next = timeline.items[place + 1];
  return (next ? timeline.starts[place + 1] + next.crossfade : timeline.seconds) - timeline.starts[place];
}

async function load() {
  const projects = await get("/projects").catch(() => []);
  const names = projects.map((one) => one.name);
  if (!names.includes(project)) project = names[0] || "";
  timeline = project ? await get(`/projects/${part(project)}`).catch(() => null) : null;
  parts.names.replaceChildren(...names.map((name) => h("option", { value: name }, name)));
  parts.names.value = project;
  parts.names.hidden = !names.length;
  draw();
}

async function choose(name) {
  project = name;
  localStorage.setItem("project", name);
  chosen = "";
  await load();
}

async function begin() {
  const name = parts.name.value.trim();
  if (!name) return;
  await attempt(async () => {
    await post("/projects", { name });
    parts.name.value = "";
    await choose(name);
  });
}

/** Do something with the server, one thing at a time; what it refuses is told. */
async function attempt(doing, told = "") {
  if (busy) return;
  busy = true;
  parts.root.setAttribute("aria-busy", "true");
  parts.doing.textContent = told;
  parts.bar.hidden = !told;
  parts.bar.removeAttribute("value");
  try {
    await doing();
  } catch (error) {
    notice(error.message, { remedy: error.remedy, error: true });
  } finally {
    busy = false;
    parts.root.removeAttribute("aria-busy");
    parts.doing.textContent = "";
    parts.bar.hidden = true;
  }
}

const tell = ({ fraction }) => (parts.bar.value = fraction);

/** Carry out an edit and show what follows from it. @param {any} edit @param {string} [told] what is being done */
export async function change(edit, told = "") {
  await attempt(async () => {
    const place = timeline?.items.findIndex((item) => item.id === chosen) ?? -1;
    timeline = await work(`/projects/${part(project)}/edits`, edit, { tell });
    const still = timeline.items.some((item) => item.id === chosen);
    // What takes an item's place (new takes, the first half of it) is what is looked at next.
    if (!still) chosen = edit.edit === "remove" ? "" : timeline.items[place]?.id || "";
    draw();
    announce(`The timeline has ${counted(timeline.items.length)}, ${lasting(timeline.seconds)}`);
  }, told);
}

async function add(moment) {
  emit("panel", "timeline");
  if (!project) {
    await attempt(async () => {
      await post("/projects", { name: "first cut" });
      await choose("first cut");
    });
  }
  const whole = moment.end === null || moment.end === undefined;
  await change({ edit: "insert", clips: [whole ? moment.id : `${moment.id}@${moment.start}-${moment.end}`] });
}

async function render() {
  await attempt(async () => {
    const { clip } = await work(`/projects/${part(project)}/render`, {}, { tell });
    emit("uploaded", clip);
    notice(`“${project}” is rendered: ${lasting(clip.duration)}.`);
    show({ id: clip.id, title: project });
  }, "Rendering. What was rendered before is not rendered again.");
}

const counted = (count) => `${count} item${count === 1 ? "" : "s"}`;

function draw() {
  const items = timeline?.items || [];
  parts.undo.disabled = !timeline?.standing.length;
  parts.redo.disabled = !timeline?.undone.length;
  parts.export.disabled = parts.render.disabled = !items.length;
  parts.length.textContent = items.length ? `${counted(items.length)} · ${lasting(timeline.seconds)}` : "";
  const cards = items.map((item, place) => card(item, timeline.starts[place]));
  parts.track.replaceChildren(cards.length ? h("ol.track-items", { aria: { label: "Items" } }, cards) : nothing());
  parts.below.replaceChildren(cards.length ? below(items) : "");
  if (project) void historyOf(project, change).then((shown) => parts.history.replaceChildren(shown));
  else parts.history.replaceChildren();
}

function nothing() {
  const text =
    "Watch a clip or a moment, then press “Timeline” under the player: it is put in here. " +
    "Nothing is rendered before you say so, and everything can be undone.";
  return empty(project ? `“${project}” is empty` : "No project yet", text);
}

function below(items) {
  const item = items.find((one) => one.id === chosen);
  if (!item) return h("p.dim", {}, "Choose an item to change it.");
  const [place, count, seconds] = [items.indexOf(item), items.length, secondsOf(item)];
  return inspector(item, { place, count, seconds, change, cut: cutAt });
}

function card(item, start) {
  const take = item.takes[item.chosen];
  const done = item.operations.map(operationText).join(", ");
  const select = () => {
    chosen = chosen === item.id ? "" : item.id;
    draw();
    if (chosen) show({ id: take.clip, start: take.start, end: take.end }, { play: false });
    parts.track.querySelector(`[data-id="${CSS.escape(item.id)}"]`)?.focus();
  };
  const made = h(
    "li.track-item",
    {},
    h(
      "button",
      {
        type: "button",
        data: { id: item.id, item: "" },
        aria: {
          pressed: String(item.id === chosen),
          label: `Item ${item.id}, ${lasting(secondsOf(item))}, from ${clock(start)}${done ? `, ${done}` : ""}`,
        },
        onclick: select,
      },
      h("span.frame", {}, frame(take.clip, take.start)),
      item.crossfade > 0 && h("span.badge.left", {}, `fade ${item.crossfade} s`),
      item.takes.length > 1 && h("span.badge", {}, `take ${item.chosen + 1}/${item.takes.length}`),
      h(
        "span.told",
        {},
        h("span.title", {}, clock(start)),
        h("span.dim", {}, lasting(secondsOf(item)), done && ` · ${done}`),
      ),
    ),
  );
  made.style.flexGrow = String(Math.max(0.5, secondsOf(item)));
  return made;
}

/** Where the player stands inside an item, seconds from the item's start; null outside. */
function cutAt(item) {
  const take = item.takes[item.chosen];
  const now = playing();
  if (!now || now.id !== take.clip || now.at <= take.start || now.at >= take.end) return null;
  return ((now.at - take.start) / (take.end - take.start)) * secondsOf(item);
}

/** Take the latest change back, or make it again. */
export const undo = () => project && change({ edit: "undo" });
export const redo = () => project && change({ edit: "redo" });

/** Build the panel. */
export function setUpTimeline() {
  parts.root = byId("panel-timeline");
  parts.names = h("select", { aria: { label: "Project" }, onchange: () => choose(parts.names.value) });
  parts.name = h("input", {
    type: "text",
    maxlength: 80,
    placeholder: "New project",
    aria: { label: "Name of a new project" },
  });
  parts.undo = square("undo", "Undo", undo);
  parts.redo = square("redo", "Redo", redo);
  parts.render = button("primary", "film", "Render", render);
  parts.export = h(
    "select",
    { aria: { label: "Export for another editor" } },
    h("option", { value: "" }, "Export"),
    ...["otio", "edl", "fcpxml"].map((one) => h("option", { value: one }, `.${one}`)),
  );
  parts.export.addEventListener("change", () => {
    if (parts.export.value)
      h("a", { href: exportOf(project, parts.export.value), download: `${project}.${parts.export.value}` }).click();
    parts.export.value = "";
  });
  parts.length = h("span.dim", {});
  parts.doing = h("p.doing", { role: "status" });
  parts.bar = h("progress", { max: 1, hidden: true, aria: { label: "Progress" } });
  [parts.track, parts.below, parts.history] = [h("div.track-box", {}), h("div", {}), h("div", {})];
  parts.root.replaceChildren(
    h(
      "div.tools",
      {},
      parts.names,
      h(
        "form.new",
        { onsubmit: (event) => (event.preventDefault(), void begin()) },
        parts.name,
        h("button.square", { title: "Begin it", aria: { label: "Begin the project" } }, icon("plus")),
      ),
      h("span.grow", {}),
      parts.undo,
      parts.redo,
      parts.export,
      parts.render,
    ),
    h("div.line", {}, parts.length, h("span.grow", {}), parts.doing),
    parts.bar,
    parts.track,
    parts.below,
    parts.history,
  );
  on("add-to-timeline", add);
  on("panel", (name) => name === "timeline" && !busy && void load());
  on("turn-ended", () => !parts.root.hidden && void load());
}
