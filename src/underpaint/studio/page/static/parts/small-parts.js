// The small ones: whether Underpaint is there, light or dark, the keys to press, and one line of news.

import { button, h, icon, Part } from "../base/dom.js";
import { setShortcuts, shortcuts } from "../base/keyboard.js";
import { session } from "../base/session.js";
import { sentence } from "../base/words.js";

const SHOWN = 8000;

class LinkState extends Part {
  build() {
    this.setAttribute("role", "status");
  }

  attach() {
    this.watch(["link", "trouble"], () => {
      const { link, trouble } = session.state;
      const said = { on: sentence(trouble), away: "Underpaint is not answering. Nothing is lost; this page goes on by itself.",
        locked: "This tab is no longer let in. Open the link that “underpaint serve” shows." };
      this.textContent = said[link];
    });
  }
}

class ThemeSwitch extends Part {
  build() {
    this.button = button({ class: "bare", onclick: () => this.#turn() });
    this.append(this.button);
  }

  attach() {
    this.#draw();
  }

  #turn() {
    const order = ["auto", "light", "dark"];
    const theme = order[(order.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % order.length];
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("underpaint.theme", theme);
    } catch {
      // Kept for this visit only.
    }
    this.#draw();
  }

  #draw() {
    const theme = document.documentElement.dataset.theme ?? "auto";
    const [sign, said] = { auto: ["auto", "Light or dark as the system"], light: ["sun", "Light"], dark: ["moon", "Dark"] }[theme];
    this.button.replaceChildren(icon(sign));
    this.button.setAttribute("aria-label", `${said}; press to change`);
    this.button.title = said;
  }
}

const KEYS = [
  ["← → ↑ ↓", "walk through the keys"], ["Space", "pick"], ["X", "reject"], ["C", "compare: one, then the other"],
  ["Enter", "enlarge"], ["Esc", "close"], ["L", "lines on or off"], ["Z", "take back"], ["+ − 0 1", "closer, farther, fit, pixel by pixel"],
  ["/", "to the sentence"], ["K", "to the keys"], ["Ctrl Enter", "paint"], ["?", "this list"],
];

class KeyHelp extends Part {
  build() {
    this.wanted = h("input", { type: "checkbox", checked: shortcuts(), on: { change: () => setShortcuts(this.wanted.checked) } });
    const close = button({ words: "Close", onclick: () => this.dialog.close() });
    this.dialog = h("dialog", { class: "card", "aria-labelledby": "key-help" }, h("h2", { id: "key-help", text: "Keys to press" }),
      h("dl", {}, ...KEYS.flatMap(([key, does]) => [h("dt", {}, h("kbd", { text: key })), h("dd", { text: does })])),
      h("div", { class: "row" }, h("label", { class: "check" }, this.wanted, h("span", { text: "Single letters act" })), close));
    this.append(button({ sign: "help", class: "bare", label: "Keys to press", onclick: () => this.show() }), this.dialog);
  }

  show() {
    if (!this.dialog.open) this.dialog.showModal();
  }
}

class NoticeLine extends Part {
  build() {
    this.setAttribute("role", "status");
    this.setAttribute("popover", "manual");
  }

  attach() {
    for (const type of ["pointerenter", "focusin"]) this.on(this, type, () => clearTimeout(this.wait));
    for (const type of ["pointerleave", "focusout"]) this.on(this, type, () => this.#later());
  }

  /** Show a line for a while, with a way to act on it: {words, act}. */
  say(text, way = null) {
    this.replaceChildren(h("span", { text }));
    if (way) {
      this.append(button({ words: way.words, onclick: () => {
        this.close();
        way.act();
      } }));
    }
    this.hidePopover();
    this.showPopover(); // above a view that is open
    this.#later();
  }

  #later() {
    clearTimeout(this.wait);
    this.wait = setTimeout(() => this.close(), SHOWN);
  }

  close() {
    this.hidePopover();
    this.replaceChildren();
  }
}

customElements.define("link-state", LinkState);
customElements.define("theme-switch", ThemeSwitch);
customElements.define("key-help", KeyHelp);
customElements.define("notice-line", NoticeLine);
