// What somebody says about takes: picked, rejected, to be compared; and taking it back.

import { api } from "./api.js";
import { tellOthers } from "./link.js";
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
  if (marked.length >= 2) {
    document.querySelector("notice-line").close();
    document.querySelector("compare-view").show();
  }
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
  const before = {};
  for (const name of Object.keys(changes)) {
    if (changes[name] === take[name]) delete changes[name];
    else before[name] = take[name];
  }
  const entry = { take, before };
  done.push(entry);
  done.splice(0, done.length - MOST_UNDONE);
  apply(take, changes);
  if ("rejected" in changes) notice(`${said}.`, { words: "Undo", act: undo });
  if (!(await send(take, changes))) {
    const at = done.indexOf(entry); // gone where it was taken back meanwhile
    if (at >= 0) done.splice(at, 1);
    apply(take, before);
  }
}

async function send(take, changes) {
  try {
    await api.mark(take.id, changes);
    tellOthers("mark", { id: take.id, changes });
    return true;
  } catch (error) {
    notice(inOneLine(error));
    return false;
  }
}

/** Another tab said something about a take. */
export function heard({ id, changes }) {
  const shown = [...session.state.keys.map((key) => key.take), ...(session.state.takes ?? [])];
  for (const take of shown) {
    if (take?.id === id) apply(take, changes);
  }
}

/** The same take may be shown twice, among the keys and in the strip. */
function apply(take, changes) {
  Object.assign(take, changes);
  for (const key of session.state.keys) {
    if (key.take?.id === take.id) Object.assign(key.take, changes);
  }
  for (const other of session.state.takes ?? []) {
    if (other.id === take.id) Object.assign(other, changes);
  }
  session.touch("keys", "takes");
}
