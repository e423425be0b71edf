"use strict";
(() => {
  const figures = [...document.querySelectorAll("figure")];
  const key = "underpaint-labels"; // one memory for all pages: each adds to it, none forgets another's
  const kinds = ["craft", "content"];
  const grades = ["good", "fair", "weak"];
  const who = document.getElementById("who");
  const chosen = (figure, kind) => {
    const one = figure.querySelector(`fieldset[data-kind="${kind}"] input:checked`);
    return one ? one.value : null;
  };
  const labels = () => figures
    .map((figure) => ({ sha256: figure.dataset.sha256, craft: chosen(figure, "craft"), content: chosen(figure, "content") }))
    .filter((one) => one.craft || one.content);
  const whole = () => ({ underpaint_labels: 1, by: who.value.trim(), labels: labels() });
  const show = () => {
    for (const figure of figures) figure.classList.toggle("done", kinds.every((kind) => chosen(figure, kind)));
    document.getElementById("count").textContent = `${labels().length} of ${figures.length} labelled`;
  };
  const known = () => {
    try { return Object(JSON.parse(localStorage.getItem(key))); } catch { return {}; }
  };
  const remember = () => {
    show();
    const of = { ...known().of };
    for (const { sha256, craft, content } of labels()) of[sha256] = { craft, content };
    try { localStorage.setItem(key, JSON.stringify({ by: who.value.trim(), of })); } catch { /* a page from a file may not remember */ }
  };
  const choose = (figure, kind, grade) => {
    if (grades.includes(grade)) figure.querySelector(`fieldset[data-kind="${kind}"] input[value="${grade}"]`).checked = true;
  };
  const before = known();
  who.value = String(before.by ?? "");
  for (const figure of figures) {
    for (const kind of kinds) choose(figure, kind, before.of?.[figure.dataset.sha256]?.[kind]);
  }
  document.addEventListener("change", remember);
  document.addEventListener("keydown", (event) => {
    if (event.target === who || event.ctrlKey || event.altKey || event.metaKey) return;
    const at = figures.findIndex((figure) => figure.contains(document.activeElement));
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      figures[Math.min(figures.length - 1, Math.max(0, at + step))].focus();
    } else if (at >= 0 && event.key >= "1" && event.key <= "6") {
      const number = Number(event.key) - 1;
      choose(figures[at], kinds[Math.floor(number / 3)], grades[number % 3]);
      remember();
    }
  });
  document.getElementById("save").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = "data:application/json;charset=utf-8," + encodeURIComponent(JSON.stringify(whole(), null, 1));
    link.download = "labels.json";
    link.click();
  });
  show();
})();
