// Two takes under one slider, moved and enlarged together.

import { button, h, Part } from "../base/dom.js";
import { shortcuts } from "../base/keyboard.js";
import { pick } from "../base/marks.js";
import { session } from "../base/session.js";
import { Zoom } from "../base/zoom.js";

class CompareView extends Part {
  build() {
    this.sides = ["A", "B"].map((letter) => this.#side(letter));
    this.over = h("div", { class: "over" }, this.sides[1].frame);
    this.edge = h("div", { class: "edge", "aria-hidden": "true" });
    this.stage = h("div", { class: "looking" }, this.sides[0].frame, this.over, this.edge);
    this.slider = h("input", { type: "range", min: "0", max: "100", step: "0.5", value: "50", "aria-label": "Where A ends and B begins" });
    this.withLines = button({ sign: "lines", words: "Lines", "aria-pressed": "true",
      onclick: () => session.set({ lines: !session.state.lines }) });
    this.dialog = h("dialog", { class: "view", "aria-label": "Two takes compared" },
      h("header", {}, this.sides[0].said, h("div", { class: "tools" },
        button({ sign: "swap", label: "Change sides", onclick: () => this.#swap() }), this.withLines,
        button({ sign: "fit", label: "Fit", onclick: () => this.zoom.fit() })), this.sides[1].said,
      button({ sign: "reject", class: "bare", label: "Close", onclick: () => this.dialog.close() })),
      this.stage, h("footer", {}, this.slider));
    this.append(this.dialog);
    this.zoom = new Zoom(this.stage, this.sides.map((side) => side.frame));
    this.#cut(50);
  }

  #side(letter) {
    const side = { paint: h("img", { class: "paint", alt: "", draggable: "false" }), lines: h("img", { class: "lines", alt: "", draggable: "false" }),
      name: h("span", { class: "called" }) };
    side.frame = h("div", { class: "frame" }, side.paint, side.lines);
    side.pick = button({ sign: "pick", label: `Pick ${letter}`, "aria-pressed": "false", onclick: () => pick(side.take) });
    side.said = h("div", { class: `side side-${letter.toLowerCase()}` }, h("b", { class: "letter", text: letter }), side.name, side.pick);
    return side;
  }

  attach() {
    this.on(this.slider, "input", () => this.#cut(Number(this.slider.value)));
    this.on(this.edge, "pointerdown", (event) => this.edge.setPointerCapture(event.pointerId));
    this.on(this.edge, "pointermove", (event) => {
      if (!this.edge.hasPointerCapture(event.pointerId)) return;
      const box = this.stage.getBoundingClientRect();
      this.#cut(100 * Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)));
    });
    this.on(this.dialog, "keydown", (event) => this.#press(event));
    this.on(this.dialog, "close", () => session.set({ marked: [] }));
    this.watch(["lines", "keys", "takes"], () => this.draw());
  }

  /** Show the two that are marked. */
  show() {
    const { marked, keys, takes } = session.state;
    const all = [...keys.map((key) => key.take).filter(Boolean), ...(takes ?? [])];
    const [first, second] = marked.map((id) => all.find((take) => take.id === id));
    if (!first || !second) return;
    [this.sides[0].take, this.sides[1].take] = [first, second];
    this.dialog.showModal();
    this.slider.focus();
    this.zoom.size(first.width, first.height);
    this.#cut(50);
    this.draw();
  }

  draw() {
    if (!this.dialog.open) return;
    const { lines } = session.state;
    for (const { take, paint, lines: layer, name, pick: picks } of this.sides) {
      if (paint.getAttribute("src") !== take.picture) paint.src = take.picture;
      paint.alt = take.name || take.words;
      if (take.overlay && layer.getAttribute("src") !== take.overlay) layer.src = take.overlay;
      layer.hidden = !take.overlay || !lines;
      name.textContent = take.name || take.words;
      picks.setAttribute("aria-pressed", String(take.picked));
    }
    this.withLines.setAttribute("aria-pressed", String(lines));
  }

  #cut(percent) {
    this.slider.value = String(percent);
    this.stage.style.setProperty("--cut", `${percent}%`);
    this.slider.setAttribute("aria-valuetext", `${Math.round(percent)} % A`);
  }

  #swap() {
    const [first, second] = this.sides;
    [first.take, second.take] = [second.take, first.take];
    this.draw();
  }

  #press(event) {
    if (event.key.startsWith("Arrow") && event.target !== this.slider) {
      const step = { ArrowLeft: -2, ArrowRight: 2 }[event.key] ?? 0;
      this.#cut(Math.max(0, Math.min(100, Number(this.slider.value) + step)));
    } else if (event.key === "s" && shortcuts() && !event.ctrlKey && !event.metaKey) {
      this.#swap();
    } else if (event.ctrlKey || event.metaKey || !this.zoom.key(event)) {
      return;
    }
    event.preventDefault();
  }
}

customElements.define("compare-view", CompareView);
