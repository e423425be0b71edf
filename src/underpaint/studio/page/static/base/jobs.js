// The job on the table: asked for, watched, stopped, gone on with; its keys as they wait, grow and are done.
//
// session.state.job is null or {id, title, words, state, total, done, failed, progress, secondsLeft, lines, shape,
// small, own, psd, ora}; session.state.keys has one {number, name, palette, state, progress, preview, take, said} for each key.

import { api, newKey } from "./api.js";
import { notice } from "./marks.js";
import { session } from "./session.js";
import { smallPicture } from "./small.js";
import { inOneLine } from "./words.js";

const ALL_LIGHTS = 12;
const ONE_LIGHT = 4;
const MORE = 6;
let asked = null; // the last request and its key: asking again after a lost answer is the same job
const painted = new Map(); // how often each thing was asked for
let growing = null; // the key at work: {job, position, progress, seconds, preview}
let reading = null;
let again = false;

/** How many keys are asked for: what was typed, else one for each light that was pressed. */
export function howMany() {
  const { count, chosen } = session.state;
  if (count) return count;
  if (chosen.size === 0) return ALL_LIGHTS;
  return chosen.size === 1 ? ONE_LIGHT : chosen.size;
}

/** Ask for keys of what is on the desk. */
export function paint() {
  const { drawing, words, lights, chosen, model, asking, link } = session.state;
  if (asking || link !== "on" || !drawing?.lines) return;
  const request = { drawing: drawing.lines.sha256, words: words.trim(), count: howMany(), model: model || undefined,
    lights: lights.filter((light) => chosen.has(light.name)).map((light) => light.name) };
  submit({ ...request, seed: freshSeed(request) });
}

/** Ask for more keys in the light of those that were picked: between two, or more of each. */
export function moreLike() {
  const { job, keys, asking } = session.state;
  const picked = keys.filter((key) => key.take?.picked).map((key) => key.take.id);
  if (asking || !job || picked.length === 0) return;
  const request = { drawing: job.drawing, words: job.words, count: MORE, model: job.model, like: picked };
  submit({ ...request, title: `More like ${picked.length === 1 ? "this" : "these"}: ${job.words}`.slice(0, 200),
    seed: 1000 + crypto.getRandomValues(new Uint32Array(1))[0] });
}

/** The first time always the same keys; whoever asks for the same again wants others. */
function freshSeed(request) {
  const text = JSON.stringify(request);
  const times = painted.get(text) ?? 0;
  painted.set(text, times + 1);
  return 1 + 100 * times;
}

async function submit(request) {
  const text = JSON.stringify(request);
  if (asked?.text !== text || asked.answered) asked = { text, key: newKey(), answered: false };
  session.set({ asking: true });
  try {
    const id = await api.keys(request, asked.key);
    asked.answered = true;
    await openJob(id);
    document.getElementById("stage").scrollIntoView({ block: "start" });
  } catch (error) {
    notice(inOneLine(error), { words: "Try again", act: () => submit(request) });
  } finally {
    session.set({ asking: false });
  }
}

/** Lay a job on the table; a reload finds it there again, and the browser's Back the one before. */
export async function openJob(id) {
  if (jobOfAddress() !== id) history[session.state.job ? "pushState" : "replaceState"](null, "", `#${id}`);
  session.set({ job: session.state.job?.id === id ? session.state.job : null, opened: null, marked: [] });
  await refresh(id);
}

/** Clear the table. */
export function leaveJob() {
  history.replaceState(null, "", location.pathname);
  session.set({ job: null, keys: [], marked: [] });
}

/** Which job the address names. */
export function jobOfAddress() {
  return /^#([0-9a-f]{16})$/.exec(location.hash)?.[1] ?? null;
}

export function stop() {
  const { job } = session.state;
  job.leaving = true;
  session.touch("job");
  act(() => api.cancel(job.id)).finally(() => { job.leaving = false; });
}

export function goOn() {
  act(() => api.resume(session.state.job.id));
}

async function act(ask) {
  try {
    await ask();
    await refresh(session.state.job?.id);
  } catch (error) {
    notice(inOneLine(error));
  }
}

