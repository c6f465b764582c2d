/** What a new conversation shows: what can be asked of this library. */

import { button, h } from "./dom.js";
import { emit, state } from "./state.js";

const ASKS = [
  ["Understand", "What is in the first clip?"],
  ["Find", "Find the shot with the bicycle"],
  ["Edit", "Keep the first two seconds of it and play them backwards"],
  ["Make", "Make a new clip like it at night"],
];

/** @param {(text: string) => void} suggest puts a request into the composer */
export function welcome(suggest) {
  const held = state.clips.size > 0;
  return h(
    "section.welcome",
    { aria: { label: "How to begin" } },
    h("h2", {}, held ? "What shall we do with your clips?" : "Begin with a video"),
    h(
      "p",
      {},
      held
        ? "Ask in your own words. You see every step as it runs, and nothing slow or paid runs without your word."
        : "Drop videos anywhere on this page, or choose some. They stay on this machine; then ask about them here.",
    ),
    held
      ? h(
          "div.asks",
          {},
          ASKS.map(([kind, text]) =>
            h("button.ask", { type: "button", onclick: () => suggest(text) }, h("span.label", {}, kind), text),
          ),
        )
      : button("primary", "upload", "Choose videos", () => emit("choose-files")),
  );
}
