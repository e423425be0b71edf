// Where a drawing arrives: dropped anywhere on the page, pasted, chosen, or photographed; then its lines.

import { button, h, icon, isWriting, Part } from "../base/dom.js";
import { putAway, readAs, takeDrawing } from "../base/drawing.js";
import { session } from "../base/session.js";
import { KINDS, kindName, megabytes, sentence } from "../base/words.js";

const ACCEPTED = "image/*,.psd,.ora,.tif,.tiff";

class DropSheet extends Part {
  build() {
    this.file = h("input", { type: "file", accept: ACCEPTED, class: "sr", tabindex: "-1", "aria-label": "Drawing file" });
    this.photo = h("input", { type: "file", accept: "image/*", capture: "environment", class: "sr", tabindex: "-1",
      "aria-label": "Photo of a drawing" });
    this.empty = this.#empty();
    this.shown = this.#shown();
    this.veil = h("div", { class: "veil", hidden: true }, h("p", { text: "Drop the drawing" }));
    this.append(h("h2", { class: "sr", text: "Drawing" }), this.file, this.photo, this.empty, this.shown, this.veil);
  }

  attach() {
    for (const input of [this.file, this.photo]) {
      this.on(input, "change", () => {
        takeDrawing(input.files[0]);
        input.value = "";
      });
    }
    this.#catchDrops();
    this.on(document, "paste", (event) => {
      const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
      if (!file || (isWriting(event.target) && event.clipboardData.getData("text"))) return;
      event.preventDefault();
      takeDrawing(file);
    });
    this.watch(["drawing"], () => this.draw());
  }

  #buttons() {
    return h("div", { class: "row" },
      button({ sign: "file", words: "Choose a file", onclick: () => this.file.click() }),
      button({ sign: "camera", words: "Photograph it", class: "touch-only", onclick: () => this.photo.click() }));
  }

  #empty() {
    return h("div", { class: "empty-sheet" }, icon("sheet"),
      h("p", { class: "lead", text: "Drop a drawing here" }),
      h("p", { class: "quiet small", text: "A scan, a file of lines, or a phone photo of pencil on paper. Pasting works too." }),
      this.#buttons(),
      button({ class: "link quiet small", words: "Try it with a drawing of ours", onclick: () => this.#ours() }));
  }

  #shown() {
    this.picture = h("img", { alt: "", class: "sheet-picture" });
    this.state = h("p", { class: "sheet-state small", role: "status" });
    this.bar = h("progress", { max: "1", "aria-label": "Sending the drawing" });
    this.name = h("p", { class: "name" });
    this.face = h("div", { class: "segments", role: "group", "aria-label": "What is shown" },
      button({ words: "Lines", "aria-pressed": "true", onclick: () => this.#turn(false) }),
      button({ words: "Drawing", "aria-pressed": "false", onclick: () => this.#turn(true) }));
    this.kind = h("select", { on: { change: () => readAs(this.kind.value, this.blue.checked) } },
      h("option", { value: "auto" }), ...KINDS.map(([value, text]) => h("option", { value, text: `It is ${text}` })));
    this.blue = h("input", { type: "checkbox", checked: true,
      on: { change: () => readAs(this.kind.value, this.blue.checked) } });
    this.blueRow = h("label", { class: "check" }, this.blue, h("span", { text: "Keep the blue lines" }));
    this.notes = h("p", { class: "small quiet" });
    return h("div", { class: "has-sheet" },
      h("div", { class: "row" }, this.name, button({ sign: "reject", class: "bare", label: "Take another drawing", onclick: putAway })),
      h("div", { class: "paper" }, this.picture), this.bar, this.state,
      h("div", { class: "row facts" }, this.face, h("label", { class: "field" }, h("span", { class: "sr", text: "Read as" }), this.kind)),
      this.blueRow, this.notes);
  }

  #turn(original) {
    this.original = original;
    this.draw();
  }

  async #ours() {
    const answer = await fetch("demo.png");
    if (answer.ok) takeDrawing(new File([await answer.blob()], "girl-on-cliff.png", { type: "image/png" }));
  }

  #catchDrops() {
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    this.on(window, "dragover", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      this.veil.hidden = false;
    });
    this.on(window, "dragleave", (event) => {
      if (!event.relatedTarget) this.veil.hidden = true;
    });
    this.on(window, "drop", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      this.veil.hidden = true;
      takeDrawing(event.dataTransfer.files[0]);
    });
  }

  draw() {
    const { drawing } = session.state;
    this.empty.hidden = Boolean(drawing);
    this.shown.hidden = !drawing;
    if (!drawing) return;
    const { lines, phase } = drawing;
    this.name.textContent = drawing.name;
    this.bar.hidden = phase !== "sending";
    this.bar.value = drawing.sent;
    const original = (this.original && drawing.local) || !lines;
    this.#show(original ? drawing.local : lines.small, original ? `Your drawing, ${drawing.name}` : `The lines read from ${drawing.name}`);
    this.face.hidden = !lines || !drawing.local;
    this.face.children[0].setAttribute("aria-pressed", String(!original));
    this.face.children[1].setAttribute("aria-pressed", String(Boolean(original)));
    this.#say(drawing);
    this.kind.parentElement.hidden = !drawing.source || phase === "sending";
    this.kind.options[0].textContent = lines && drawing.kind === "auto" ? `Seen as ${kindName(lines.kind)}` : "See for yourself";
    this.kind.value = drawing.kind;
    this.blueRow.hidden = (lines?.kind ?? drawing.kind) !== "blue-pencil";
    this.blue.checked = drawing.keepBlue;
    this.notes.textContent = (lines?.notes ?? []).map(sentence).join(" ");
    this.notes.hidden = !this.notes.textContent;
  }

  #show(source, alt) {
    this.picture.hidden = !source;
    if (source && this.picture.getAttribute("src") !== source) this.picture.src = source;
    this.picture.alt = alt;
  }

  #say(drawing) {
    this.state.classList.toggle("wrong", drawing.phase === "failed");
    const sent = drawing.sent >= 1 ? "Looking at it" : `Sending ${megabytes(drawing.size ?? 0)}`;
    this.state.textContent = { sending: sent,
      reading: "Reading its lines", ready: "", failed: drawing.said }[drawing.phase];
    this.state.hidden = !this.state.textContent;
  }
}

customElements.define("drop-sheet", DropSheet);
