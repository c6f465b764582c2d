/** What a clip was made from and what was made from it, drawn as a graph whose clips can be pressed. */

import { get, part, thumbnailOf } from "./api.js";
import { byId, empty, h, notice, s } from "./dom.js";
import { emit, on, show, state } from "./state.js";
import { clipTitle, clock } from "./words.js";

const [WIDE, HIGH, ACROSS, DOWN, EDGE] = [148, 132, 64, 20, 8];

/** Each clip's column is one more than the last of its parents'; rows follow in order. */
function placed(nodes) {
  const columns = new Map();
  const counts = [];
  const places = new Map();
  for (const node of nodes) {
    const column = Math.max(-1, ...node.parents.map((id) => columns.get(id) ?? -1)) + 1;
    columns.set(node.id, column);
    counts[column] = (counts[column] ?? -1) + 1;
    places.set(node.id, { x: EDGE + column * (WIDE + ACROSS), y: EDGE + counts[column] * (HIGH + DOWN) });
  }
  const size = {
    width: counts.length * (WIDE + ACROSS) - ACROSS + 2 * EDGE,
    height: (Math.max(...counts) + 1) * (HIGH + DOWN) - DOWN + 2 * EDGE,
  };
  return { places, size };
}

function edge(from, to) {
  const [x1, y1, x2, y2] = [from.x + WIDE, from.y + HIGH / 2, to.x, to.y + HIGH / 2];
  const bend = (x2 - x1) / 2;
  return s("path", { class: "edge", d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` });
}

function short(text, most = 20) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function box(node, at, asked) {
  const title = clipTitle(state.clips.get(node.id) || node, state.clips);
  const what =
    node.known === false ? "forgotten" : `${node.operation}${node.model ? ` · ${node.model.split("@")[0]}` : ""}`;
  const choose = () => node.known !== false && show({ id: node.id, title });
  const made = s(
    "g",
    {
      class: `node${node.id === asked ? " asked" : ""}`,
      transform: `translate(${at.x} ${at.y})`,
      tabindex: "0",
      role: "button",
      "aria-label": `${title}, ${what}`,
      onclick: choose,
      onkeydown: (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), choose()),
    },
    s("rect", { width: WIDE, height: HIGH, rx: 10 }),
  );
  const about = s("title", {});
  about.textContent = [title, what, node.prompt].filter(Boolean).join("\n");
  made.prepend(about);
  if (node.known !== false)
    made.append(
      s("image", {
        href: thumbnailOf(node.id, null, 320),
        x: 4,
        y: 4,
        width: WIDE - 8,
        height: 80,
        preserveAspectRatio: "xMidYMid slice",
      }),
    );
  const line = (text, y, kind) => {
    const drawn = s("text", { x: 10, y, class: kind });
    drawn.textContent = text;
    made.append(drawn);
  };
  line(short(title), 103, "name");
  line(short(`${what}${node.duration ? ` · ${clock(node.duration)}` : ""}`, 22), 121, "what");
  return made;
}

const SIDES = "Left: what it was made from. Right: what was made from it. Press a clip to watch it.";

const alone = (node) =>
  `${node?.operation === "upload" ? "It came from outside" : "It was made from words alone"}; nothing was made from it.`;

/** Draw the graph of a clip. @param {string} id */
async function draw(id) {
  emit("panel", "lineage");
  try {
    const graph = await get(`/clips/${part(id)}/lineage`);
    const asked = graph.nodes.find((node) => node.id === graph.clip);
    const { places, size } = placed(graph.nodes);
    const edges = graph.nodes.flatMap((node) =>
      node.parents
        .filter((parent) => places.has(parent))
        .map((parent) => edge(places.get(parent), places.get(node.id))),
    );
    const picture = s(
      "svg",
      {
        class: "lineage",
        viewBox: `0 0 ${size.width} ${size.height}`,
        width: size.width,
        height: size.height,
        role: "group",
        "aria-label": "Lineage of the clip",
      },
      ...edges,
      ...graph.nodes.map((node) => box(node, places.get(node.id), graph.clip)),
    );
    byId("panel-lineage").replaceChildren(
      h("p.dim", {}, graph.nodes.length > 1 ? SIDES : alone(asked)),
      h("div.wide-scroll", { tabindex: "0", role: "region", aria: { label: "Graph" } }, picture),
      asked ? facts(asked) : "",
      graph.cut ? h("p.dim", {}, `${graph.cut} more clips are left out.`) : "",
    );
  } catch (error) {
    notice(error.message, { remedy: error.remedy, error: true });
  }
}

function facts(node) {
  const rows = [
    ["Made by", node.operation],
    ["Model", node.model],
    ["Seed", node.seed],
    ["Prompt", node.prompt],
    ["Id", node.id],
  ];
  const told = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h(
    "dl.facts",
    {},
    told.map(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]),
  );
}

/** Build the panel. */
export function setUpLineage() {
  byId("panel-lineage").replaceChildren(
    empty(
      "Where a clip comes from",
      "Choose a clip, then press “Lineage” under the player: how it was made, from what, and what was made from it.",
    ),
  );
  on("lineage", draw);
}
