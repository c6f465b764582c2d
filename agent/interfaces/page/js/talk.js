/** The conversation: its turns, the composer, and following a turn that runs wherever it was begun. */

import { Fault, follow, get, part, remove, request as call } from "./api.js";
import { byId, confirmed, h, icon, notice } from "./dom.js";
import { frame } from "./moments.js";
import { addressed, emit, on, state } from "./state.js";
import { TurnView } from "./turn.js";
import { welcome } from "./welcome.js";

const STREAM = { Accept: "text/event-stream" };

/** The turn that is being followed, if one is. @type {AbortController|null} */
let following = null;
/** What of the conversation is shown, to notice what other tabs did. */
let shown = { turns: 0, status: "" };

const path = (rest = "") => `/sessions/${part(state.session)}${rest}`;
const newName = () => `talk-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 6)}`;

/** Show a conversation; without a name a new one. */
export async function openSession(name = "") {
  following?.abort();
  following = null;
  state.session = name || newName();
  state.names = new Map();
  setRunning(false);
  shown = { turns: 0, status: "" };
  if (addressed() !== state.session) {
    history.replaceState(null, "", name ? `#${encodeURIComponent(name)}` : location.pathname);
  }
  emit("session", state.session);
  await load(!name);
}

async function load(fresh = false) {
  const session = state.session;
  let told = null;
  try {
    told = fresh ? null : await get(path());
  } catch (error) {
    if (!(error instanceof Fault) || error.status !== 404) throw error;
  }
  if (session !== state.session) return; // another one was opened meanwhile
  named(told?.clips || []);
  const views = (told?.turns || []).map(past);
  byId("turns").replaceChildren(...(views.length ? views.map((view) => view.element) : [welcome(suggest)]));
  title(told?.turns[0]?.request || "");
  shown = { turns: views.length, status: told?.turns.at(-1)?.status || "" };
  if (told?.running) void track(views.at(-1) || null, null);
  else if (shown.status === "running") views.at(-1).elsewhere();
  else if (told?.approval) views.at(-1)?.apply({ type: "approval", data: told.approval });
  bottom();
}

function past(turn) {
  const view = new TurnView(turn.request, (word) => answered(view, word));
  if (turn.outcome) view.finish(turn.outcome);
  else if (turn.status !== "running") view.cutOff();
  return view;
}

function named(clips) {
  state.names = new Map(clips.map((row) => [row.name, row]));
}

function title(text) {
  byId("session-title").textContent = text || "New conversation";
  byId("delete-session").hidden = !text;
}

function setRunning(is) {
  state.running = is;
  byId("send").hidden = is;
  byId("stop").hidden = !is;
}

/** Hold a turn. @param {string} text */
async function send(text) {
  const body = { request: text, clips: [...state.attached.keys()], background: byId("background").checked };
  const view = new TurnView(text, (word) => answered(view, word));
  if (!shown.turns) byId("turns").replaceChildren();
  byId("turns").append(view.element);
  bottom();
  setRunning(true);
  try {
    const begun = await call("POST", path("/turns"), { body, headers: STREAM });
    state.attached.clear();
    emit("attached");
    history.replaceState(null, "", `#${encodeURIComponent(state.session)}`);
    if (!shown.turns) title(text);
    shown.turns += 1;
    await track(view, begun);
  } catch (error) {
    setRunning(false);
    view.fail(error);
    byId("request").value ||= text;
  }
}

async function answered(view, word) {
  const begun = await call("POST", path("/approval"), { body: word, headers: STREAM });
  byId("request").focus({ preventScroll: true });
  void track(view, begun);
}

/** Show a running turn to its end: from a stream that has begun, or from its first event on. */
async function track(view, begun) {
  following?.abort();
  const mine = new AbortController();
  following = mine;
  setRunning(true);
  view?.outcome.replaceChildren(); // what it asked before has been answered
  let end = null;
  const tell = (told) => {
    if (told.type === "turn") {
      if (!view) byId("turns").append((view = new TurnView(told.data.request, (word) => answered(view, word))).element);
    } else if (told.type === "done" || told.type === "error") end = told;
    else whileAtBottom(() => view?.apply(told));
  };
  let how = "left";
  try {
    how = await follow(state.session, { begun, signal: mine.signal, tell, lost: (is) => view?.lost(is) });
  } catch (error) {
    end = { type: "error", data: { error } };
  }
  if (following !== mine) return;
  following = null;
  setRunning(false);
  if (how === "idle" && !end) await load();
  else if (end) await ended(view, end);
  emit("turn-ended");
}

async function ended(view, end) {
  const told = await get(path()).catch(() => null);
  if (told) {
    named(told.clips);
    shown = { turns: told.turns.length, status: told.turns.at(-1)?.status || "" };
  }
  whileAtBottom(() => {
    if (end.type === "error") view?.fail(end.data.error);
    else view?.finish(end.data, { live: true });
  });
}

/** Take up what happened elsewhere: another tab, the command line. @param {any[]} sessions */
function noticed(sessions) {
  const now = sessions.find((one) => one.name === state.session);
  if (!now || following || document.querySelector(".approval:focus-within")) return;
  if (now.running || now.turns !== shown.turns || now.status !== shown.status) void load();
}

function whileAtBottom(change) {
  const scroll = byId("scroll");
  const near = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
  change();
  if (near) bottom();
}

function bottom() {
  const scroll = byId("scroll");
  scroll.scrollTop = scroll.scrollHeight;
}

function suggest(text) {
  const field = byId("request");
  field.value = text;
  field.dispatchEvent(new Event("input"));
  field.focus();
}

function showAttached() {
  const chips = [...state.attached.values()].map((moment) =>
    h(
      "li.chip",
      {},
      h("span.frame", {}, frame(moment.id, null, 96)),
      h("span", {}, moment.title || moment.id),
      h(
        "button.square",
        {
          type: "button",
          aria: { label: `Leave ${moment.title || moment.id} out` },
          onclick: () => (state.attached.delete(moment.id), showAttached()),
        },
        icon("cross"),
      ),
    ),
  );
  byId("attached").replaceChildren(...chips);
}

async function stop() {
  try {
    await call("POST", path("/cancel"));
    notice("Stopping. The step that runs ends at its next step forward.");
  } catch (error) {
    notice(error.message, { remedy: error.remedy, error: true });
  }
}

async function forget() {
  if (
    !(await confirmed(
      "Delete this conversation?",
      "What was said is gone for good. Clips that it made stay in the library.",
      "Delete",
    ))
  )
    return;
  try {
    await remove(path());
    await openSession();
    emit("turn-ended");
  } catch (error) {
    notice(error.message, { remedy: error.remedy, error: true });
  }
}

/** Wire the composer and the header. */
export function setUpTalk() {
  const field = byId("request");
  const grow = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 160)}px`;
  };
  field.addEventListener("input", grow);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    byId("composer").requestSubmit();
  });
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || state.running) return;
    field.value = "";
    grow();
    void send(text);
  });
  byId("stop").addEventListener("click", stop);
  byId("delete-session").addEventListener("click", forget);
  byId("turns").addEventListener("asks", (event) => event.detail.scrollIntoView({ block: "nearest" }));
  on("attached", () => (showAttached(), field.focus()));
  on("sessions", noticed);
  on("library", () => {
    const greeting = byId("turns").querySelector(".welcome");
    if (greeting) greeting.replaceWith(welcome(suggest));
  });
}
