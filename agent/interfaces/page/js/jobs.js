/** What is being made in the background. */

import { get, part, remove } from "./api.js";
import { button, byId, empty, h, notice } from "./dom.js";
import { madeJobCards } from "./moments.js";
import { emit, on } from "./state.js";
import { toolName, when } from "./words.js";

const OVER = new Set(["done", "failed", "blocked", "cancelled"]);
const EVERY = 2500;
let jobs = [];
let drawn = "";

/** Ask the server how the jobs are. */
export async function refreshJobs() {
  const found = await get("/jobs").catch(() => null);
  if (!found) return;
  const before = new Map(jobs.map((job) => [job.id, job.status]));
  jobs = found;
  for (const job of jobs) {
    if (OVER.has(job.status) && before.has(job.id) && !OVER.has(before.get(job.id))) {
      notice(`Job ${job.id} is ${job.status}.`, { remedy: job.error?.message || "" });
      emit("uploaded");
    }
  }
  const active = jobs.filter((job) => !OVER.has(job.status)).length;
  byId("jobs-count").textContent = String(active);
  byId("jobs-count").hidden = !active;
  draw();
}

function draw() {
  const now = JSON.stringify(jobs);
  if (now === drawn) return;
  drawn = now;
  const panel = byId("panel-jobs");
  if (!jobs.length) {
    panel.replaceChildren(
      empty(
        "Nothing runs in the background",
        "Tick “Make what takes long in the background” under your request, and go on talking while it is made.",
      ),
    );
    return;
  }
  panel.replaceChildren(h("ul.jobs", {}, [...jobs].reverse().map(row)));
}

function row(job) {
  const over = OVER.has(job.status);
  return h(
    "li.job",
    { data: { status: job.status } },
    h(
      "div.line",
      {},
      h("strong", {}, toolName(job.tool)),
      h("span.state", {}, job.status),
      h("span.grow", {}),
      h("span.dim", {}, when(job.created)),
      !over && button("quiet", "cross", "Cancel", () => cancel(job), { aria: { label: `Cancel job ${job.id}` } }),
    ),
    h("p", {}, job.prompt || job.request),
    !over && h("progress", { max: 1, value: job.fraction, aria: { label: `Progress of job ${job.id}` } }),
    !over && h("p.dim", {}, told(job)),
    job.error && h("p.problem", {}, `${job.error.message} ${job.error.remedy || ""}`),
    job.clips.length > 0 && madeJobCards(job.clips),
  );
}

const told = ({ fraction, note, estimate }) =>
  [`${Math.round(fraction * 100)} %`, note, estimate?.text].filter(Boolean).join(" · ");

async function cancel(job) {
  try {
    await remove(`/jobs/${part(job.id)}`);
    await refreshJobs();
  } catch (error) {
    notice(error.message, { remedy: error.remedy, error: true });
  }
}

/** Keep the panel up to date while something runs and the page is seen. */
export function setUpJobs() {
  draw();
  on("turn-ended", refreshJobs);
  const busy = () => jobs.some((job) => !OVER.has(job.status));
  setInterval(() => document.visibilityState === "visible" && busy() && void refreshJobs(), EVERY);
}
