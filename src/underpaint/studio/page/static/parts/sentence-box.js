// One sentence: what is in the picture.

import { h, Part } from "../base/dom.js";
import { session } from "../base/session.js";
import { paint } from "../base/jobs.js";

class SentenceBox extends Part {
  build() {
    this.words = h("textarea", { id: "words", rows: "2", maxlength: "4000", autocomplete: "off", enterkeyhint: "done",
      placeholder: "a girl with a sword on a cliff", "aria-keyshortcuts": "Control+Enter" });
    this.append(h("label", { for: "words" }, h("h2", { text: "What is in it?" })), this.words);
  }

  attach() {
    this.on(this.words, "input", () => {
      session.set({ words: this.words.value });
      session.keep();
    });
    this.on(this.words, "keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        paint();
      }
    });
    this.watch(["words"], () => {
      if (this.words.value !== session.state.words) this.words.value = session.state.words;
    });
  }
}

customElements.define("sentence-box", SentenceBox);
