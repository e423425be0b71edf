// The page comes to life: what was on the desk, what is on the table, and what Underpaint tells from now on.

import { api } from "./base/api.js";
import { takeBack } from "./base/drawing.js";
import { hear, jobOfAddress, openJob, refresh } from "./base/jobs.js";
import { listenToKeys } from "./base/keyboard.js";
import { follow } from "./base/link.js";
import { session } from "./base/session.js";
import { loadTakes } from "./base/takes.js";
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

/** The lights and the models, which hardly ever change. */
async function stock() {
  const [lights, models] = await Promise.allSettled([api.lights(), api.models()]);
  session.set({ lights: lights.value ?? session.state.lights, models: models.value ?? session.state.models });
}

function layOut() {
  const kept = session.kept();
  session.set({ words: kept.words ?? "", count: kept.count ?? null, model: kept.model ?? "", chosen: new Set(kept.chosen ?? []) });
  takeBack(kept.sheet);
}

async function unfinished() {
  const job = jobOfAddress() ?? (await api.atWork().catch(() => null));
  if (job) await openJob(job);
}

layOut();
listenToKeys();
stock();
unfinished();
follow((what, data) => {
  hear(what, data);
  if (what === "painted" || what === "mark") loadTakes();
}, () => {
  stock();
  refresh();
  loadTakes();
  if (session.state.drawing?.phase === "failed") takeBack(session.kept().sheet);
});
window.addEventListener("hashchange", () => {
  const job = jobOfAddress();
  if (job && job !== session.state.job?.id) openJob(job);
});
