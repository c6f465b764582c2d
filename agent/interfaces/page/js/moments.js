/** Cards for clips and moments of clips: a picture, a time, a few words; choosing one moves the player there. */

import { thumbnailOf } from "./api.js";
import { h, icon } from "./dom.js";
import { calledIn, show, state } from "./state.js";
import { clipTitle, clock, kindName, span } from "./words.js";

/** A frame of a clip in a box that has its size before the picture is there. */
export function frame(clip, at, width = 320) {
  const picture = h("img", { src: thumbnailOf(clip, at, width), alt: "", loading: "lazy", decoding: "async" });
  picture.addEventListener("error", () => picture.remove());
  return picture;
}

/** The second that stands for a moment; null lets the server choose. @param {import("./state.js").Moment} moment */
const middle = ({ start, end }) => (end === null || end === undefined ? null : (start + end) / 2);

/**
 * A card that shows a moment in the player.
 * @param {import("./state.js").Moment} moment
 * @param {{title: string, lines?: any[], badge?: string, label?: string}} told
 */
export function momentCard(moment, { title, lines = [], badge = "", label = "" }) {
  return h(
    "button.moment",
    {
      type: "button",
      data: { clip: moment.id, start: moment.start ?? "", item: "" },
      aria: { label: label || `Play ${title}, ${badge}` },
      onclick: () => show(moment),
    },
    h(
      "span.frame",
      {},
      frame(moment.id, middle(moment)),
      h("span.over", {}, icon("play")),
      badge && h("span.badge", {}, badge),
    ),
    h("span.told", {}, h("span.title", {}, title), lines),
  );
}

/** Clips that a turn made. */
export function madeCards(clips) {
  return h(
    "div.strip",
    { role: "group", aria: { label: "Clips that were made" } },
    clips.map((clip) => {
      const title = calledIn(clip.id);
      return momentCard(
        { id: clip.id, title },
        { title, badge: clock(clip.duration), lines: [h("span.dim", {}, clipTitle(clip, state.clips))] },
      );
    }),
  );
}

/** Clips that a job made, of which only the ids are told. */
export const madeJobCards = (ids) =>
  madeCards(ids.map((id) => state.clips.get(id) || { id, duration: 0, operation: "made" }));

const MOST = 6;

/** What was found, moment by moment; the rest of a long list on demand. */
export function evidenceCards(evidence) {
  const moments = new Map();
  for (const item of evidence) {
    const key = `${item.clip}@${item.start}-${item.end}`;
    if (!moments.has(key)) moments.set(key, { ...item, findings: [] });
    moments.get(key).findings.push(item);
  }
  const cards = [...moments.values()].map(evidenceCard);
  const strip = h("div.strip", { role: "group", aria: { label: "Evidence" } }, cards.slice(0, MOST));
  const rest = cards.slice(MOST);
  const more =
    rest.length &&
    h(
      "button.link",
      { type: "button", onclick: () => (strip.append(...rest), rest[0].focus(), more.remove()) },
      `Show ${rest.length} more moments`,
    );
  return [h("h2.label", {}, "Evidence"), strip, more || null];
}

const ORDER = ["answer", "caption", "speech", "text", "label", "scene", "motion", "color", "media", "shot"];
const COUNTED = /^(shot|scene) \d+ (of \d+|\(\d+ shots?\):? ?)/;

/** What was found in a moment, what says most first; that it is the third shot of six says least. */
function told(findings) {
  const cleaned = findings.map((one) => ({ ...one, text: one.text.replace(COUNTED, "").trim() }));
  const worded = cleaned.filter((one, at) => one.text && cleaned.findIndex((other) => same(other, one)) === at);
  const chosen = worded.length ? worded : findings;
  return chosen.sort((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind));
}

const bare = (text) => text.replace(/\W+$/, "").toLowerCase();
const same = (one, other) => bare(one.text) === bare(other.text);

function evidenceCard(item) {
  const name = calledIn(item.clip);
  const found = told(item.findings);
  const lines = found
    .slice(0, 3)
    .map((one) => h("span.finding", {}, h("span.kind", {}, kindName(one.kind)), " ", one.text));
  const words = found.map((one) => one.text).join("; ");
  const label = `Play ${name} from ${clock(item.start)} to ${clock(item.end)}: ${words.slice(0, 160)}`;
  const moment = { id: item.clip, start: item.start, end: item.end, title: name };
  return momentCard(moment, { title: name, badge: span(item.start, item.end), lines, label });
}

/** A clip as the assistant names it, perhaps with a time in it: "c1", "c1, 1.2-3.0 s". */
const REFERENCE = /\b(c\d{1,3}(?:, \d+(?:\.\d+)?-\d+(?:\.\d+)? s\b)?)/g;
const SENTENCE = /([.!?]) (?=c\d{1,3}, \d)/g;

/** An answer, in which the conversation's names of clips can be pressed; what is told of a moment has its own line. */
export function answerText(text) {
  const lines = text.replace(SENTENCE, "$1\n").split("\n");
  return h(
    "div.answer",
    {},
    lines.map((line) => h("p", {}, linked(line))),
  );
}

const linked = (text) => text.split(REFERENCE).map((piece, at) => (at % 2 ? reference(piece) : piece));

function reference(piece) {
  const [name, start, end] = piece.match(/c\d+|\d+(?:\.\d+)?/g);
  const row = state.names.get(name);
  if (!row) return piece;
  const within = start === undefined ? row : { start: Number(start), end: Number(end) };
  const moment = { id: row.id, start: within.start, end: within.end, title: name };
  return h("button.ref", { type: "button", aria: { label: `Play ${piece}` }, onclick: () => show(moment) }, piece);
}
