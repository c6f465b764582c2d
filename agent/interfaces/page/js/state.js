/** What several parts of the page know together, and how they tell each other of changes. */

import { clipTitle } from "./words.js";

const hub = new EventTarget();

/** Tell every part that something happened. */
export function emit(name, detail = null) {
  hub.dispatchEvent(new CustomEvent(name, { detail }));
}

/** Listen for what other parts tell. */
export function on(name, listener) {
  hub.addEventListener(name, (event) => listener(/** @type {CustomEvent} */ (event).detail));
}

/**
 * @typedef {{id: string, start?: number, end?: number|null, title?: string}} Moment a clip or a span of it
 */
export const state = {
  /** Name of the conversation that is shown. */
  session: "",
  /** @type {Map<string, any>} c1 -> the clip or span that the conversation calls so */
  names: new Map(),
  /** @type {Map<string, any>} library id -> what is known of the clip */
  clips: new Map(),
  /** @type {Map<string, Moment>} clips that the next request is about */
  attached: new Map(),
  /** Whether a turn runs in the conversation that is shown. */
  running: false,
};

/** What the conversation, or else the library, calls a clip. */
export function calledIn(id) {
  for (const [name, row] of state.names) if (row.id === id && row.end === null) return name;
  const clip = state.clips.get(id);
  return clip ? clipTitle(clip, state.clips) : id.slice(0, 8);
}

/** The conversation that the page's address names; empty for none. */
export function addressed() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return ""; // cut off in the middle of a letter
  }
}

/** Show a moment in the player. @param {Moment} moment @param {{play?: boolean}} [how] */
export const show = (moment, { play = true } = {}) => emit("show", { ...moment, play });

/** Make the next request about a clip. @param {Moment} moment */
export function attach(moment) {
  state.attached.set(moment.id, moment);
  emit("attached");
}
