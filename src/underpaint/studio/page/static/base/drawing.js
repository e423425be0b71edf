// The drawing on the desk: from a file to the lines that were read from it.
//
// session.state.drawing is null or {name, phase: sending | reading | ready | failed, sent: 0..1, local: a small
// picture of the file, source: its hash, kind, keepBlue, lines: {sha256, url, small, width, height, kind, notes}, said}.

import { api } from "./api.js";
import { session } from "./session.js";
import { smallPicture } from "./small.js";
import { inOneLine } from "./words.js";

let turn = 0;
let going = null;

/** Take a file: show it small at once, send it, read its lines. */
export async function takeDrawing(file) {
  if (!file) return;
  const mine = begin({ name: file.name || "drawing", phase: "sending", sent: 0, size: file.size });
  smallPicture(file).then((small) => change(mine, { local: small?.url ?? null }));
  try {
    const blob = await api.send(file, (sent) => change(mine, { sent }), going.signal);
    change(mine, { source: blob.sha256 });
    await read(mine);
  } catch (error) {
    fail(mine, error);
  }
}

/** Read the same drawing again as another kind, where the guess was wrong. */
export async function readAs(kind, keepBlue) {
  const { drawing } = session.state;
  if (!drawing?.source) return;
  const mine = begin({ ...drawing, kind, keepBlue, said: "" }, true);
  try {
    await read(mine);
  } catch (error) {
    fail(mine, error);
  }
}

/** Lay the drawing back on the desk that was there before a reload. */
export async function takeBack(sheet) {
  if (!sheet?.source) return;
  const mine = begin({ ...sheet, lines: null });
  try {
    const small = sheet.lines ? await smallPicture(sheet.lines.url) : null;
    if (small) change(mine, { phase: "ready", lines: { ...sheet.lines, small: small.url } });
    else await read(mine);
  } catch (error) {
    if (error.status === 404) session.set({ drawing: null });
    else fail(mine, error);
  }
}

export function putAway() {
  turn += 1;
  going?.abort();
  forgetLocal();
  session.set({ drawing: null });
  session.keep();
}

function begin(drawing, sameSheet = false) {
  going?.abort();
  going = new AbortController();
  if (!sameSheet) forgetLocal();
  session.set({ drawing: { kind: "auto", keepBlue: true, sent: 1, phase: "reading", said: "", lines: null, ...drawing } });
  turn += 1;
  return turn;
}

async function read(mine) {
  const { drawing } = session.state;
  if (mine !== turn) return;
  change(mine, { phase: "reading" });
  const lines = await api.lines(drawing, going.signal);
  change(mine, { phase: "ready", lines });
  if (mine === turn) session.keep();
}

function change(mine, changes) {
  if (mine !== turn) {
    if (changes.local) URL.revokeObjectURL(changes.local);
    return;
  }
  Object.assign(session.state.drawing, changes);
  session.touch("drawing");
}

function fail(mine, error) {
  if (error.name === "AbortError") return;
  change(mine, { phase: "failed", said: inOneLine(error) });
}

function forgetLocal() {
  const local = session.state.drawing?.local;
  if (local) URL.revokeObjectURL(local);
}
