/** Times, sizes and names as people read them. */

/** Seconds as the assistant writes them: 0:04, 0:04.5, 1:02:03. */
export function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  const whole = Math.floor(tenths / 10);
  const pad = (value) => String(value).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const text = hours ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
  return tenths % 10 ? `${text}.${tenths % 10}` : text;
}

/** A range of seconds: 0:02 – 0:04.5. */
export const span = (start, end) =>
  end === null || end === undefined ? clock(start) : `${clock(start)} – ${clock(end)}`;

/** How long something took: 0.4 s, 12 s, 3 min. */
export function lasting(seconds) {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

/** Bytes: 4.2 MB. */
export function size(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  const power = Math.min(3, bytes > 0 ? Math.floor(Math.log10(bytes) / 3) : 0);
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** When, as short as it can be said: 14:05 today, 3 Nov otherwise. */
export function when(epoch) {
  const at = new Date(epoch * 1000);
  const today = at.toDateString() === new Date().toDateString();
  return today
    ? at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : at.toLocaleDateString([], { day: "numeric", month: "short" });
}

const TOOLS = {
  understand_video: "Look closely",
  search_memory: "Search the library",
  edit_video: "Edit",
  generate_video: "Make a clip",
  edit_project: "Edit the project",
  render_project: "Render the project",
  regenerate_span: "Make new takes",
};

/** What a tool does, as the step list calls it. */
export const toolName = (tool) => TOOLS[tool] || tool;

const KINDS = {
  shot: "shot",
  scene: "scene",
  caption: "seen",
  label: "label",
  text: "on screen",
  speech: "said",
  color: "colours",
  motion: "motion",
  media: "file",
  answer: "answer",
  picture: "looks like the words",
  likeness: "looks like it",
  filter: "as asked",
};

/** What kind of evidence it is, in a word. */
export const kindName = (kind) => KINDS[kind] || kind;

const MADE = {
  generate: "Generated",
  trim: "Trim",
  concat: "Join",
  speed: "New speed",
  reverse: "Reverse",
  crop: "Crop",
  resize: "New size",
  rotate: "Turn",
  fade: "Fade",
  text: "Caption",
  color: "Recolour",
  audio: "New sound",
  cut: "Cut",
  render: "Rendering",
  render_timeline: "Rendering",
};

const named = (clip) => (clip.title || "").replace(/\.[a-z0-9]{2,4}$/i, "") || clip.id.slice(0, 8);

/**
 * What to call a clip: its file's name without the ending, or how it was made and from what.
 * @param {any} clip @param {Map<string, any>} [known] clips by id, to name its parent
 */
export function clipTitle(clip, known = new Map()) {
  if (!clip.operation || clip.operation === "upload") return named(clip);
  const how = MADE[clip.operation] || clip.operation;
  const parent = known.get(clip.parents?.[0]);
  if (!parent || clip.parents.length > 1) return how;
  const from =
    parent.operation === "upload" ? named(parent) : (MADE[parent.operation] || parent.operation).toLowerCase();
  return `${how} ${clip.operation === "generate" ? "like" : "of"} ${from}`;
}

/** A step's arguments in a few words. */
export function argsText(args) {
  const parts = [];
  for (const [key, value] of Object.entries(args || {})) {
    if (value === null || value === "" || (Array.isArray(value) && !value.length)) continue;
    parts.push(key === "operations" ? value.map(operationText).join(", ") : plain(value));
  }
  return parts.join(" · ");
}

/** An operation on a clip in a few words: "trim 0:00 – 0:02". */
export function operationText(operation) {
  const rest = Object.entries(operation)
    .filter(([key, value]) => key !== "op" && value !== null && value !== false)
    .map(([, value]) => plain(value));
  return [operation.op, ...rest].join(" ");
}

function plain(value) {
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (value && typeof value === "object") {
    if ("offset" in value) return value.from === "end" && value.offset === 0 ? "end" : String(value.offset);
    return Object.values(value)
      .filter((one) => one !== null)
      .map(plain)
      .join(" ");
  }
  return String(value);
}
