// One key: its picture under the lines while it waits, grows and is done, and what can be said about it.

import { button, h, Part } from "../base/dom.js";
import { mark, pick, reject } from "../base/marks.js";
import { session } from "../base/session.js";
import { goOn } from "../base/jobs.js";
import { linesKept } from "../base/words.js";
import { swatches } from "./light-list.js";

const STATES = { waiting: "waits its turn", painting: "is being painted", failed: "could not be painted", done: "" };

class KeyCard extends Part {
  build() {
    this.setAttribute("role", "listitem");
    this.paint = h("img", { class: "paint", alt: "", decoding: "async", draggable: "false" });
    this.lines = h("img", { class: "lines", alt: "", decoding: "async", draggable: "false" });
    this.grown = h("progress", { max: "1", "aria-hidden": "true" });
    this.badge = h("b", { class: "badge", "aria-hidden": "true" });
    this.open = h("button", { type: "button", class: "picture" }, this.paint, this.lines, this.badge, this.grown);
    this.number = h("span", { class: "number" });
    this.name = h("span", { class: "called" });
    this.colours = h("span");
    this.said = h("p", { class: "small wrong" });
    this.again = button({ words: "Try again", onclick: goOn });
    this.pick = button({ sign: "pick", class: "bare", label: "Pick", "aria-pressed": "false", onclick: () => pick(this.take) });
    this.compare = button({ sign: "compare", class: "bare", label: "Compare", "aria-pressed": "false", onclick: () => mark(this.take) });
    this.reject = button({ sign: "reject", class: "bare", label: "Reject", "aria-pressed": "false", onclick: () => reject(this.take) });
    this.tools = h("div", { class: "tools" }, this.pick, this.compare, this.reject);
    this.append(this.open, h("div", { class: "caption" },
      h("div", { class: "title" }, this.number, this.name), this.colours, this.said, this.again), this.tools);
  }

  attach() {
    this.on(this.open, "click", () => {
      if (this.take) session.set({ opened: { list: "keys", take: this.take.id } });
    });
    this.watch(["lines", "marked", "link"], () => this.#marks());
  }

  get take() {
    return this.key?.take ?? null;
  }

  /** Show a key; `job` gives the lines and the shape that all of them share. */
  show(key, job) {
    this.key = key;
    this.job = job;
    this.dataset.state = key.state;
    this.open.style.setProperty("--shape", String(job.shape || 1));
    const take = key.take;
    this.#picture(take ? take.shown : key.preview);
    this.number.textContent = String(key.number);
    this.name.textContent = key.name;
    if (this.colours.dataset.of !== key.palette.join()) {
      this.colours.dataset.of = key.palette.join();
      this.colours.replaceChildren(swatches(key.palette));
    }
    this.grown.hidden = key.state !== "painting";
    this.grown.value = key.progress ?? 0;
    this.said.textContent = key.said ?? "";
    this.said.hidden = !key.said;
    this.again.hidden = key.state !== "failed" || job.state === "running" || job.state === "waiting";
    this.tools.hidden = !take;
    const state = take?.rejected ? "rejected" : STATES[key.state];
    const facts = [take?.picked ? "picked" : "", state, linesKept(take?.kept)].filter(Boolean).join(", ");
    this.open.setAttribute("aria-label", `Key ${key.number}, ${key.name}${facts ? `: ${facts}` : ""}`);
    this.open.setAttribute("aria-disabled", String(!take));
    this.#marks();
  }

  #marks() {
    if (!this.key) return;
    const { lines, marked } = session.state;
    const source = this.job.small;
    this.lines.hidden = !source || !lines;
    if (source && this.lines.getAttribute("src") !== source) this.lines.src = source;
    const take = this.take;
    this.classList.toggle("picked", Boolean(take?.picked));
    this.classList.toggle("rejected", Boolean(take?.rejected));
    const at = take ? marked.indexOf(take.id) : -1;
    this.badge.textContent = at < 0 ? "" : "AB"[at];
    this.pick.setAttribute("aria-pressed", String(Boolean(take?.picked)));
    this.reject.setAttribute("aria-pressed", String(Boolean(take?.rejected)));
    this.compare.setAttribute("aria-pressed", String(at >= 0));
  }

  /** The next picture takes the place of the last only when it can be drawn: no flicker. */
  #picture(source) {
    if (this.wanted === source) return;
    this.wanted = source;
    if (!source) {
      this.paint.removeAttribute("src");
      this.paint.hidden = true;
      return;
    }
    const next = new Image();
    next.src = source;
    next.decode().catch(() => {}).then(() => {
      if (this.wanted !== source) return;
      this.paint.src = source;
      this.paint.hidden = false;
    });
  }
}

customElements.define("key-card", KeyCard);
