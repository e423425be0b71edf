// Keys that work everywhere on the page, and whether somebody wants them at all.

import { isWriting } from "./dom.js";
import { undo } from "./marks.js";
import { session } from "./session.js";

const KEPT = "underpaint.shortcuts";
let wanted = true;
try {
  wanted = localStorage.getItem(KEPT) !== "off";
} catch {
  // Then they are on.
}

/** Whether single letters act; who dictates or leans on keys can turn them off. */
export function shortcuts() {
  return wanted;
}

export function setShortcuts(on) {
  wanted = on;
  try {
    localStorage.setItem(KEPT, on ? "on" : "off");
  } catch {
    // Kept for this visit only.
  }
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isWriting(event.target)) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && undo()) event.preventDefault();
    if (!wanted || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = ACTS[event.key];
    if (!act || (document.querySelector("dialog[open]") && !ACTS_IN_VIEWS.has(event.key))) return;
    event.preventDefault();
    act();
  });
}

const ACTS_IN_VIEWS = new Set(["l", "z"]);
const ACTS = {
  l: () => session.set({ lines: !session.state.lines }),
  z: () => undo(),
  "/": () => document.getElementById("words").focus(),
  k: () => (document.querySelector("key-card button[tabindex='0']") ?? document.getElementById("stage")).focus(),
  "?": () => document.querySelector("key-help").show(),
};
