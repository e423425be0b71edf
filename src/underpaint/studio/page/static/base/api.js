// The only file that knows how to speak with Underpaint's API; the rest of the page sees takes, keys and lines.

import { session } from "./session.js";

const ROOT = "api/v1";
const GONE = { message: "Underpaint is not answering", hint: "Nothing is lost. Try again in a moment" };

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
  let answer;
  try {
    answer = await fetch(`${ROOT}/${path}`, { method, signal, headers: body === undefined ? headers
      : { ...headers, "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body) });
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
    request.onerror = () => fail(new ApiError(0, GONE));
    request.onabort = () => fail(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

async function lines({ source, kind, keepBlue, name }, signal) {
  const read = await ask("POST", "lines", { body: { blob: source, kind, keep_blue: keepBlue, name: name.slice(0, 200) }, signal });
  return { ...read, url: blobAt(read.sha256) };
}

const blobAt = (sha256) => `${ROOT}/blobs/${sha256}`;

export const api = {
  send,
  lines,
  cancel: (job) => ask("DELETE", `jobs/${job}`),
  resume: (job) => ask("POST", `jobs/${job}/resume`),
  async atWork() {
    const { jobs } = await ask("GET", "jobs?unfinished=true&limit=20");
    return jobs.find((job) => ["waiting", "running"].includes(job.state) && job.made_by === "keys")?.id ?? null;
  },
};
