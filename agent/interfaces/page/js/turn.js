/** One turn as it is shown: what was asked, the steps as they run, and what came of it. */

import { approvalCard } from "./approval.js";
import { announce, h, icon } from "./dom.js";
import { answerText, evidenceCards, madeCards } from "./moments.js";
import { StepList } from "./steps.js";

const NODES = {
  guard_input: "Checking the request",
  recall: "Remembering what was said",
  plan: "Planning",
  guard_plan: "Checking the plan",
  respond: "Writing the answer",
  guard_output: "Checking the answer",
};
const STAGES = {
  input: "the request",
  plan: "the plan",
  prompt: "the prompt",
  media: "the picture",
  output: "the answer",
};

export class TurnView {
  /**
   * @param {string} request
   * @param {(word: {approved: boolean, prompt?: string}) => Promise<void>} onword what answers an approval
   */
  constructor(request, onword) {
    this.onword = onword;
    this.verdicts = [];
    this.steps = new StepList();
    this.now = h("p.now", { hidden: true }, h("span.spinner", { aria: { hidden: "true" } }), h("span", {}));
    this.outcome = h("div.outcome");
    this.element = h(
      "article.turn",
      { tabindex: "-1", data: { item: "" }, aria: { label: `Turn: ${request.slice(0, 80)}` } },
      h("p.asked", {}, request),
      h("div.reply", {}, this.steps.element, this.now, this.outcome),
    );
  }

  /** Show what an event tells. @param {{type: string, data: any}} told */
  apply({ type, data }) {
    if (type === "node") this.#working(NODES[data.node] || "");
    else if (type === "plan") this.steps.plan(data.steps);
    else if (type === "estimate") this.steps.estimate(data);
    else if (type === "progress") this.steps.progress(data);
    else if (type === "result") this.steps.result(data);
    else if (type === "verdict") this.verdicts.push(data);
    else if (type === "job") this.#told(`Job ${data.job} is ${data.status}: ${data.summary}`);
    else if (type === "approval") this.#approval(data);
    else if (type === "answer" && !data.blocked) this.outcome.replaceChildren(answerText(data.text));
    if (type === "plan" && data.steps.length) this.#working("");
  }

  /** Show the turn as it ended, or waits. @param {any} answer as the API gives it @param {{live?: boolean}} how */
  finish(answer, { live = false } = {}) {
    this.#working("");
    this.element.dataset.status = answer.status;
    this.steps.settle(answer);
    if (answer.status === "waiting") {
      this.#approval(answer.approval);
      return;
    }
    if (answer.blocked) this.#refusal(answer);
    else this.#answer(answer);
    if (live) announce(answer.blocked ? `Refused: ${answer.answer}` : answer.answer.slice(0, 300));
  }

  /** Show that the turn could not be held at all. */
  fail(error) {
    this.#working("");
    this.element.dataset.status = "failed";
    this.outcome.replaceChildren(
      h(
        "section.refusal",
        { role: "alert" },
        h("h2", {}, icon("cross"), "That did not work"),
        h("p", {}, error.message),
        error.remedy && h("p.dim", {}, error.remedy),
      ),
    );
  }

  /** Say that the turn was cut off before it ended. */
  cutOff() {
    this.#told("This turn was cut off before it ended. Ask the same again to take it up where it was.");
  }

  /** Say that no turn of this server is behind it. */
  elsewhere() {
    this.#told("This turn runs in another program, or was cut off: then ask the same again, and it goes on.");
  }

  /** Say whether the way to the server is lost. */
  lost(is) {
    this.element.classList.toggle("lost", is);
    if (is) this.#working("The connection is lost; the turn goes on at the server. Trying again");
  }

  #working(text) {
    this.now.hidden = !text;
    this.now.lastChild.textContent = text;
  }

  #told(text) {
    this.outcome.append(h("p.dim", {}, text));
  }

  #approval(asked) {
    this.#working("");
    if (this.outcome.querySelector(".approval")) return;
    const card = approvalCard(asked, this.onword);
    this.outcome.replaceChildren(card);
    announce(`Approval needed: ${asked.reason}`);
    this.element.dispatchEvent(new CustomEvent("asks", { detail: card, bubbles: true }));
  }

  #refusal(answer) {
    const block = [...answer.verdicts].reverse().find((verdict) => verdict.action === "block");
    const where = block ? `${STAGES[block.stage] || block.stage} was refused by the policy “${block.policy}”.` : "";
    this.outcome.replaceChildren(
      h(
        "section.refusal",
        { aria: { label: "Refused" } },
        h("h2", {}, icon("shield"), "Refused"),
        h("p", {}, answer.answer),
        where &&
          h("p.dim", {}, where[0].toUpperCase() + where.slice(1), answer.clips.length ? "" : " Nothing was made."),
      ),
    );
  }

  #answer(answer) {
    this.outcome.replaceChildren(
      ...[
        answer.answer && answerText(answer.answer),
        answer.clips.length ? madeCards(answer.clips) : null,
        answer.evidence.length ? h("div.evidence", {}, evidenceCards(answer.evidence)) : null,
      ].filter(Boolean),
    );
  }
}
