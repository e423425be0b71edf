// The keys side by side; one of them at a time takes the Tab key, and arrows walk from there.

import { h, isWriting, Part } from "../base/dom.js";
import { shortcuts } from "../base/keyboard.js";
import { mark, pick, reject } from "../base/marks.js";
import { session } from "../base/session.js";
import "./key-card.js";

class KeyGrid extends Part {
  build() {
    this.list = h("div", { class: "grid", role: "list" });
    this.empty = h("div", { class: "nothing" },
      h("p", { class: "lead", text: "Your keys come here" }),
      h("p", { class: "quiet", text: "One drawing and one sentence become twelve planned approaches to colour and light, "
        + "painted under your lines. The lines stay exactly as you drew them." }));
    this.append(this.empty, this.list);
    this.at = 0;
  }

  attach() {
    this.on(this.list, "focusin", (event) => this.#arrive(event.target.closest("key-card")));
    this.on(this.list, "keydown", (event) => this.#press(event));
    this.watch(["keys", "job"], () => this.draw());
  }

  get cards() {
    return [...this.list.children];
  }

  draw() {
    const { job, keys } = session.state;
    this.empty.hidden = Boolean(job);
    this.list.hidden = !job;
    if (!job) {
      this.list.replaceChildren();
      this.of = null;
      return;
    }
    if (this.of !== job.id) {
      this.of = job.id;
      this.at = 0;
      this.list.replaceChildren();
    }
    while (this.list.children.length > keys.length) this.list.lastChild.remove();
    while (this.list.children.length < keys.length) this.list.append(document.createElement("key-card"));
    this.cards.forEach((card, at) => card.show(keys[at], job));
    this.#rove();
  }

  #rove() {
    this.cards.forEach((card, at) => {
      for (const one of card.querySelectorAll("button")) one.tabIndex = at === this.at ? 0 : -1;
    });
  }

  #arrive(card) {
    const at = this.cards.indexOf(card);
    if (at < 0 || at === this.at) return;
    this.at = at;
    this.#rove();
  }

  #columns() {
    const [first, ...rest] = this.cards;
    const next = rest.findIndex((card) => card.offsetTop > first.offsetTop + 4);
    return next < 0 ? this.cards.length : next + 1;
  }

  #press(event) {
    const card = event.target.closest("key-card");
    if (!card || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.#columns(), ArrowDown: this.#columns() };
    const at = this.cards.indexOf(card);
    const ends = { Home: 0, End: this.cards.length - 1 };
    const to = event.key in steps ? at + steps[event.key] : ends[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.cards[to]?.open.focus();
      return;
    }
    const onPicture = event.target === card.open;
    const acts = { " ": pick, c: mark, x: reject };
    if (!(event.key in acts) || !card.take || (event.key === " " ? !onPicture : !shortcuts())) return;
    event.preventDefault();
    acts[event.key](card.take);
  }
}

customElements.define("key-grid", KeyGrid);
