/** The keyboard: single keys while nothing is being typed; they can be switched off. */

import { byId, button, h } from "./dom.js";
import { clearSearch } from "./library.js";
import { playPause } from "./player.js";
import { emit } from "./state.js";
import { redo, undo } from "./timeline.js";

const KEYS = [
  ["/", "Search the library"],
  ["c", "Write a request"],
  ["n", "New conversation"],
  ["j  k", "Next and previous clip, moment or turn"],
  ["Enter", "Play the one that is chosen; send a request"],
  ["Space", "Play or pause"],
  ["u  r", "Undo, redo in the timeline"],
  ["1 … 4", "Library, Timeline, Lineage, Jobs"],
  ["Esc", "Close, clear the search, back to the request"],
  ["?", "These shortcuts"],
];
const PANELS = ["library", "timeline", "lineage", "jobs"];
const OFF = "keys-off";

const ACTIONS = {
  "/": () => (emit("panel", "library"), byId("search").focus()),
  c: () => (emit("view", "talk"), byId("request").focus()),
  n: () => byId("new-session").click(),
  j: () => step(1),
  k: () => step(-1),
  u: () => void undo(),
  r: () => void redo(),
  "?": () => byId("shortcuts").showModal(),
};

/** Move the focus to the next thing in the list that has it, else in the panel that is seen. */
function step(by) {
  const inside =
    document.activeElement?.closest(".panel, #turns, #sessions") || document.querySelector(".panel:not([hidden])");
  /** @type {NodeListOf<HTMLElement>} */
  const held = inside.querySelectorAll("[data-item]");
  const things = [...held].filter((one) => one.offsetParent);
  const at = things.findIndex((one) => one === document.activeElement);
  const next = things[Math.max(0, Math.min(things.length - 1, at < 0 ? (by > 0 ? 0 : things.length - 1) : at + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function pressed(event) {
  if (
    event.defaultPrevented ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    document.querySelector("dialog[open]")
  )
    return;
  const at = event.target;
  const typing = at.matches("input, textarea, select");
  if (event.key === "Escape") {
    if (!clearSearch() || !typing) byId("request").focus();
    return;
  }
  if (typing || localStorage.getItem(OFF)) return;
  if (event.key === " " && !at.matches("button, summary, video, [role=button], [role=tab]")) {
    event.preventDefault();
    playPause();
  } else if (/^[1-4]$/.test(event.key)) emit("panel", PANELS[Number(event.key) - 1]);
  else if (ACTIONS[event.key]) {
    event.preventDefault();
    ACTIONS[event.key]();
  }
}

/** Listen, and fill the help. */
export function setUpKeys() {
  const dialog = byId("shortcuts");
  const off = h("input", {
    type: "checkbox",
    checked: !localStorage.getItem(OFF),
    onchange: () => (off.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")),
  });
  dialog.replaceChildren(
    h("h2", { id: "shortcuts-title" }, "Shortcuts"),
    h(
      "dl.keys",
      {},
      KEYS.map(([key, does]) => [
        h(
          "dt",
          {},
          key.split("  ").map((one) => h("kbd", {}, one)),
        ),
        h("dd", {}, does),
      ]),
    ),
    h("label.check", {}, off, " Single keys work while nothing is being typed"),
    h(
      "div.row.end",
      {},
      button("primary", null, "Close", () => dialog.close()),
    ),
  );
  byId("help").addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", pressed);
}
