// The page comes to life: what was on the desk, what is on the table, and what Underpaint tells from now on.

import { api } from "./base/api.js";
import { takeBack } from "./base/drawing.js";
import { coloured, hear, jobOfAddress, leaveJob, openJob, refresh } from "./base/jobs.js";
import { listenToKeys } from "./base/keyboard.js";
import { follow } from "./base/link.js";
import { heard } from "./base/marks.js";
import { session } from "./base/session.js";
import { loadTakes, newTakes } from "./base/takes.js";
import "./parts/small-parts.js";
import "./parts/drop-sheet.js";
import "./parts/sentence-box.js";
import "./parts/light-list.js";
import "./parts/paint-button.js";
import "./parts/job-bar.js";
import "./parts/key-grid.js";
import "./parts/take-strip.js";
import "./parts/picture-view.js";
import "./parts/compare-view.js";

const LOOK = 10_000; // how often it is asked why nothing moves, while something should

/** The lights and the models, which hardly ever change. */
async function stock() {
  const [lights, models] = await Promise.allSettled([api.lights(), api.models()]);
  session.set({ lights: lights.value ?? session.state.lights, models: models.value ?? session.state.models });
  session.set({ keys: session.state.keys.map(coloured) });
}

function layOut() {
  const kept = session.kept();
  session.set({ words: kept.words ?? "", count: kept.count ?? null, model: kept.model ?? "", chosen: new Set(kept.chosen ?? []) });
  takeBack(kept.sheet);
}

/** Keys that are being painted, such as those that another tab or an earlier day asked for. */
async function atWork() {
  const sheets = await api.sheets();
  return sheets.find(({ state }) => state === "running" || state === "waiting")?.id ?? null;
}

async function unfinished() {
  const job = jobOfAddress() ?? (await atWork().catch(() => null));
  if (job) await openJob(job);
}

layOut();
listenToKeys();
stock();
unfinished();
follow((what, data) => {
  hear(what, data);
  if (what === "painted") newTakes();
  if (what === "mark") heard(data);
}, () => {
  api.forget();
  stock();
  refresh();
  loadTakes();
  if (session.state.drawing?.phase === "failed") takeBack(session.kept().sheet);
});
window.addEventListener("popstate", () => {
  const job = jobOfAddress();
  if (!job) leaveJob();
  else if (job !== session.state.job?.id) openJob(job);
});
setInterval(async () => {
  const busy = ["running", "waiting"].includes(session.state.job?.state);
  if (!busy || document.hidden || session.state.link !== "on") return;
  session.set({ trouble: await api.trouble().catch(() => "") });
}, LOOK);
