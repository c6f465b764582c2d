/** The frame around everything: panels, the views of a narrow screen, light and dark, and who is there. */

import { byId } from "./dom.js";
import { emit, on } from "./state.js";

const THEMES = { auto: "Automatic", light: "Light", dark: "Dark" };

function panel(name) {
  for (const tab of byId("tabs").children) {
    const is = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(is));
    tab.tabIndex = is ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !is;
  }
  if (document.body.dataset.view !== "stage") view("stage");
}

function view(name) {
  document.body.dataset.view = name;
  for (const one of byId("views").children) {
    if (one.dataset.view === name) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  byId("open-rail").setAttribute("aria-expanded", String(name === "rail"));
}

function tabKeys(event) {
  const tabs = [...byId("tabs").children];
  const at = tabs.indexOf(event.target);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  const next = tabs[(to + tabs.length) % tabs.length];
  next.click();
  next.focus();
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  byId("theme").lastElementChild.textContent = THEMES[name];
  byId("theme").setAttribute("aria-label", `Colours: ${THEMES[name]}. Change them`);
}

function nextTheme() {
  const names = Object.keys(THEMES);
  const next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
  localStorage.setItem("theme", next);
  theme(next);
}

/** Wire tabs, views and the theme switch. */
export function setUpShell() {
  theme(document.documentElement.dataset.theme);
  byId("theme").addEventListener("click", nextTheme);
  byId("tabs").addEventListener("keydown", tabKeys);
  for (const tab of byId("tabs").children) tab.addEventListener("click", () => emit("panel", tab.id.slice(4)));
  for (const one of byId("views").children) one.addEventListener("click", () => view(one.dataset.view));
  byId("open-rail").addEventListener("click", () => view(document.body.dataset.view === "rail" ? "talk" : "rail"));
  byId("talk").addEventListener("click", (event) => {
    if (document.body.dataset.view === "rail" && !event.target.closest("#open-rail")) view("talk");
  });
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address names the conversation, not a place in the page
    view("talk");
    byId("request").focus();
  });
  on("panel", panel);
  on("view", view);
  on("show", ({ play }) => play && view("stage"));
}
