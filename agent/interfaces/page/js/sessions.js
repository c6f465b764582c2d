/** The list of conversations, kept up with what other tabs and programs do. */

import { get } from "./api.js";
import { byId, h } from "./dom.js";
import { addressed, emit, on, state } from "./state.js";
import { openSession } from "./talk.js";
import { when } from "./words.js";

const EVERY = 4000;
let known = [];

const STATES = {
  running: "running",
  waiting: "waits for you",
  failed: "failed",
  blocked: "refused",
  cancelled: "stopped",
};

function item(one) {
  const status = one.running ? "running" : one.status;
  const told = STATES[status] || "";
  return h(
    "li",
    {},
    h(
      "button.session",
      {
        type: "button",
        data: { status, item: "" },
        aria: one.name === state.session ? { current: "true" } : {},
        onclick: () => {
          emit("view", "talk");
          void openSession(one.name);
        },
      },
      h("span.title", {}, one.title || one.name),
      h("span.dim", {}, when(one.last), told && h("span.state", {}, ` · ${told}`)),
    ),
  );
}

function draw() {
  const items = known.map(item);
  const focused = document.activeElement?.closest("#sessions li");
  const place = focused ? [...byId("sessions").children].indexOf(focused) : -1;
  byId("sessions").replaceChildren(
    ...(items.length ? items : [h("li.dim.pad", {}, "None yet. What you ask begins one.")]),
  );
  if (place >= 0) items[place]?.querySelector("button").focus();
}

/** Ask the server for the conversations; tells the others. */
export async function refreshSessions() {
  const found = await get("/sessions").catch(() => null);
  if (!found) return;
  if (JSON.stringify(found) !== JSON.stringify(known)) {
    known = found;
    draw();
  }
  emit("sessions", found);
}

/** Keep the list up to date while the page is seen. */
export function setUpSessions() {
  on("session", draw);
  on("turn-ended", refreshSessions);
  setInterval(() => document.visibilityState === "visible" && void refreshSessions(), EVERY);
  byId("new-session").addEventListener("click", async () => {
    emit("view", "talk");
    await openSession();
    byId("request").focus();
  });
  window.addEventListener("hashchange", () => {
    const name = addressed();
    if (name && name !== state.session) void openSession(name);
  });
}
