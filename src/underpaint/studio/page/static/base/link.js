// What the server tells: one stream of events for all tabs of this browser, which comes back by itself.
//
// A browser has only a few connections to one server. So one tab listens, by a lock that all tabs know, and tells
// the others; when it is closed the next one takes over. Whoever was away asks for the whole state anew.

import { session } from "./session.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 8000;
const EVENTS = ["submitted", "painting", "painted", "failed", "resumed", "cancelled", "stopped", "done", "progress", "preview"];

const heard = new EventTarget();
const others = "BroadcastChannel" in window ? new BroadcastChannel("underpaint") : null;
let source = null;
let wait = FIRST_WAIT;
let timer = 0;
let seen = null; // the last glimpse, for tabs that come later

/** Call `listener(what, data)` for each event, and `anew()` whenever some may have been missed. */
export function follow(listener, anew) {
  heard.addEventListener("event", ({ detail }) => listener(detail.what, detail.data));
  heard.addEventListener("anew", anew);
  if (others) others.onmessage = ({ data }) => receive(data);
  if (others && navigator.locks) {
    navigator.locks.request("underpaint-events", () => {
      listen();
      return new Promise(() => {}); // until this tab is closed
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !source) others.postMessage({ ask: true });
    });
    others.postMessage({ ask: true });
  } else {
    listen();
  }
}

/** Tell the other tabs of something that the server does not. */
export function tellOthers(what, data) {
  others?.postMessage({ what, data });
}

function listen() {
  clearTimeout(timer);
  source?.close();
  source = new EventSource("api/v1/events");
  source.onopen = () => {
    wait = FIRST_WAIT;
    tell({ link: "on" });
  };
  source.onerror = () => {
    source.close();
    if (session.state.link !== "locked") tell({ link: "away" });
    timer = setTimeout(listen, wait * (0.75 + Math.random() / 2));
    wait = Math.min(wait * 1.7, LONGEST_WAIT);
  };
  for (const what of EVENTS) {
    source.addEventListener(what, (event) => tell({ what, data: JSON.parse(event.data) }));
  }
}

function tell(message) {
  if (message.what) seen = message.what === "preview" ? message : message.what === "progress" ? seen : null;
  others?.postMessage(message);
  receive(message);
}

function receive(message) {
  if (message.ask) {
    if (source) others.postMessage({ link: session.state.link });
    if (source && seen) others.postMessage(seen);
  } else if (message.link) {
    const back = message.link === "on" && session.state.link !== "on";
    session.set({ link: message.link });
    if (back) heard.dispatchEvent(new Event("anew"));
  } else {
    heard.dispatchEvent(new CustomEvent("event", { detail: message }));
  }
}

window.addEventListener("online", () => {
  if (source && session.state.link !== "on") listen();
});