/** Read the job anew; calls that come while one is being read become one more. */
export async function refresh(id = jobOfAddress()) {
  if (!id) return;
  if (reading) {
    again = true;
    await reading;
    return;
  }
  do {
    again = false;
    reading = read(jobOfAddress() ?? id);
    await reading;
    reading = null;
  } while (again);
}

async function read(id) {
  try {
    const { job, keys } = await api.job(id);
    if (jobOfAddress() !== id) return;
    const old = session.state.job?.id === id ? session.state : null;
    session.set({ job: { ...job, small: old?.job.small, shape: old?.job.shape, leaving: old?.job.leaving ?? false },
      keys: keys.map((key, at) => merged(old?.keys[at], coloured(key))) });
    lay();
    if (job.lines && !old?.job.small) layLines(id, job.lines);
  } catch (error) {
    if (error.status !== 404) {
      if (!session.state.job) notice(inOneLine(error));
      return;
    }
    leaveJob();
    notice("Those keys are no longer on the list. Their pictures are among the earlier takes.");
  }
}

/** The lines of a job, small, and the shape that they give to all keys. */
async function layLines(id, source) {
  const small = await smallPicture(source);
  if (!small || session.state.job?.id !== id) return;
  const { job, drawing, words } = session.state;
  Object.assign(job, { small: small.url, shape: small.width / small.height });
  session.touch("job");
  if (drawing || !job.own) return;
  // An empty desk takes the drawing that these keys were painted under, to go on from.
  const { width, height } = small;
  session.set({ words: words || job.words, drawing: { name: "The drawing of these keys", phase: "ready", sent: 1, local: null, said: "",
    source: job.drawing, kind: "auto", keepBlue: true,
    lines: { sha256: job.drawing, url: source, small: small.url, width, height, kind: "transparent", notes: [] } } });
  session.keep();
}

/** A key in one of our lights, or in its mirror image, has its colours before it is painted. */
export function coloured(key) {
  const plain = (name) => name.replace(/\b(left|right)\b/g, "side");
  const light = session.state.lights.find(({ name }) => plain(key.name).startsWith(plain(name)));
  return { ...key, palette: light?.palette ?? [] };
}

/** A take stays the same object, so that a pick is a pick everywhere. */
function merged(old, key) {
  if (!old) return key;
  const take = key.take && old.take?.id === key.take.id ? Object.assign(old.take, key.take) : key.take;
  return { ...key, take };
}

/** Seconds left of the whole job, by those of the key at work. */
function ofAll(seconds, progress) {
  if (seconds === null || seconds === undefined || progress >= 1) return null;
  const waiting = session.state.keys.filter((key) => key.state === "waiting").length;
  return seconds + waiting * (seconds / (1 - progress));
}

/** Something happened to a job; what a key looks like is remembered even before its job is on the table. */
export function hear(what, data) {
  if (what === "progress" || what === "preview") {
    grow(what, data);
    lay();
  } else if (data.job === jobOfAddress()) {
    // Not the job on the table: what happens while that is still being read would be lost.
    const { job } = session.state;
    if (job?.id === data.job && (what === "painting" || what === "painted")) job.progress = 0;
    refresh(data.job);
  }
}

function grow(what, data) {
  if (growing?.job !== data.job || growing.position !== data.position) growing = { job: data.job, position: data.position, progress: 0 };
  if (what === "preview") growing.preview = `data:image/jpeg;base64,${data.preview}`;
  else Object.assign(growing, { progress: data.step / Math.max(data.steps, 1), seconds: data.seconds_left });
}

/** Show how the key at work has grown, if it is on the table. */
function lay() {
  const { job, keys } = session.state;
  const key = growing && job?.id === growing.job ? keys[growing.position] : null;
  if (!key || key.take || (job.state !== "running" && job.state !== "waiting")) return;
  Object.assign(key, { state: "painting", progress: growing.progress, preview: growing.preview ?? key.preview });
  Object.assign(job, { state: "running", progress: growing.progress, secondsLeft: ofAll(growing.seconds, growing.progress) ?? job.secondsLeft });
  session.touch("keys", "job");
}
