/** Uploads in pieces: what breaks off goes on where it was, also after the page was closed. */

import { Fault, part, post, remove, request, work } from "./api.js";
import { announce, byId, h, icon, notice, square } from "./dom.js";
import { emit } from "./state.js";
import { size } from "./words.js";
import { searchByImage } from "./library.js";

const CHUNK = 4 * 1024 * 1024;
const TRIES = 6;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const keyOf = (file) => `upload:${file.name}:${file.size}:${file.lastModified}`;

class Upload {
  /** @param {File} file */
  constructor(file) {
    this.file = file;
    this.stopped = new AbortController();
    this.bar = h("progress", { max: Math.max(1, file.size), value: 0, aria: { label: `Upload of ${file.name}` } });
    this.note = h("span.note", {}, "waiting");
    this.again = h("button.link", { type: "button", hidden: true, onclick: () => void this.run() }, "Resume");
    this.element = h(
      "div.upload",
      {},
      icon("upload"),
      h("span.title", {}, file.name),
      this.again,
      square("cross", `Cancel the upload of ${file.name}`, () => this.cancel()),
      this.bar,
      this.note,
    );
  }

  async run() {
    this.again.hidden = true;
    this.element.classList.remove("failed");
    this.stopped = new AbortController();
    try {
      await this.#open();
      await this.#send();
      await this.#finish();
    } catch (error) {
      if (!this.stopped.signal.aborted) this.#failed(error);
    }
  }

  /** Go on with what the server already has, or begin. */
  async #open() {
    this.id = localStorage.getItem(keyOf(this.file));
    this.offset = 0;
    this.chunk = Number(localStorage.getItem("upload-chunk")) || CHUNK;
    if (this.id) {
      const held = await this.#held();
      if (held !== null) {
        this.offset = held;
        return;
      }
    }
    const begun = await post("/uploads", { name: this.file.name, bytes: this.file.size });
    this.id = begun.id;
    this.offset = begun.offset || 0;
    this.chunk = begun.chunk || CHUNK;
    localStorage.setItem(keyOf(this.file), this.id);
    localStorage.setItem("upload-chunk", String(this.chunk));
  }

  async #held() {
    try {
      const told = await request("HEAD", `/uploads/${part(this.id)}`, { signal: this.stopped.signal });
      return Number(told.headers.get("Upload-Offset"));
    } catch (error) {
      if (error instanceof Fault && error.status === 404) return null;
      throw error;
    }
  }

  async #send() {
    for (let tries = 0; this.offset < this.file.size;) {
      const piece = this.file.slice(this.offset, this.offset + this.chunk);
      const headers = { "Upload-Offset": String(this.offset), "Content-Type": "application/offset+octet-stream" };
      this.#shown();
      try {
        const response = await request("PATCH", `/uploads/${part(this.id)}`, {
          raw: piece,
          headers,
          signal: this.stopped.signal,
        });
        this.offset = (await response.json()).offset;
        tries = 0;
      } catch (error) {
        const may =
          error instanceof Fault &&
          (error.status === 0 || error.status === 409 || error.status === 429 || error.status >= 502);
        if (!may || (tries += 1) > TRIES) throw error;
        this.note.textContent = "The connection is lost. Trying again";
        await wait(Math.min(8000, 300 * 2 ** tries));
        this.offset = (await this.#held().catch(() => null)) ?? this.offset;
      }
    }
    this.#shown();
  }

  #shown() {
    this.bar.value = this.offset;
    this.note.textContent = `${size(this.offset)} of ${size(this.file.size)}`;
  }

  async #finish() {
    this.bar.removeAttribute("value");
    this.note.textContent = "Taking it in: looking, reading, listening";
    const tell = ({ fraction }) => (this.bar.value = fraction * this.bar.max);
    const { clip } = await work(`/uploads/${part(this.id)}/finish`, {}, { tell, signal: this.stopped.signal });
    localStorage.removeItem(keyOf(this.file));
    this.element.remove();
    announce(`${this.file.name} is in the library`);
    notice(`${this.file.name} is in the library.`);
    emit("uploaded", clip);
  }

  #failed(error) {
    const gone = error instanceof Fault && error.status >= 400 && error.status !== 429;
    if (gone) localStorage.removeItem(keyOf(this.file));
    this.element.classList.add("failed");
    this.note.textContent = `${error.message} ${error.remedy || ""}`;
    this.again.hidden = gone;
    this.bar.hidden = gone;
    announce(`${this.file.name}: ${error.message}`);
  }

  cancel() {
    this.stopped.abort();
    localStorage.removeItem(keyOf(this.file));
    if (this.id) remove(`/uploads/${part(this.id)}`).catch(() => {});
    this.element.remove();
  }
}

/** Take files: videos go up one after another, a picture is looked for. @param {Iterable<File>} files */
export async function take(files) {
  const given = [...files];
  const picture = given.find((file) => file.type.startsWith("image/") && file.type !== "image/gif");
  if (picture && given.length === 1) {
    searchByImage(picture);
    return;
  }
  const uploads = given.map((file) => new Upload(file));
  emit("panel", "library");
  byId("uploads").append(...uploads.map((one) => one.element));
  for (const one of uploads) await one.run();
}

/** Let files be dropped anywhere, pasted, or chosen. */
export function setUpUploads() {
  const overlay = byId("dropping");
  let depth = 0;
  const holds = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  const within = (by) => {
    depth = by === 0 ? 0 : depth + by;
    overlay.hidden = depth <= 0;
  };
  window.addEventListener("dragenter", (event) => holds(event) && within(1));
  window.addEventListener("dragleave", (event) => holds(event) && within(-1));
  window.addEventListener("dragover", (event) => holds(event) && event.preventDefault());
  window.addEventListener("drop", (event) => {
    within(0);
    if (!holds(event)) return;
    event.preventDefault();
    void take(event.dataTransfer.files);
  });
  window.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files || [])];
    if (files.length) void take(files);
  });
}

/** Open the system's file dialog. */
export function chooseFiles() {
  const input = h("input", {
    type: "file",
    accept: "video/*,image/*,.mkv,.mov,.webm",
    multiple: true,
    onchange: () => void take(input.files),
  });
  input.click();
}
