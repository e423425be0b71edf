// Every earlier take, the latest first; it grows by itself as takes are painted.

import { button, h, Part } from "../base/dom.js";
import { api } from "../base/api.js";
import { openJob } from "../base/jobs.js";
import { session } from "../base/session.js";
import { loadMore, loadTakes, search } from "../base/takes.js";
import { when } from "../base/words.js";

const PAUSE = 250;

class TakeStrip extends Part {
  build() {
    this.list = h("ul", { class: "takes" });
    this.none = h("p", { class: "quiet small" });
    this.find = h("input", { type: "search", placeholder: "Find", "aria-label": "Find takes by words", autocomplete: "off" });
    this.picked = button({ words: "Picked", class: "small", "aria-pressed": "false", onclick: () => this.#onlyPicked() });
    this.sheets = h("select", { "aria-label": "Go back to earlier keys", on: { change: () => this.#goBack(), focus: () => this.#listSheets(),
      pointerdown: () => this.#listSheets() } }, h("option", { value: "", text: "Earlier keys" }));
    this.end = h("li", { class: "end", "aria-hidden": "true" });
    this.append(h("div", { class: "row" }, h("h2", { text: "Earlier takes" }), h("div", { class: "tools" }, this.sheets, this.picked, this.find)),
      this.none, this.list);
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", "Earlier takes");
  }

  attach() {
    this.on(this.find, "input", () => {
      clearTimeout(this.pause);
      this.pause = setTimeout(() => search({ words: this.find.value }), PAUSE);
    });
    this.on(this.list, "focusin", (event) => {
      this.at = event.target.closest("li")?.dataset.id;
      this.#rove();
    });
    this.on(this.list, "keydown", (event) => this.#press(event));
    this.on(this.list, "wheel", (event) => {
      if (event.deltaX || !event.deltaY || event.ctrlKey || this.list.scrollWidth <= this.list.clientWidth) return;
      event.preventDefault();
      this.list.scrollLeft += event.deltaY;
    }, { passive: false });
    const seen = new IntersectionObserver((found) => {
      if (found.some((one) => one.isIntersecting)) loadMore();
    }, { root: this.list, rootMargin: "0px 600px" });
    seen.observe(this.end);
    this.over.signal.addEventListener("abort", () => seen.disconnect());
    this.watch(["takes", "marked"], () => this.draw());
    loadTakes();
  }

  async #listSheets() {
    const sheets = await api.sheets().catch(() => []);
    const first = this.sheets.options[0];
    this.sheets.replaceChildren(first, ...sheets.map((job) => h("option", { value: job.id,
      text: `${when(job.created_at)}: ${job.title || "keys"} (${job.done} of ${job.total})` })));
  }

  #goBack() {
    const { value } = this.sheets;
    this.sheets.value = "";
    if (value) openJob(value);
  }

  #onlyPicked() {
    const on = this.picked.getAttribute("aria-pressed") !== "true";
    this.picked.setAttribute("aria-pressed", String(on));
    search({ picked: on });
  }

  draw() {
    const { takes = null, asked = {} } = session.state;
    const looking = Boolean(asked.words || asked.picked);
    this.none.hidden = takes === null || takes.length > 0;
    this.none.textContent = looking ? "Nothing was found." : "Whatever you paint stays here, also after a crash.";
    this.find.disabled = this.picked.disabled = !looking && !(takes?.length);
    const there = new Map([...this.list.children].map((item) => [item.dataset.id, item]));
    const items = (takes ?? []).map((take) => this.#item(there.get(take.id), take));
    const wanted = [...items, this.end];
    const same = wanted.length === this.list.children.length && wanted.every((item, at) => item === this.list.children[at]);
    if (!same) this.list.replaceChildren(...wanted);
    this.#rove();
  }

  /** One take at a time takes the Tab key; arrows walk from there. */
  #rove() {
    const thumbs = [...this.list.querySelectorAll(".thumb")];
    const at = Math.max(0, thumbs.findIndex((thumb) => thumb.parentElement.dataset.id === this.at));
    thumbs.forEach((thumb, one) => { thumb.tabIndex = one === at ? 0 : -1; });
  }

  #item(known, take) {
    const item = known ?? h("li", { data: { id: take.id } }, h("button", { type: "button", class: "thumb",
      on: { click: () => session.set({ opened: { list: "takes", take: take.id } }) } },
    h("img", { src: take.thumb, alt: "", loading: "lazy", decoding: "async", draggable: "false", width: take.width, height: take.height })));
    const at = session.state.marked.indexOf(take.id);
    item.classList.toggle("picked", take.picked);
    item.classList.toggle("rejected", take.rejected);
    const called = [take.name, take.words].filter(Boolean).join(": ");
    const label = [called || "Take", take.picked ? "picked" : "", at >= 0 ? `compared as ${"AB"[at]}` : ""].filter(Boolean).join(", ");
    if (item.firstChild.getAttribute("aria-label") !== label) {
      item.firstChild.setAttribute("aria-label", label);
      item.firstChild.title = label;
    }
    return item;
  }

  #press(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...this.list.querySelectorAll(".thumb")];
    items[items.indexOf(event.target.closest(".thumb")) + step]?.focus();
  }
}

customElements.define("take-strip", TakeStrip);
