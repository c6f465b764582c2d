/** The card on which a turn asks before it does something slow, paid or that cannot be taken back. */

import { button, h, icon } from "./dom.js";
import { argsText, toolName } from "./words.js";

/**
 * @typedef {{text: string, price: number, guess: boolean}} Estimate
 * @param {{tool: string, args: object, reason: string, prompt?: string, estimate?: Estimate|null}} asked
 * @param {(word: {approved: boolean, prompt?: string}) => Promise<void>} answer
 */
export function approvalCard(asked, answer) {
  const id = `prompt-${Math.random().toString(36).slice(2)}`;
  const prompt = asked.prompt
    ? h("textarea.prompt", { id, rows: 3, maxlength: 500, value: asked.prompt, spellcheck: "true" })
    : null;
  const problem = h("p.problem", { role: "alert" });
  const send = async (approved) => {
    const word = { approved };
    if (approved && prompt && prompt.value !== asked.prompt) word.prompt = prompt.value;
    set(true);
    try {
      await answer(word);
    } catch (error) {
      problem.textContent = `${error.message} ${error.remedy || ""}`;
      set(false);
    }
  };
  const approve = button("primary", "check", "Approve", () => send(true));
  const decline = button("button", null, "Decline", () => send(false));
  const set = (busy) => [approve, decline, prompt].forEach((one) => one && (one.disabled = busy));
  prompt?.addEventListener("input", () => {
    approve.lastChild.textContent = prompt.value === asked.prompt ? "Approve" : "Approve this prompt";
    approve.disabled = !prompt.value.trim();
  });
  return h(
    "section.approval",
    { aria: { label: "Approval needed" }, tabindex: "-1" },
    h("header", {}, icon("clock"), h("h2", {}, `${toolName(asked.tool)}?`), cost(asked.estimate)),
    h("p.reason", {}, asked.reason),
    prompt ? [h("label.label", { for: id }, "Prompt, as it would run"), prompt] : h("p.dim", {}, argsText(asked.args)),
    problem,
    h("div.row", {}, approve, decline),
  );
}

function cost(estimate) {
  if (!estimate) return null;
  const price = estimate.price > 0 ? "" : "free";
  return h("span.cost", {}, [estimate.text, price].filter(Boolean).join(" · "));
}
