/** The player: plays a clip, jumps to a moment of it, and plays only that span if asked. */

import { fileOf, get, part, thumbnailOf } from "./api.js";
import { byId, button, h, icon, square } from "./dom.js";
import { attach, emit, on, state } from "./state.js";
import { clipTitle, clock, span } from "./words.js";

/** @type {{id: string, start: number|null, end: number|null, title: string}|null} */
let shown = null;
let only = true;
const parts = {};
/** About a frame, seconds: where a span ends the next shot begins, which is not to be seen. */
const FRAME = 0.04;

/** The clip in the player and where it stands, for parts that cut there. */
export const playing = () => (shown ? { ...shown, at: parts.video.currentTime } : null);

async function show({ id, start = null, end = null, title = "", play = true }) {
  const other = shown?.id !== id;
  const clip = state.clips.get(id);
  shown = { id, start, end, title: title || (clip ? clipTitle(clip, state.clips) : id.slice(0, 8)) };
  if (other) {
    parts.video.src = fileOf(id);
    parts.video.poster = thumbnailOf(id, start ?? 0, 640);
    void moments(id);
  }
  describe();
  if (parts.video.readyState < 1)
    await new Promise((ready) => parts.video.addEventListener("loadedmetadata", ready, { once: true }));
  if (shown?.id !== id) return;
  mark();
  parts.video.currentTime = start ?? 0;
  if (play) await parts.video.play().catch(() => {}); // a browser may want a gesture first; the frame is there
}

function describe() {
  const { id, start, end, title } = shown;
  const clip = state.clips.get(id);
  parts.root.dataset.clip = id;
  parts.root.classList.remove("nothing");
  parts.title.textContent = title;
  const facts = clip
    ? [clock(clip.duration), `${clip.width}×${clip.height}`, clip.has_audio ? "with sound" : "without sound"]
    : [];
  parts.facts.textContent = facts.filter(Boolean).join(" · ");
  parts.span.textContent = end === null ? "Whole clip" : span(start, end);
  parts.only.hidden = end === null;
  parts.whole.hidden = end === null;
}

function mark() {
  const length = parts.video.duration || 1;
  const { start, end } = shown;
  parts.range.hidden = end === null;
  parts.range.style.left = `${(100 * (start ?? 0)) / length}%`;
  parts.range.style.width = `${(100 * ((end ?? length) - (start ?? 0))) / length}%`;
}

function watch() {
  const { video } = parts;
  if (!shown || !video.duration) return;
  parts.head.style.left = `${(100 * video.currentTime) / video.duration}%`;
  parts.now.textContent = clock(video.currentTime);
  if (only && shown.end !== null && !video.paused && !video.seeking && video.currentTime >= shown.end - FRAME) {
    video.pause();
    video.currentTime = Math.max(shown.start, shown.end - FRAME);
  }
}

function frames() {
  watch();
  if (!parts.video.paused) requestAnimationFrame(frames);
}

/** Playing on from the end of a span plays the span again. */
function again() {
  if (only && shown?.end !== null && shown && parts.video.currentTime >= shown.end - 2 * FRAME)
    parts.video.currentTime = shown.start ?? 0;
  frames();
}

async function moments(id) {
  parts.shots.replaceChildren();
  const told = await get(`/clips/${part(id)}/moments`).catch(() => null);
  if (shown?.id === id && told) parts.shots.replaceChildren(...told.moments.map((shot) => shotButton(id, shot)));
}

function shotButton(id, shot) {
  const about = [...shot.captions, ...shot.labels, ...shot.text, ...shot.speech].join("; ");
  return h(
    "button.shot",
    {
      type: "button",
      title: about,
      aria: { label: `Shot ${span(shot.start, shot.end)}. ${about}` },
      onclick: () => show({ id, start: shot.start, end: shot.end, title: shown.title }),
    },
    h("img", {
      src: thumbnailOf(id, (shot.start + Math.min(shot.end, shot.start + 1)) / 2, 160),
      alt: "",
      loading: "lazy",
    }),
    h("span", {}, clock(shot.start)),
  );
}

function seek(event) {
  const box = parts.track.getBoundingClientRect();
  parts.video.currentTime =
    Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * (parts.video.duration || 0);
  watch();
}

function toggleOnly() {
  only = !only;
  parts.only.setAttribute("aria-pressed", String(only));
}

/** Build the player into its section. */
export function setUpPlayer() {
  parts.root = byId("player");
  parts.video = h("video", {
    controls: true,
    playsinline: true,
    preload: "metadata",
    aria: { label: "Video" },
    onplay: again,
    onpause: watch,
    ontimeupdate: watch,
    onseeked: watch,
  });
  parts.title = h("h2", {}, "Nothing chosen");
  parts.facts = h("span.dim", {});
  parts.span = h("span.span", {});
  parts.now = h("span.now-at", {}, "0:00");
  parts.range = h("span.range", { hidden: true });
  parts.head = h("span.head", {});
  parts.track = h("div.track", { onpointerdown: seek, aria: { hidden: "true" } }, parts.range, parts.head);
  parts.only = button("toggle", "loop", "Only this span", toggleOnly, { aria: { pressed: "true" }, hidden: true });
  parts.whole = button("quiet", null, "Whole clip", () => show({ ...shown, start: null, end: null }), { hidden: true });
  parts.shots = h("div.shots", { role: "group", aria: { label: "Shots of this clip" } });
  const moment = () => ({ id: shown.id, start: shown.start, end: shown.end, title: shown.title });
  parts.root.classList.add("nothing");
  parts.root.replaceChildren(
    h("div.screen", {}, parts.video, h("p.blank", {}, icon("film"), "Choose a clip or a moment: it plays here.")),
    parts.track,
    h("div.line", {}, parts.title, parts.span, h("span.grow", {}), parts.only, parts.whole, parts.now),
    h(
      "div.line.under",
      {},
      parts.facts,
      h("span.grow", {}),
      button("quiet", "talk", "Ask", () => (attach(moment()), emit("view", "talk")), { title: "Ask about this clip" }),
      button("quiet", "more", "Like this", () => emit("like", moment()), { title: "Find moments like this" }),
      button("quiet", "plus", "Timeline", () => emit("add-to-timeline", moment()), {
        title: "Add this to the timeline",
      }),
      button("quiet", "film", "Lineage", () => emit("lineage", shown.id), { title: "What it was made from" }),
      square("trash", "Delete this clip", () => emit("forget", moment())),
    ),
    parts.shots,
  );
  on("show", show);
  on("library", () => {
    const newest = state.clips.keys().next().value;
    if (!shown && newest) void show({ id: newest, play: false });
  });
  on("forgotten", (id) => {
    if (shown?.id !== id) return;
    shown = null;
    parts.video.removeAttribute("src");
    parts.video.removeAttribute("poster");
    parts.video.load();
    parts.root.classList.add("nothing");
    parts.title.textContent = "Nothing chosen";
    parts.shots.replaceChildren();
  });
}

/** Play or pause what is in the player. */
export function playPause() {
  if (shown) void (parts.video.paused ? parts.video.play() : parts.video.pause());
}
