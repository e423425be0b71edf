// The only file that knows how to speak with Underpaint's API; the rest of the page sees takes, keys and lines.

import { session } from "./session.js";
import { smallPicture } from "./small.js";

const ROOT = "api/v1";
const CLIENT = "page";
const GONE = { message: "Underpaint is not answering", hint: "Nothing is lost. Try again in a moment" };

const LARGE = 100e6; // bytes; a server that refuses so much hangs up while it is still being sent
const TOO_LARGE = { message: "the file could not be sent whole", hint: "It is very large; a smaller scan will do" };

/** What went wrong, in the server's words, with the way out. */
export class ApiError extends Error {
  constructor(status, { message, hint, field } = {}) {
    super(message || `something went wrong (${status})`);
    Object.assign(this, { status, hint: hint ?? "", field: field ?? "" });
  }
}

/** A new key for a request that may have to be repeated. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function ask(method, path, { body, headers = {}, signal } = {}) {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const kind = body === undefined ? {} : { "Content-Type": "application/json" };
  let answer;
  try {
    answer = await fetch(`${ROOT}/${path}`, { method, signal, ...json, headers: { "X-Client": CLIENT, ...kind, ...headers } });
  } catch (error) {
    throw error.name === "AbortError" ? error : new ApiError(0, GONE);
  }
  if (!answer.ok) throw refusal(answer.status, await answer.json().catch(() => null));
  return answer.status === 204 ? null : answer.json();
}

function refusal(status, data) {
  if (status === 401) session.set({ link: "locked" });
  return new ApiError(status, data?.error);
}

/** Send a file with its progress, which fetch cannot tell. */
function send(file, sent, signal) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, file.name || "drawing.png");
    request.open("POST", `${ROOT}/blobs`);
    request.responseType = "json";
    request.upload.onprogress = (event) => { if (event.lengthComputable) sent(event.loaded / event.total); };
    request.onload = () => (request.status < 300 ? done(request.response) : fail(refusal(request.status, request.response)));
    request.onerror = () => fail(new ApiError(0, file.size > LARGE ? TOO_LARGE : GONE));
    request.onabort = () => fail(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

async function lines({ source, kind, keepBlue, name }, signal) {
  const read = await ask("POST", "lines", { body: { blob: source, kind, keep_blue: keepBlue, name: name.slice(0, 200) }, signal });
  const url = blobAt(read.sha256);
  return { ...read, url, small: (await smallPicture(url))?.url ?? url };
}

/** The library numbers the names of keys; the page shows number and name apart. */
function numbered(name, position) {
  const [, number, rest] = /^(\d+)\s+(.+)$/s.exec(name ?? "") ?? [];
  return { number: number ? Number(number) : position + 1, name: rest ?? name ?? "" };
}

/** A take as the page knows it. */
function takeOf(data) {
  const at = `${ROOT}/takes/${data.id}`;
  return { id: data.id, name: numbered(data.name, 0).name, words: data.words, seed: data.seed, width: data.width,
    height: data.height, picked: data.pick !== null, rejected: data.rejected, paintedAt: data.painted_at,
    kept: data.measured?.lines ?? null, picture: `${at}/picture`, shown: `${at}/thumbnail?side=768`,
    thumb: `${at}/thumbnail?side=256`, overlay: data.kind === "take" ? `${at}/lines` : null,
    psd: `${at}/document.psd`, ora: `${at}/document.ora` };
}

const details = new Map();

/** Everything about a take; asked for once, because only marks change, and those this page hears of. */
async function detail(id) {
  if (!details.has(id)) {
    const asked = ask("GET", `takes/${id}`).then(takeOf);
    asked.catch(() => details.delete(id));
    details.set(id, asked);
  }
  return details.get(id);
}

async function job(id) {
  const data = await ask("GET", `jobs/${id}`);
  const { request } = data;
  const takes = await Promise.all(data.pictures.map((one) => (one.take ? detail(one.take) : null)));
  const next = data.pictures.findIndex((one) => one.state === "waiting");
  const atWork = data.state === "running" && data.progress > 0;
  const keys = data.pictures.map((one, at) => ({ ...numbered(one.name, one.position), take: takes[at], progress: 0, preview: null,
    state: atWork && at === next ? "painting" : one.state, said: one.error ?? "" }));
  // What this page hands in is a line layer; of others' jobs only a take tells its lines.
  const own = data.client === CLIENT && Boolean(request.drawing);
  const lines = own ? blobAt(request.drawing) : takes.find(Boolean)?.overlay ?? null;
  return { keys, job: { id: data.id, own, title: data.title, words: request.words ?? "", drawing: request.drawing ?? null,
    model: request.model ?? undefined, state: data.state, total: data.total, done: data.done, failed: data.failed,
    progress: data.progress, secondsLeft: data.seconds_left, lines,
    psd: `${ROOT}/jobs/${id}/document.psd`, ora: `${ROOT}/jobs/${id}/document.ora` } };
}

const blobAt = (sha256) => `${ROOT}/blobs/${sha256}`;
const query = (words) => new URLSearchParams(Object.entries(words).filter(([, value]) => value || value === 0)).toString();

export const api = {
  send,
  lines,
  job,
  forget: () => details.clear(),
  keys: async (request, key) => (await ask("POST", "sets/keys", { body: request, headers: { "Idempotency-Key": key } })).id,
  trouble: async () => (await ask("GET", "health")).trouble ?? "",
  cancel: (id) => ask("DELETE", `jobs/${id}`),
  resume: (id) => ask("POST", `jobs/${id}/resume`),
  lights: async () => (await ask("GET", "lights")).lights,
  models: async () => (await ask("GET", "models?kind=checkpoint")).models.map(({ name }) => ({ id: name, name })),
  mark: (id, { picked, rejected }) => ask("PATCH", `takes/${id}`, { body: { rejected, pick: picked === undefined ? undefined : picked ? "picked" : "" } }),
  takes: async ({ words, picked, limit, offset }) =>
    (await ask("GET", `takes?${query({ query: words, picked, limit, offset })}`)).takes.map(takeOf),
  sheets: async () => (await ask("GET", "jobs?limit=200")).jobs.filter((one) => one.made_by === "keys"),
};
