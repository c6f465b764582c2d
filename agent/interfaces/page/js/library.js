/** The library: a grid of clips, and search in it by words, by a picture or by likeness to a clip. */

import { get, part, post, remove } from "./api.js";
import { announce, button, byId, confirmed, empty, h, icon, notice } from "./dom.js";
import { frame, momentCard } from "./moments.js";
import { emit, on, state } from "./state.js";
import { clipTitle, clock, kindName, span, when } from "./words.js";

const PAGE = 48;
const parts = {};
/** What is looked for besides words. @type {{image?: File, clip?: import("./state.js").Moment}} */
let besides = {};
let asked = 0;

function card(clip) {
  return momentCard(
    { id: clip.id },
    {
      title: clipTitle(clip, state.clips),
      badge: clock(clip.duration),
      lines: [h("span.dim", {}, `${clip.width}×${clip.height} · ${when(clip.added)}`)],
    },
  );
}

function hitCard(hit) {
  const title = clipTitle(state.clips.get(hit.clip) || { id: hit.clip }, state.clips);
  const why = hit.reasons
    .slice(0, 2)
    .map((reason) => h("span.finding", {}, h("span.kind", {}, kindName(reason.kind)), " ", reason.text || ""));
  const sure = h("meter", {
    min: 0,
    max: 1,
    value: hit.score,
    title: `fits with probability ${hit.score.toFixed(2)}`,
    aria: { label: "How probably it fits" },
  });
  return momentCard(
    { id: hit.clip, start: hit.start, end: hit.end, title },
    { title, badge: span(hit.start, hit.end), lines: [why, sure] },
  );
}

/** Ask the server for the clips, and show them unless something is looked for. */
export async function refreshLibrary() {
  const clips = await page(0).catch((error) => (notice(error.message, { remedy: error.remedy, error: true }), null));
  if (!clips) return;
  keep(clips);
  if (!looking()) grid(clips);
  emit("library");
}

async function page(offset) {
  const origin = parts.origin.value ? `&origin=${parts.origin.value}` : "";
  return get(`/clips?limit=${PAGE}&offset=${offset}${origin}`);
}

function keep(clips) {
  for (const clip of clips) state.clips.set(clip.id, clip);
}

function grid(clips) {
  if (!clips.length) {
    const nothing = parts.origin.value
      ? empty("Nothing of that kind yet", "Choose “All clips” to see everything.")
      : empty(
          "No clips yet",
          "Drop videos anywhere on this page, or choose files. They stay on this machine.",
          button("primary", "upload", "Choose videos", choose),
        );
    parts.results.replaceChildren(nothing);
    return;
  }
  const cards = h("div.grid", {}, clips.map(card));
  const more = button("button", null, "Show more", async () => {
    const next = await page(cards.children.length);
    keep(next);
    cards.append(...next.map(card));
    if (next.length < PAGE) more.remove();
  });
  parts.results.replaceChildren(cards, ...(clips.length === PAGE ? [h("div.row.center", {}, more)] : []));
}

const looking = () => Boolean(parts.words.value.trim() || besides.image || besides.clip);

async function search() {
  describe();
  if (!looking()) return refreshLibrary();
  const mine = (asked += 1);
  const body = { count: 24 };
  if (parts.words.value.trim()) body.text = parts.words.value.trim();
  const { image, clip } = besides;
  if (clip) body.clip = clip.end === null || clip.end === undefined ? clip.id : `${clip.id}@${clip.start}-${clip.end}`;
  parts.results.setAttribute("aria-busy", "true");
  try {
    if (image) body.image = await encoded(image);
    const { hits } = await post("/search", body);
    if (mine !== asked) return;
    const found = hits.length
      ? h("div.grid", {}, hits.map(hitCard))
      : empty("Nothing fits", "Try other words, fewer of them, or drop a picture of what you look for.");
    parts.results.replaceChildren(found);
    announce(hits.length ? `${hits.length} moments found` : "Nothing fits");
  } catch (error) {
    if (mine === asked) parts.results.replaceChildren(empty(error.message, error.remedy || "Try again."));
  } finally {
    if (mine === asked) parts.results.removeAttribute("aria-busy");
  }
}

