/* The panel that shows the queue of uploads.

   It is drawn at most once a frame, and shows at most `SHOWN` tasks: those behind move up as
   others finish. Only the beginning and the end are spoken aloud.

   Rule: reads the queue and asks it; decides nothing about transfers. */

import { duration, number, size } from "./format.js";
import { announce } from "./toasts.js";
import { countText, text } from "./texts.js";

const SHOWN = 50;
const LINGERS_FOR_MS = 8_000;

const byId = (id) => document.getElementById(id);
const panel = byId("uploads");
const pageTitle = document.title;

const STATES = {
  waiting: () => text("waiting"),
  sending: (task) => `${size(task.sent)} / ${size(task.size)}`,
  storing: () => text("storing"),
  done: (task) => text(task.wasReplaced ? "replaced" : "uploaded"),
  failed: (task) => task.failure.message,
  cancelled: () => text("cancelled"),
};

export class UploadPanel {
  constructor(queue) {
    this.queue = queue;
    this.items = new Map();
    this.frame = 0;
    queue.addEventListener("change", () => {
      this.frame ||= requestAnimationFrame(() => this.draw());
    });
    queue.addEventListener("settled", () => this.settle());
    byId("uploads-cancel").addEventListener("click", () => queue.cancelAll());
    byId("uploads-close").addEventListener("click", () => this.close());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.chooseItems();
    this.items.forEach((item, task) => this.drawItem(item, task));
    this.drawHead();
    panel.hidden = this.items.size === 0;
  }

  /** Keep the tasks that are shown, drop those that are gone, and let others move up. */
  chooseItems() {
    const { tasks } = this.queue;
    const unfinished = tasks.filter((task) => task.state !== "done" && task.state !== "cancelled");
    const rest = tasks.filter((task) => !unfinished.includes(task));
    const chosen = new Set([...unfinished, ...rest].slice(0, SHOWN));
    for (const [task, item] of this.items) {
      if (!chosen.has(task)) {
        item.remove();
        this.items.delete(task);
      }
    }
    for (const task of tasks) {
      if (chosen.has(task) && !this.items.has(task)) {
        const item = this.makeItem(task);
        this.items.set(task, item);
        byId("uploads-list").append(item);
      }
    }
    const hidden = tasks.length - chosen.size;
    byId("uploads-more").hidden = hidden === 0;
    byId("uploads-more").textContent = countText("more", hidden, { count: number(hidden) });
  }

  makeItem(task) {
    const item = byId("upload-item").content.firstElementChild.cloneNode(true);
    const { name } = task.file;
    item.querySelector("bdi").textContent = name;
    item.querySelector("bdi").title = task.path;
    item.querySelector("progress").setAttribute("aria-label", text("uploading-one", { name }));
    this.bindButton(item, ".upload-cancel", text("cancel-one", { name }), () => this.queue.cancel(task));
    this.bindButton(item, ".upload-retry", text("retry-one", { name }), () => this.queue.retry([task]));
    return item;
  }

  bindButton(item, selector, label, act) {
    const button = item.querySelector(selector);
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => {
      act();
      this.draw();
      // The button that was pressed is gone; its place in the list is not.
      const next = item.querySelector("button:not([hidden])") ?? byId("uploads-close");
      (next.hidden ? byId("uploads-list") : next).focus();
    });
  }

  drawItem(item, task) {
    item.dataset.state = task.state;
    const bar = item.querySelector("progress");
    bar.value = task.size ? task.sent / task.size : Number(task.state === "done");
    bar.hidden = !task.isUnderWay;
    item.querySelector(".upload-state").textContent = STATES[task.state](task);
    item.querySelector(".upload-cancel").hidden = !task.isUnderWay;
    item.querySelector(".upload-retry").hidden = !["failed", "cancelled"].includes(task.state);
  }

  drawHead() {
    const totals = this.queue.totals();
    const busy = this.queue.isBusy;
    const share = totals.size ? totals.sent / totals.size : 0;
    byId("uploads-title").textContent = busy
      ? countText("uploading", totals.count, { count: number(totals.count) })
      : summary(totals);
    byId("uploads-rate").textContent = busy ? pace(totals) : "";
    byId("uploads-bar").value = share;
    byId("uploads-bar").hidden = !busy;
    byId("uploads-cancel").hidden = !busy;
    byId("uploads-close").hidden = busy;
    document.title = busy ? `${Math.floor(share * 100)}% · ${pageTitle}` : pageTitle;
  }

  settle() {
    const totals = this.queue.totals();
    this.draw();
    if (totals.failed) {
      announce(summary(totals), { isUrgent: true });
    } else {
      if (totals.done) {
        announce(summary(totals));
      }
      this.closeSoon();
    }
  }

  closeSoon() {
    setTimeout(() => {
      if (this.queue.isBusy || this.queue.totals().failed) {
        return;
      }
      if (panel.matches(":hover, :focus-within")) {
        this.closeSoon();
      } else {
        this.close();
      }
    }, LINGERS_FOR_MS);
  }

  close() {
    const hadFocus = panel.contains(document.activeElement);
    panel.hidden = true;
    if (hadFocus) {
      byId("files-input").focus();
    }
  }
}

const summary = ({ done, failed }) =>
  failed
    ? countText("unfinished", failed, { count: number(failed) })
    : countText("done", done, { count: number(done) });

function pace({ sent, size: whole, rate, remaining }) {
  const parts = [`${size(sent)} / ${size(whole)}`];
  if (rate) {
    parts.push(text("rate", { size: size(rate) }), text("remaining", { time: duration(remaining) }));
  }
  return parts.join(" · ");
}
