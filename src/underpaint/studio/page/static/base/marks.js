// What somebody says about takes: picked, rejected, to be compared; and taking it back.

import { api } from "./api.js";
import { session } from "./session.js";
import { inOneLine } from "./words.js";

const MOST_UNDONE = 50;
const done = [];

/** Say something in the line at the foot of the page; `way` is {words, act}. */
export function notice(text, way = null) {
  document.querySelector("notice-line").say(text, way);
}

export function pick(take) {
  return say(take, { picked: !take.picked, rejected: false }, take.picked ? "No longer picked" : "Picked");
}

export function reject(take) {
  return say(take, { rejected: !take.rejected, picked: false }, take.rejected ? "Taken back" : "Rejected");
}

/** Put a take beside another under the slider: the first press marks it, the second opens. */
export function mark(take) {
  const marked = session.state.marked.filter((id) => id !== take.id);
  if (marked.length === session.state.marked.length) marked.push(take.id);
  session.set({ marked: marked.slice(-2) });
  if (marked.length === 1) notice("Choose a second one to compare it with.");
  if (marked.length >= 2) document.querySelector("compare-view").show();
}

/** Take back the last pick or reject; whether there was one. */
export function undo() {
  const last = done.pop();
  if (!last) return false;
  apply(last.take, last.before);
  send(last.take, last.before);
  notice("Taken back.");
  return true;
}

async function say(take, changes, said) {
  const before = { picked: take.picked, rejected: take.rejected };
  done.push({ take, before });
  done.splice(0, done.length - MOST_UNDONE);
  apply(take, changes);
  if (changes.rejected !== before.rejected) notice(`${said}.`, { words: "Undo", act: undo });
  if (!(await send(take, changes))) {
    done.splice(done.findIndex((one) => one.take === take), 1);
    apply(take, before);
  }
}

async function send(take, changes) {
  try {
    await api.mark(take.id, changes);
    return true;
  } catch (error) {
    notice(inOneLine(error));
    return false;
  }
}

/** The same take may be shown twice, among the keys and in the strip. */
function apply(take, changes) {
  Object.assign(take, changes);
  for (const key of session.state.keys) {
    if (key.take?.id === take.id) Object.assign(key.take, changes);
  }
  session.touch("keys", "takes");
}