function encoded(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).split(",")[1]);
    reader.onerror = () => failed(new Error("The picture cannot be read."));
    reader.readAsDataURL(file);
  });
}

function describe() {
  const chips = [];
  if (besides.image) chips.push(chip(`Looks like ${besides.image.name}`, picture(besides.image), "image"));
  if (besides.clip)
    chips.push(
      chip(
        `Like ${besides.clip.title || besides.clip.id}`,
        frame(besides.clip.id, besides.clip.start ?? null, 96),
        "clip",
      ),
    );
  parts.besides.replaceChildren(...chips);
  parts.clear.hidden = !looking();
}

function chip(text, shown, key) {
  const drop = () => {
    delete besides[key];
    void search();
  };
  return h(
    "li.chip",
    {},
    h("span.frame", {}, shown),
    h("span", {}, text),
    h("button.square", { type: "button", aria: { label: `Stop looking for: ${text}` }, onclick: drop }, icon("cross")),
  );
}

/** A dropped picture, drawn rather than loaded: it needs no address that the content policy would have to allow. */
function picture(file) {
  const canvas = h("canvas", { width: 96, height: 54 });
  createImageBitmap(file)
    .then((bitmap) => {
      const scale = Math.max(96 / bitmap.width, 54 / bitmap.height);
      const [width, height] = [bitmap.width * scale, bitmap.height * scale];
      canvas.getContext("2d").drawImage(bitmap, (96 - width) / 2, (54 - height) / 2, width, height);
    })
    .catch(() => canvas.remove());
  return canvas;
}

/** Put away what is looked for, and show all clips. */
export function clearSearch() {
  if (!looking()) return false;
  besides = {};
  parts.words.value = "";
  void search();
  return true;
}

/** Look for moments like a picture. @param {File} image */
export function searchByImage(image) {
  besides = { image };
  emit("panel", "library");
  void search();
}

async function forget({ id, title }) {
  const text = "Its file, its rows and what is known of it are removed for good. Clips that were made from it stay.";
  if (!(await confirmed(`Delete ${title || id}?`, text, "Delete"))) return;
  try {
    await remove(`/clips/${part(id)}`);
    state.clips.delete(id);
    emit("forgotten", id);
    await refreshLibrary();
  } catch (error) {
    notice(error.message, { remedy: error.remedy, error: true });
  }
}

const choose = () => emit("choose-files");

/** Build the panel. */
export function setUpLibrary() {
  let timer = 0;
  const typed = () => {
    clearTimeout(timer);
    timer = setTimeout(search, 350);
  };
  parts.words = h("input.words", {
    type: "search",
    id: "search",
    placeholder: "Search what is seen, said or written",
    autocomplete: "off",
    oninput: typed,
    aria: { label: "Search the library" },
  });
  parts.origin = h(
    "select",
    { aria: { label: "Which clips" }, onchange: refreshLibrary },
    h("option", { value: "" }, "All clips"),
    h("option", { value: "upload" }, "Taken in"),
    h("option", { value: "made" }, "Made here"),
  );
  parts.besides = h("ul.attached", { aria: { label: "Also looked for" } });
  parts.clear = button("quiet", null, "Clear", clearSearch, { hidden: true });
  parts.results = h("div.results", {});
  const form = h(
    "form.finder",
    { role: "search", onsubmit: (event) => (event.preventDefault(), clearTimeout(timer), void search()) },
    h("div.search", {}, icon("search"), parts.words, parts.clear),
    parts.origin,
    button("button", "upload", "Add", choose, { title: "Add videos" }),
  );
  byId("panel-library").replaceChildren(
    form,
    parts.besides,
    h("div", { id: "uploads", role: "group", aria: { label: "Uploads" } }),
    parts.results,
  );
  on("like", (moment) => {
    besides = { clip: moment };
    emit("panel", "library");
    void search();
  });
  on("forget", forget);
  on("turn-ended", refreshLibrary);
  on("uploaded", refreshLibrary);
}
