/** The steps of a plan while they run: each with its state, what it does, how far it is, and how it ended. */

import { announce, h, icon } from "./dom.js";
import { argsText, lasting, toolName } from "./words.js";

const MARKS = {
  done: "check",
  failed: "cross",
  blocked: "shield",
  cancelled: "stop",
  declined: "cross",
  skipped: "cross",
  background: "clock",
};

export class StepList {
  constructor() {
    /** @type {Map<string, any>} */
    this.rows = new Map();
    this.noted = "";
    this.summary = h("summary", {});
    this.list = h("ol.steps", {});
    this.element = h("details.plan", { hidden: true, open: true }, this.summary, this.list);
  }

  /** A plan was made; one that follows another takes its place. @param {any[]} steps */
  plan(steps) {
    if ([...this.rows.values()].some((row) => row.element.dataset.status === "failed")) {
      this.noted = " Another plan, for the first could not be carried out.";
    }
    this.rows.clear();
    this.list.replaceChildren();
    for (const step of steps) this.#add(step);
    this.element.hidden = !steps.length;
    this.#sum();
  }

  /** A step begins, and what it will take is known. */
  estimate(told) {
    const row = this.#row(told);
    this.#mark(row, "running");
    row.note.textContent = told.text;
    this.#began(row);
  }

  /** A step goes on. */
  progress(told) {
    const row = this.#row(told);
    if (row.element.dataset.status === "pending") this.#mark(row, "running");
    this.#began(row);
    row.bar.value = told.fraction;
    row.bar.textContent = `${Math.round(told.fraction * 100)} %`;
    row.note.textContent = [`${Math.round(told.fraction * 100)} %`, told.note].filter(Boolean).join(" · ");
  }

  /** A step ended. */
  result(told) {
    const row = this.#row(told);
    this.#mark(row, told.status);
    row.bar.hidden = true;
    row.note.textContent = told.summary;
    row.time.textContent = told.seconds ? lasting(told.seconds) : "";
    announce(`Step ${told.step}, ${toolName(told.tool)}: ${told.summary}`);
    this.#sum();
  }

  /** Show all steps as a turn's outcome tells them; a turn that is over is folded. */
  settle(answer) {
    if (!this.rows.size && answer.plan.length) this.plan(answer.plan);
    for (const step of answer.steps) {
      const row = this.#row({ step: step.id, ...step });
      if (step.status === "pending") continue;
      if (row.element.dataset.status !== step.status) this.#mark(row, step.status);
      row.bar.hidden = true;
      row.time.textContent = step.seconds ? lasting(step.seconds) : "";
      if (step.error) row.note.textContent = `${step.error.message} ${step.error.remedy || ""}`;
      else if (row.live) row.note.textContent = "";
      row.live = false;
    }
    this.#sum();
    const troubled = answer.steps.some((step) => step.status === "failed");
    this.element.open = answer.status === "waiting" || troubled || this.element.contains(document.activeElement);
  }

  #row(told) {
    return this.rows.get(String(told.step)) || this.#add({ id: told.step, tool: told.tool, args: told.args || {} });
  }

  #add(step) {
    const row = {
      does: toolName(step.tool),
      live: false,
      mark: h("span.mark", { aria: { hidden: "true" } }),
      word: h("span.hidden", {}, "waiting"),
      note: h("span.note", {}),
      bar: h("progress", { max: 1, hidden: true, aria: { label: `Progress of step ${step.id}` } }),
      time: h("span.time", {}),
    };
    row.element = h(
      "li.step",
      { data: { status: "pending", step: step.id } },
      row.mark,
      h("span.what", {}, h("strong", {}, toolName(step.tool)), " ", h("span.args", {}, argsText(step.args)), row.word),
      row.time,
      h("span.going", {}, row.bar, row.note),
    );
    this.rows.set(String(step.id), row);
    this.list.append(row.element);
    return row;
  }

  #began(row) {
    row.live = true;
    row.bar.hidden = false;
  }

  #mark(row, status) {
    row.element.dataset.status = status;
    row.word.textContent = `, ${status}`;
    row.mark.replaceChildren(status === "running" ? h("span.spinner") : icon(MARKS[status] || "clock"));
    this.#sum();
  }

  #sum() {
    const states = [...this.rows.values()].map((row) => row.element.dataset.status);
    const over = states.filter((status) => status !== "pending" && status !== "running").length;
    const does = [...new Set([...this.rows.values()].map((row) => row.does))].join(", ").toLowerCase();
    const steps = `${states.length} step${states.length === 1 ? "" : "s"}: ${does}`;
    this.summary.textContent = (over === states.length ? steps : `${over} of ${steps}`) + this.noted;
  }
}
