/** Talking to the server: JSON, and streams of server-sent events that can be taken up again. */

const BASE = "api/v1";

/** What the server, or the way to it, says went wrong: a fault and its remedy. */
export class Fault extends Error {
  /** @param {number} status @param {{code: string, message: string, remedy?: string}} error @param {any} [body] */
  constructor(status, error, body = null) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.remedy = error.remedy || "";
    this.body = body;
  }
}

let whenUnknown = () => {};

/** Say what to do when the server wants a token. */
export function onUnknownUser(listener) {
  whenUnknown = listener;
}

/**
 * Ask the server; a fault is thrown as one.
 * @typedef {{body?: any, headers?: Record<string, string>, signal?: AbortSignal, raw?: Blob}} Given
 * @param {string} method @param {string} path below the API's root @param {Given} [given] `raw` is sent as it is
 * @returns {Promise<Response>}
 */
async function call(method, path, { body, headers = {}, signal, raw } = {}) {
  /** @type {RequestInit & {headers: Record<string, string>}} */
  const given = { method, headers: { ...headers }, signal };
  if (raw !== undefined) given.body = raw;
  else if (body !== undefined) {
    given.body = JSON.stringify(body);
    given.headers["Content-Type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(`${BASE}${path}`, given);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Fault(0, { code: "offline", message: "The server cannot be reached.", remedy: "Is it still running?" });
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  if (response.status === 401 && path !== "/login") whenUnknown();
  const error = told.error || { code: "unknown", message: `The server answered ${response.status}.` };
  throw new Fault(response.status, error, told);
}

const json = async (response) => {
  const text = await response.text();
  return text ? JSON.parse(text) : null;
};

export const get = async (path, given) => json(await call("GET", path, given));
export const post = async (path, body = {}, given = {}) => json(await call("POST", path, { body, ...given }));
export const remove = async (path) => json(await call("DELETE", path));
export const request = call;

/** An id or a name inside a path. */
export const part = encodeURIComponent;

export const fileOf = (clip) => `${BASE}/clips/${part(clip)}/file`;
export const thumbnailOf = (clip, at = null, width = 320) =>
  `${BASE}/clips/${part(clip)}/thumbnail?width=${width}${at === null ? "" : `&at=${Math.max(0, at).toFixed(2)}`}`;
export const exportOf = (project, format) => `${BASE}/projects/${part(project)}/export?format=${format}`;

/**
 * @typedef {{id: number, type: string, data: any}} Told
 * Read a stream of events until it ends.
 * @param {Response} response
 * @returns {AsyncGenerator<Told>}
 */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest = (rest + value).replaceAll("\r\n", "\n");
    const blocks = rest.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const told = parsed(block);
      if (told) yield told;
    }
  }
}

function parsed(block) {
  const fields = { id: "", event: "message", data: [] };
  for (const line of block.split("\n")) {
    if (!line || line.startsWith(":")) continue;
    const at = line.indexOf(":");
    const [name, value] = at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1).replace(/^ /, "")];
    if (name === "data") fields.data.push(value);
    else fields[name] = value;
  }
  if (!fields.data.length && fields.event === "message") return null;
  const text = fields.data.join("\n");
  return { id: Number(fields.id), type: fields.event, data: text ? JSON.parse(text) : null };
}

/**
 * Have the server do something that takes a while; it tells how far it is.
 * @param {string} path @param {object} body @param {{tell?: (data: any) => void, signal?: AbortSignal}} [how]
 */
export async function work(path, body, { tell = () => {}, signal } = {}) {
  const response = await call("POST", path, { body, headers: { Accept: "text/event-stream" }, signal });
  for await (const { type, data } of events(response)) {
    if (type === "progress") tell(data);
    if (type === "done") return data;
    if (type === "error") throw new Fault(422, data.error);
  }
  throw new Fault(0, { code: "offline", message: "The connection ended.", remedy: "Try again: what is done is kept." });
}

const pause = (ms, signal) =>
  new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });

/**
 * Follow a turn to its end: from a stream that has begun, and after a break by asking for what came since.
 * @param {string} session
 * @param {{begun?: Response|null, signal: AbortSignal, tell: (told: Told) => void, lost?: (is: boolean) => void}} how
 * @returns {Promise<"done"|"idle"|"left">} idle: nothing ran (any more)
 */
export async function follow(session, { begun = null, signal, tell, lost = () => {} }) {
  let last = 0;
  let response = begun;
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      response ??= await call("GET", `/sessions/${part(session)}/events?after=${last}`, {
        headers: { Accept: "text/event-stream" },
        signal,
      });
      lost(false);
      for await (const told of events(response)) {
        tries = 0;
        if (told.type === "idle") return "idle";
        if (told.id) last = told.id;
        tell(told);
        if (told.type === "done" || told.type === "error") return "done";
      }
    } catch (error) {
      if (error instanceof Fault && error.status) throw error;
    }
    response = null;
    if (!signal.aborted) {
      lost(true);
      await pause(Math.min(8000, 400 * 2 ** tries), signal);
    }
  }
  return "left";
}
