// What is being painted, how far it is, and what can be done with it.

import { button, h, icon, Part } from "../base/dom.js";
import { goOn, leaveJob, moreLike, stop } from "../base/jobs.js";
import { notice } from "../base/marks.js";
import { session } from "../base/session.js";
import { some, timeLeft } from "../base/words.js";

class JobBar extends Part {
  build() {
    this.heading = h("h2");
    this.state = h("p", { class: "quiet" });
    this.aloud = h("p", { class: "sr", role: "status" });
    this.bar = h("progress", { max: "1", "aria-label": "Keys painted" });
    this.stop = button({ words: "Stop", onclick: stop });
    this.goOn = button({ words: "Go on", onclick: goOn });
    this.more = button({ words: "More like these", onclick: moreLike });
    this.lines = button({ sign: "lines", words: "Lines", "aria-pressed": "true",
      onclick: () => session.set({ lines: !session.state.lines }) });
    [this.psd, this.ora] = ["PSD", "ORA"].map((words) => h("a", { class: "button", download: true, on: { click: () =>
      notice("The layers are being put together; the file comes by itself.") } }, icon("save"), h("span", { text: words })));
    this.away = button({ sign: "reject", class: "bare", label: "Clear the table; nothing is lost", onclick: leaveJob });
    this.append(h("div", { class: "row" }, this.heading, h("div", { class: "tools" }, this.stop, this.goOn, this.more,
      this.lines, this.psd, this.ora, this.away)), this.state, this.bar, this.aloud);
  }

  attach() {
    this.watch(["job", "keys", "lines", "link"], () => this.draw());
  }

  draw() {
    const { job, keys, lines, link } = session.state;
    this.hidden = !job;
    if (!job) return;
    const busy = job.state === "running" || job.state === "waiting";
    const picked = keys.filter((key) => key.take?.picked).length;
    this.heading.textContent = job.title || "Keys";
    this.heading.title = job.title;
    this.#progress(job, busy, link);
    this.stop.hidden = !busy || job.leaving;
    this.goOn.hidden = busy || job.done === job.total;
    this.more.hidden = job.done === 0;
    this.more.disabled = picked === 0 || link === "away";
    this.more.title = picked ? "" : "Pick one or two first.";
    this.lines.setAttribute("aria-pressed", String(lines));
    this.lines.hidden = !job.lines;
    for (const [link, kind] of [[this.psd, "psd"], [this.ora, "ora"]]) {
      link.hidden = job.done === 0 || !job[kind];
      const wanted = picked ? (take) => take?.picked : (take) => take && !take.rejected;
      const chosen = keys.flatMap((key, at) => (wanted(key.take) ? [at] : []));
      const only = chosen.length < job.done ? chosen.map((at) => `position=${at}`).join("&") : "";
      if (job[kind]) link.href = only ? `${job[kind]}?${only}` : job[kind];
      link.title = picked ? `A layered ${kind.toUpperCase()} of ${some(picked, "picked key")}, your lines on top`
        : `A layered ${kind.toUpperCase()} of every key, your lines on top`;
    }
  }

  #progress(job, busy, link) {
    const parts = [`${job.done} of ${job.total} painted`];
    if (job.failed) parts.push(`${some(job.failed, "key")} could not be painted`);
    if (job.state === "waiting" && !job.done) parts.push("waits its turn");
    if (job.state === "running" && !job.done && !job.progress) parts.push("getting ready");
    if (busy && job.leaving) parts.push("stopping");
    else if (busy && link === "on") parts.push(timeLeft(job.secondsLeft));
    if (job.state === "cancelled" || job.state === "stopped") parts.push("stopped");
    this.state.textContent = parts.filter(Boolean).join(" · ");
    this.bar.hidden = !busy;
    this.bar.value = (job.done + (job.progress || 0)) / Math.max(job.total, 1);
    const aloud = busy ? `${job.done} of ${job.total} keys painted` : `${job.title}: ${this.state.textContent}`;
    if (this.aloud.textContent !== aloud) this.aloud.textContent = aloud;
    document.title = busy ? `${job.done}/${job.total} · Underpaint` : "Underpaint";
  }
}

customElements.define("job-bar", JobBar);
