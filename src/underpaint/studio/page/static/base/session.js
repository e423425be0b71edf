// What this tab knows: one object, changed in one way, watched by the parts that show it.

const KEPT = "underpaint.desk";

class Session extends EventTarget {
  state = {
    link: "on", // on, away, locked
    trouble: "", // why nothing is painted
    drawing: null, // see drawing.js
    words: "",
    count: null, // null: as many as there are lights
    lights: [],
    chosen: new Set(), // names of the lights that were pressed; none means all
    models: [],
    model: "",
    job: null, // see jobs.js
    keys: [],
    lines: true, // whether the lines are shown on top
    marked: [], // at most two takes to compare
    takes: null, // of the strip; null until they are there
    asked: {}, // what the strip is searched for: {words, picked}
    asking: false, // whether keys are being asked for
    opened: null, // what is enlarged: {list, take}
  };

  /** Change some of it and tell whoever watches. */
  set(changes) {
    Object.assign(this.state, changes);
    this.dispatchEvent(new CustomEvent("change", { detail: new Set(Object.keys(changes)) }));
  }

  /** Say that something inside one of these has changed. */
  touch(...names) {
    this.dispatchEvent(new CustomEvent("change", { detail: new Set(names) }));
  }

  /** Remember what is on the desk for a reload of this tab. */
  keep() {
    const { drawing, words, count, chosen, model } = this.state;
    const sheet = drawing?.source ? { source: drawing.source, name: drawing.name, kind: drawing.kind,
      keepBlue: drawing.keepBlue, lines: drawing.lines && { ...drawing.lines, small: null } } : null;
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ sheet, words, count, chosen: [...chosen], model }));
    } catch {
      // A browser that keeps nothing loses the sentence on a reload, and nothing else.
    }
  }

  /** What `keep` kept, or an empty desk. */
  kept() {
    try {
      return JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
    } catch {
      return {};
    }
  }
}

export const session = new Session();
