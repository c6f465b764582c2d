/** The card on which a token is given, where the server wants one. */

import { post } from "./api.js";
import { byId, h } from "./dom.js";

let waiting = null;

/** Ask for a token until the server takes one. @returns {Promise<void>} */
export function login() {
  waiting ??= new Promise((done) => ask(done));
  return waiting;
}

function ask(done) {
  const dialog = byId("login");
  const token = h("input", { type: "password", id: "token", autocomplete: "current-password", required: true });
  const problem = h("p.problem", { role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    try {
      await post("/login", { token: token.value });
      dialog.close();
      waiting = null;
      done();
    } catch (error) {
      problem.textContent = `${error.message} ${error.remedy}`;
      token.select();
    }
  };
  dialog.replaceChildren(
    h(
      "form",
      { onsubmit: submit },
      h("h2", { id: "login-title" }, "Sign in"),
      h("p", {}, "This server serves several people. Paste the token that you were given."),
      h("label.label", { for: "token" }, "Token"),
      token,
      problem,
      h("div.row.end", {}, h("button.primary", {}, "Sign in")),
    ),
  );
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.showModal();
}
