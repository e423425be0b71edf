// One take, enlarged: walk through the others, look closer, say what you think, take it home.

import { button, h, icon, Part } from "../base/dom.js";
import { shortcuts } from "../base/keyboard.js";
import { mark, pick, reject } from "../base/marks.js";
import { session } from "../base/session.js";
import { linesKept, when } from "../base/words.js";
import { Zoom } from "../base/zoom.js";

const HOME = [["picture", "Picture"], ["psd", "PSD"], ["ora", "ORA"]];

class PictureView extends Part {
  build() {
    this.paint = h("img", { class: "paint", alt: "", draggable: "false" });
    this.lines = h("img", { class: "lines", alt: "", draggable: "false", on: { error: () => { this.lines.hidden = true; } } });
    this.frame = h("div", { class: "frame" }, this.paint, this.lines);
    this.back = button({ sign: "left", class: "walk before", label: "The one before", onclick: () => this.#walk(-1) });
    this.next = button({ sign: "right", class: "walk after", label: "The next one", onclick: () => this.#walk(1) });
    this.stage = h("div", { class: "looking" }, this.frame, this.back, this.next);
    this.name = h("h2");
    this.words = h("p", { class: "small" });
    this.facts = h("p", { class: "small quiet" });
    this.pick = button({ sign: "pick", words: "Pick", "aria-pressed": "false", onclick: () => pick(this.take) });
    this.reject = button({ sign: "reject", words: "Reject", "aria-pressed": "false", onclick: () => reject(this.take) });
    this.compare = button({ sign: "compare", words: "Compare", "aria-pressed": "false", onclick: () => mark(this.take) });
    this.withLines = button({ sign: "lines", words: "Lines", "aria-pressed": "true",
      onclick: () => session.set({ lines: !session.state.lines }) });
    this.home = HOME.map(([kind, words]) => h("a", { class: "button", download: true, data: { kind } }, icon("save"),
      h("span", { text: words })));
    this.dialog = h("dialog", { class: "view", "aria-label": "Enlarged" }, this.#bar(), this.stage,
      h("footer", {}, this.words, this.facts));
    this.append(this.dialog);
    this.zoom = new Zoom(this.stage, [this.frame], (step) => this.#walk(step));
  }

  #bar() {
    return h("header", {}, this.name, h("div", { class: "tools says" }, this.pick, this.reject, this.compare, this.withLines),
      h("div", { class: "tools" }, ...this.home),
      button({ sign: "reject", class: "bare close", label: "Close", onclick: () => this.dialog.close() }));
  }

  attach() {
    this.on(this.dialog, "close", () => this.#closed());
    this.on(this.dialog, "keydown", (event) => this.#press(event));
    this.watch(["opened", "keys", "takes", "lines", "marked"], () => this.draw());
  }

  get takes() {
    const { opened, keys, takes } = session.state;
    return opened?.list === "keys" ? keys.map((key) => key.take).filter(Boolean) : takes ?? [];
  }

  get take() {
    return this.takes.find((take) => take.id === session.state.opened?.take) ?? null;
  }

  draw() {
    const take = this.take;
    if (!take) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    if (!this.dialog.open) this.dialog.showModal();
    const at = this.takes.indexOf(take);
    this.back.disabled = at <= 0;
    this.next.disabled = at >= this.takes.length - 1;
    this.#picture(take);
    this.name.textContent = take.name || "Take";
    this.words.textContent = take.words;
    this.facts.textContent = [when(take.paintedAt), `${take.width} × ${take.height}`, linesKept(take.kept),
      take.seed === null ? "" : `seed ${take.seed}`].filter(Boolean).join(" · ");
    this.pick.setAttribute("aria-pressed", String(take.picked));
    this.reject.setAttribute("aria-pressed", String(take.rejected));
    this.compare.setAttribute("aria-pressed", String(session.state.marked.includes(take.id)));
    this.withLines.setAttribute("aria-pressed", String(session.state.lines));
    this.withLines.hidden = !take.overlay;
    for (const link of this.home) {
      link.hidden = !take[link.dataset.kind];
      if (take[link.dataset.kind]) link.href = take[link.dataset.kind];
    }
  }

  #picture(take) {
    if (this.shown !== take.id) {
      this.shown = take.id;
      this.paint.src = take.picture;
      this.paint.alt = `${take.name || "Take"}: ${take.words}`;
      this.lines.removeAttribute("src");
      this.zoom.size(take.width, take.height);
    }
    if (take.overlay && this.lines.getAttribute("src") !== take.overlay) this.lines.src = take.overlay;
    this.lines.hidden = !take.overlay || !session.state.lines;
  }

  #walk(step) {
    const to = this.takes[this.takes.indexOf(this.take) + step];
    if (to) session.set({ opened: { ...session.state.opened, take: to.id } });
  }

  #press(event) {
    if (event.target.closest("input")) return;
    const acts = { ArrowLeft: () => this.#walk(-1), ArrowRight: () => this.#walk(1) };
    const letters = { c: () => mark(this.take), x: () => reject(this.take) };
    const onButton = event.target.closest("button, a");
    const act = acts[event.key] ?? (shortcuts() ? letters[event.key] : undefined)
      ?? (event.key === " " && !onButton ? () => pick(this.take) : undefined);
    if (event.ctrlKey || event.metaKey || (!act && !this.zoom.key(event))) return;
    event.preventDefault();
    act?.();
  }

  #closed() {
    const { opened, keys } = session.state;
    this.shown = null;
    if (!opened) return;
    session.set({ opened: null });
    if (opened.list === "keys") {
      document.querySelectorAll("key-card")[keys.findIndex((key) => key.take?.id === opened.take)]?.open.focus();
    }
  }
}

customElements.define("picture-view", PictureView);
