// Building blocks of the page: elements without markup strings, and the part that every component is.

import { session } from "./session.js";

/** An element. `props` are attributes; `on` holds listeners, `text` its words, `data` its dataset. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    } else if (name === "text") {
      element.textContent = value;
    } else if (name === "data") {
      Object.assign(element.dataset, value);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A drawing from the page's own sheet of icons, for the eye only. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** A button with an icon, words, or both; `label` is said where the words are not shown. */
export function button({ label, sign, words, onclick, ...rest }) {
  const made = h("button", { type: "button", title: words ? undefined : label, "aria-label": words ? undefined : label,
    ...rest, on: onclick ? { click: onclick } : {} });
  if (sign) made.append(icon(sign));
  if (words) made.append(h("span", { text: words }));
  return made;
}

/** What every component is: built once, deaf to everything as soon as it leaves the page. */
export class Part extends HTMLElement {
  #built = false;

  connectedCallback() {
    this.over = new AbortController();
    if (!this.#built) {
      this.#built = true;
      this.build();
    }
    this.attach();
  }

  disconnectedCallback() {
    this.over.abort();
  }

  build() {}

  attach() {}

  on(target, type, listener, options = {}) {
    target.addEventListener(type, listener, { ...options, signal: this.over.signal });
  }

  /** Call `draw` now, and whenever one of these parts of the session changes. */
  watch(names, draw) {
    this.on(session, "change", (event) => {
      if (names.some((name) => event.detail.has(name))) draw();
    });
    draw();
  }
}

/** Whether keys that somebody presses are words being written. */
export function isWriting(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches(
    "textarea, select, input:not([type=checkbox]):not([type=range]):not([type=button])"));
}
