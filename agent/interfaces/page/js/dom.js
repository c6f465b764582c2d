/** Making elements. Text from clips, users and models only ever becomes a text node. */

/**
 * An element with attributes, listeners and children.
 * @param {string} tag its name, with classes after dots: "button.primary"
 * @param {Object<string, any>} [given] "onX": a listener; "data"/"aria": groups; true/false: a bare attribute or none
 * @param {...(Node|string|number|null|undefined|false|Array)} children
 * @returns {any}
 */
export function h(tag, given = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const made = document.createElement(name);
  if (classes.length) made.classList.add(...classes);
  for (const [key, value] of Object.entries(given)) set(made, key, value);
  made.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

function set(made, key, value) {
  if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
  else if (key === "data") Object.assign(made.dataset, value);
  else if (key === "aria") for (const [part, told] of Object.entries(value)) made.setAttribute(`aria-${part}`, told);
  else if (key === "value" || key === "checked" || key === "disabled" || key === "muted") made[key] = value;
  else if (value === true) made.setAttribute(key, "");
  else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
}

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element, made as h() makes one of HTML. */
export function s(tag, given = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** One of the page's icons; it says nothing to screen readers. */
export function icon(name) {
  return s("svg", { class: "icon", "aria-hidden": "true" }, s("use", { href: `#i-${name}` }));
}

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

/** A button with an icon and a word; `quiet` ones have no border. */
export function button(kind, name, text, onclick, given = {}) {
  return h(`button.${kind}`, { type: "button", onclick, ...given }, name && icon(name), text);
}

/** A square button that shows only an icon. */
export function square(name, label, onclick, given = {}) {
  return h("button.square", { type: "button", onclick, title: label, aria: { label }, ...given }, icon(name));
}

/** What a list shows while it is empty: what it is, and what to do. */
export function empty(title, text, ...more) {
  return h("div.empty", {}, h("strong", {}, title), h("p", {}, text), ...more);
}

/** Tell screen readers, without moving the focus. */
export function announce(text) {
  byId("live").textContent = text;
}

/** Show a notice for a while; errors stay until they are put away. */
export function notice(text, { remedy = "", error = false } = {}) {
  const shown = h(
    `div.notice${error ? ".error" : ""}`,
    { role: error ? "alert" : "status" },
    h("p", {}, h("strong", {}, text), remedy && ` ${remedy}`),
    square("cross", "Put this notice away", () => shown.remove()),
  );
  byId("notices").append(shown);
  if (!error) setTimeout(() => shown.remove(), 6000);
}

/** Ask before something that cannot be taken back. @returns {Promise<boolean>} */
export function confirmed(title, text, word) {
  const dialog = byId("asking");
  const done = (answer) => () => dialog.close(answer);
  dialog.replaceChildren(
    h("h2", { id: "asking-title" }, title),
    h("p", {}, text),
    h("div.row.end", {}, button("button", null, "Keep it", done("")), button("button.danger", null, word, done("yes"))),
  );
  dialog.showModal();
  return new Promise((told) => {
    dialog.addEventListener("close", () => told(dialog.returnValue === "yes"), { once: true });
    dialog.returnValue = "";
  });
}
