// The light plans: press none for all of them, one for keys in that light alone, several for those.

import { button, h, Part } from "../base/dom.js";
import { session } from "../base/session.js";

class LightList extends Part {
  build() {
    this.all = button({ words: "All of them", class: "link small", onclick: () => this.#choose(new Set()) });
    this.list = h("ul", { class: "lights" });
    this.append(h("div", { class: "row" }, h("h2", { text: "Light" }), this.all), this.list);
  }

  attach() {
    this.watch(["lights"], () => this.#fill());
    this.watch(["chosen"], () => this.#mark());
  }

  #fill() {
    this.hidden = session.state.lights.length === 0;
    this.list.replaceChildren(...session.state.lights.map((light) => h("li", {},
      button({ "aria-pressed": "false", class: "light", "data-name": light.name, onclick: () => this.#press(light.name) }))));
    for (const [at, item] of [...this.list.children].entries()) {
      const light = session.state.lights[at];
      item.firstChild.append(swatches(light.palette), h("span", { text: light.name }));
    }
    this.#mark();
  }

  #press(name) {
    const chosen = new Set(session.state.chosen);
    if (!chosen.delete(name)) chosen.add(name);
    this.#choose(chosen);
  }

  #choose(chosen) {
    session.set({ chosen, count: null });
    session.keep();
  }

  #mark() {
    const { chosen } = session.state;
    this.all.hidden = chosen.size === 0;
    for (const one of this.list.querySelectorAll("button")) {
      one.setAttribute("aria-pressed", String(chosen.has(one.dataset.name)));
    }
    this.classList.toggle("some", chosen.size > 0);
  }
}

/** A strip of a plan's colours, from dark to light. */
export function swatches(colours = []) {
  const strip = h("span", { class: "swatches", "aria-hidden": "true" });
  for (const colour of colours) {
    const one = h("i");
    one.style.backgroundColor = colour;
    strip.append(one);
  }
  return strip;
}

customElements.define("light-list", LightList);
