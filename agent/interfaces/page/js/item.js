/** One item of a timeline: what can be done to it, its takes side by side, and the history of edits. */

import { fileOf, get, part } from "./api.js";
import { button, h, square } from "./dom.js";
import { lasting, operationText, span } from "./words.js";

/**
 * @param {any} item
 * @typedef {(edit: object, told?: string) => Promise<void>} Change
 * @typedef {{place: number, count: number, seconds: number, change: Change, cut: (item: any) => number|null}} How
 * @param {How} how
 */
export function inspector(item, { place, count, seconds, change, cut }) {
  const id = item.id;
  const take = item.takes[item.chosen];
  const split = () => {
    const at = cut(item);
    void change({ edit: "split", item: id, at: at === null ? seconds / 2 : Number(at.toFixed(3)) });
  };
  return h(
    "section.inspector",
    { aria: { label: `Item ${id}` } },
    h(
      "div.line",
      {},
      h("h3", {}, `Item ${place + 1}`),
      h("span.dim", {}, `${span(take.start, take.end)} of its clip · ${lasting(seconds)}`),
      h("span.grow", {}),
      square("left", "Move it earlier", () => change({ edit: "move", item: id, to: place - 1 }), {
        disabled: place === 0,
      }),
      square("right", "Move it later", () => change({ edit: "move", item: id, to: place + 1 }), {
        disabled: place === count - 1,
      }),
      button("quiet", "cut", "Split", split, { title: "Split it where the player stands, else in the middle" }),
      square("trash", "Take it out", () => change({ edit: "remove", items: [id] })),
    ),
    form("Do", "operations", "speed 0.5 | color grayscale", (operations) =>
      change({ edit: "apply", items: [id], operations }),
    ),
    place > 0 &&
      form(
        "Fade over, seconds",
        "crossfade",
        String(item.crossfade),
        (value) => change({ edit: "crossfade", item: id, seconds: Number(value) }),
        "number",
      ),
    form("Make new takes", "regenerate", "the same at night", (prompt) =>
      change({ edit: "regenerate", item: id, prompt, takes: 2 }, "Making two takes. This can take minutes."),
    ),
    item.takes.length > 1 && takes(item, change),
  );
}

function form(label, name, hint, send, type = "text") {
  const id = `item-${name}`;
  const input = h("input", {
    id,
    type,
    placeholder: hint,
    ...(type === "number" ? { min: 0, max: 60, step: 0.1 } : {}),
  });
  const submit = (event) => {
    event.preventDefault();
    if (input.value.trim()) void send(input.value.trim());
  };
  return h("form.do", { onsubmit: submit }, h("label", { for: id }, label), input, h("button.button", {}, "Do it"));
}

function takes(item, change) {
  return h(
    "div.takes",
    { role: "group", aria: { label: "Takes" } },
    item.takes.map((take, place) => {
      const current = place === item.chosen;
      const scores = Object.entries(take.scores || {})
        .map(([name, score]) => `${name} ${score.toFixed(2)}`)
        .join(" · ");
      return h(
        `figure.take${current ? ".current" : ""}`,
        {},
        h("video", {
          src: `${fileOf(take.clip)}#t=${take.start},${take.end}`,
          controls: true,
          muted: true,
          preload: "metadata",
          playsinline: true,
          aria: { label: `Take ${place + 1}` },
        }),
        h(
          "figcaption",
          {},
          h("strong", {}, `Take ${place + 1}`),
          h("span.dim", {}, [take.about, scores].filter(Boolean).join(" · ")),
          button(
            current ? "button" : "primary",
            current ? "check" : null,
            current ? "Shown" : "Show this one",
            () => change({ edit: "choose", item: item.id, take: place + 1 }),
            { disabled: current },
          ),
        ),
      );
    }),
  );
}

/** What was done to a project, the latest first; single edits can be taken out. */
export async function historyOf(project, change) {
  const rows = await get(`/projects/${part(project)}/log`).catch(() => []);
  if (!rows.length) return "";
  const items = rows.reverse().map((row) => historyRow(row, change));
  const opened = Boolean(document.querySelector(".history[open]"));
  const count = h("summary", {}, `History · ${items.length} entr${items.length === 1 ? "y" : "ies"}`);
  return h("details.history", { open: opened }, count, h("ol", {}, items));
}

function historyRow({ number, standing, entry }, change) {
  const words = entry.words || (entry.edit ? told(entry.edit) : "");
  const reject = () => change({ edit: "reject", number });
  return h(
    "li",
    { data: { standing: String(standing) } },
    h("span.number", {}, number),
    h("span", {}, entry.edit ? entry.edit.edit : entry.entry, words && `: ${words}`),
    h("span.grow", {}),
    standing && entry.edit && button("link", null, "Take out", reject, { aria: { label: `Take edit ${number} out` } }),
  );
}

function told(edit) {
  if (edit.operations?.length) return edit.operations.map(operationText).join(", ");
  return [edit.item, ...(edit.items || []), edit.take && `take ${edit.take}`, edit.seconds && `${edit.seconds} s`]
    .filter(Boolean)
    .join(" ");
}
