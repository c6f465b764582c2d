/** Puts the page together. */

import { get, onUnknownUser } from "./api.js";
import { byId, notice } from "./dom.js";
import { refreshJobs, setUpJobs } from "./jobs.js";
import { setUpKeys } from "./keys.js";
import { refreshLibrary, setUpLibrary } from "./library.js";
import { setUpLineage } from "./lineage.js";
import { login } from "./login.js";
import { setUpPlayer } from "./player.js";
import { refreshSessions, setUpSessions } from "./sessions.js";
import { setUpShell } from "./shell.js";
import { addressed, on } from "./state.js";
import { openSession, setUpTalk } from "./talk.js";
import { setUpTimeline } from "./timeline.js";
import { chooseFiles, setUpUploads } from "./uploads.js";

async function begin() {
  const me = await get("/me");
  byId("who").textContent = `${me.user} · ${me.planner} · ${me.generator}`;
  await Promise.all([refreshLibrary(), refreshSessions(), refreshJobs(), openSession(addressed())]);
  document.body.dataset.ready = "";
  performance.mark("ready");
}

async function start() {
  try {
    await begin();
  } catch (error) {
    if (error.status === 401) return; // the card for the token is shown, and begins again
    notice(error.message, { remedy: error.remedy || "", error: true });
  }
}

for (const setUp of [
  setUpShell,
  setUpPlayer,
  setUpLibrary,
  setUpTimeline,
  setUpLineage,
  setUpJobs,
  setUpTalk,
  setUpSessions,
  setUpUploads,
  setUpKeys,
])
  setUp();
on("choose-files", chooseFiles);
onUnknownUser(() => void login().then(start));
void start();
