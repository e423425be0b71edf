// How many keys, with which model, and the button that begins.

import { button, h, Part } from "../base/dom.js";
import { howMany, paint } from "../base/jobs.js";
import { session } from "../base/session.js";
import { some } from "../base/words.js";

const MOST = 96;

class PaintButton extends Part {
  build() {
    this.count = h("input", { type: "number", min: "1", max: String(MOST), id: "count", inputmode: "numeric" });
    this.model = h("select", { id: "model" });
    this.modelRow = h("label", { class: "field" }, h("span", { text: "Model" }), this.model);
    this.begin = button({ class: "first wide", words: "Paint", onclick: paint });
    this.why = h("p", { class: "small quiet", id: "why" });
    this.begin.setAttribute("aria-describedby", "why");
    this.append(this.modelRow, h("div", { class: "go" },
      h("label", {}, h("span", { class: "sr", text: "How many keys" }), this.count), this.begin), this.why);
  }

  attach() {
    this.on(this.count, "input", () => {
      const count = Math.min(Math.max(Math.round(Number(this.count.value)) || 0, 0), MOST);
      session.set({ count: count || null });
      session.keep();
    });
    this.on(this.count, "blur", () => setTimeout(() => this.draw()));
    this.on(this.model, "change", () => {
      session.set({ model: this.model.value });
      session.keep();
    });
    this.watch(["models", "model"], () => this.#models());
    this.watch(["drawing", "count", "chosen", "lights", "job", "asking", "link", "words"], () => this.draw());
  }

  #models() {
    const { models, model } = session.state;
    this.modelRow.hidden = models.length < 2;
    this.model.replaceChildren(...models.map((one) => h("option", { value: one.id, text: one.name })));
    this.model.value = model;
    if (this.model.selectedIndex < 0) this.model.selectedIndex = 0;
  }

  draw() {
    const { drawing, asking, link } = session.state;
    const count = howMany();
    if (document.activeElement !== this.count) this.count.value = String(count);
    this.begin.querySelector("span").textContent = asking ? "Asking" : `Paint ${some(count, "key")}`;
    const why = this.#missing(drawing, link);
    this.begin.disabled = Boolean(why) || Boolean(asking);
    this.why.textContent = why;
    this.why.hidden = !why;
  }

  #missing(drawing, link) {
    if (link === "away") return "Underpaint is not running just now.";
    if (!drawing) return "It begins with a drawing.";
    if (drawing.phase === "failed") return "It needs a drawing with lines.";
    return drawing.lines ? "" : "The lines are being read.";
  }
}

customElements.define("paint-button", PaintButton);
