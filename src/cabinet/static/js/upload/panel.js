/* The upload panel, which shows the queue.

   It is redrawn a few times per second and shows at most `MAX_SHOWN` tasks; others move up as tasks finish. Screen
   readers hear the start of a wait and the end. It can be collapsed to its header, and starts collapsed where it
   covers the list; a failure expands it.

   Rule: reads the queue and calls it; contains no transfer logic. */

import { byId, parts } from "../core/dom.js";
import { duration, exactSize, number, size } from "../core/format.js";
import { AWAY, isGuest } from "../core/identity.js";
import { countText, text } from "../core/texts.js";
import { askToSignIn } from "../session/signin.js";
import { confirm } from "../ui/dialogs.js";
import { announce } from "../ui/toasts.js";
import { drawFailures } from "./failures.js";
import { canHash } from "./hashing.js";
import { drawItem, makeItem, TRY_AGAIN } from "./item.js";

/** @import { Queue } from "./queue.js" */
/** @import { Task } from "./task.js" */
/** @import { Totals } from "./totals.js" */

const MAX_SHOWN = 50;
const CLOSE_DELAY_MS = 8_000;
// Not animation frames: they stop in a background tab, whose title keeps counting.
const REDRAW_INTERVAL_MS = 100;
// Narrow layouts have no sidebar for the panel (uploads.css).
const COVERS_LIST = "(width < 56.25em)";

const panel = byId("uploads");

// The order of tasks: active ones first, then those that need attention.
/** @type {((task: Task) => boolean)[]} */
const RANKS = [
  (task) => task.isActive,
  (task) => task.state === "failed",
  (task) => task.isOpen && !task.isActive,
  (task) => task.isFinished,
];

/** @type {Record<string, { isFor: (task: Task) => boolean, act: (queue: Queue, tasks: Task[]) => unknown }>} */
const ACTIONS = {
  pause: {
    isFor: (task) => ["waiting", "sending", "held"].includes(task.state),
    act: (queue, tasks) => queue.pause(tasks),
  },
  resume: { isFor: (task) => task.state === "paused", act: (queue, tasks) => queue.resume(tasks) },
  retry: TRY_AGAIN,
  cancel: { isFor: (task) => task.isOpen, act: cancelAll },
};

/** Cancel `tasks`; ask first if bytes that were already sent would be lost.
    @type {(queue: Queue, tasks: Task[]) => Promise<void>} */
async function cancelAll(queue, tasks) {
  const lost = tasks.reduce((bytes, { sent, kept }) => bytes + Math.max(sent, kept), 0);
  const count = { count: number(tasks.length) };
  if (lost) {
    const words = text("cancel-all-text", { size: size(lost) });
    const title = countText("cancel-all", tasks.length, count);
    if (!(await confirm(title, words, text("cancel-uploads"), text("keep-uploading")))) {
      return;
    }
  }
  // Some may have finished while the question was open.
  queue.cancel(tasks.filter((task) => task.isOpen));
}

export class UploadPanel {
  /** @param {Queue} queue */
  constructor(queue) {
    this.queue = queue;
    /** @type {Map<Task, HTMLElement>} */
    this.items = new Map();
    this.timer = 0;
    this.wasHeld = false;
    this.isClosed = false;
    this.isCollapsed = matchMedia(COVERS_LIST).matches;
    this.pageTitle = document.title;
    queue.addEventListener("change", () => {
      this.timer ||= setTimeout(() => this.draw(), REDRAW_INTERVAL_MS);
    });
    queue.addEventListener("settled", () => this.settle());
    for (const [action, { isFor, act }] of Object.entries(ACTIONS)) {
      byId(`uploads-${action}`).addEventListener("click", async () => {
        await act(queue, queue.tasks.filter(isFor));
        this.draw();
        this.focusOn(panel);
      });
    }
    byId("uploads-collapse").addEventListener("click", () => this.collapse(!this.isCollapsed));
    this.collapse(this.isCollapsed);
    byId("uploads-close").addEventListener("click", () => this.close());
    byId("uploads-signin").addEventListener("click", askToSignIn);
    if (isGuest) {
      byId("uploads-signin").textContent = text("unlock");
    }
    byId("uploads-hint").hidden = canHash;
  }

  draw() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.updateItems();
    drawFailures(this.queue.tasks);
    this.items.forEach((item, task) => drawItem(item, task));
    this.drawHead();
    this.drawNote();
    this.isClosed &&= !this.queue.isBusy;
    this.show(this.items.size > 0 && !this.isClosed);
  }

  /** Show or hide the panel, and make room for it. A class on the root, because `:has()` would be evaluated with
      every change of the document.
      @type {(isShown: boolean) => void} */
  show(isShown) {
    panel.hidden = !isShown;
    document.documentElement.classList.toggle("has-uploads", isShown);
  }

  /** Collapse the panel to its header, or expand it.
      @type {(isCollapsed: boolean) => void} */
  collapse(isCollapsed) {
    this.isCollapsed = isCollapsed;
    panel.classList.toggle("is-collapsed", isCollapsed);
    const button = byId("uploads-collapse");
    button.ariaExpanded = String(!isCollapsed);
    button.ariaLabel = text(isCollapsed ? "expand" : "collapse");
    button.title = button.ariaLabel;
  }

  /** Update the page title after another folder was opened.
      @type {(title: string) => void} */
  rename(title) {
    this.pageTitle = title;
    this.drawHead();
  }

  /** Update the rows: keep those still shown, remove others, let the next tasks move up. */
  updateItems() {
    const { tasks } = this.queue;
    const visible = new Set(
      RANKS.flatMap((isOfRank) => tasks.filter(isOfRank).slice(0, MAX_SHOWN)).slice(0, MAX_SHOWN),
    );
    for (const [task, item] of this.items) {
      if (!visible.has(task)) {
        item.remove();
        this.items.delete(task);
      }
    }
    for (const task of visible) {
      if (!this.items.has(task)) {
        const item = makeItem(task, this.queue, (line) => {
          this.draw();
          this.focusOn(line);
        });
        this.items.set(task, item);
        byId("uploads-list").append(item);
      }
    }
    const hidden = tasks.length - visible.size;
    byId("uploads-more").hidden = hidden === 0;
    byId("uploads-more").textContent = countText("more", hidden, { count: number(hidden) });
  }

  /** Restore the focus if the pressed button has disappeared.
      @type {(place: HTMLElement) => void} */
  focusOn(place) {
    if (document.activeElement?.checkVisibility() && document.activeElement !== document.body) {
      return;
    }
    const [next] = [place, panel].flatMap((each) => parts(each, "button:not([hidden])"));
    (next ?? byId("uploads-list")).focus();
  }

  drawHead() {
    const { queue } = this;
    const totals = queue.totals();
    const busy = queue.isBusy;
    const share = totals.size ? totals.sent / totals.size : 0;
    byId("uploads-title").textContent = headline(totals, busy);
    byId("uploads-rate").textContent = busy || totals.paused ? progressText(totals) : "";
    byId("uploads-rate").title = exactSize(totals.size);
    const bar = byId("uploads-bar", HTMLProgressElement);
    bar.value = share;
    bar.hidden = !busy && !totals.paused;
    for (const [action, { isFor }] of Object.entries(ACTIONS)) {
      byId(`uploads-${action}`).hidden = !queue.tasks.some(isFor);
    }
    byId("uploads-close").hidden = busy || totals.paused > 0;
    document.title = busy ? `${Math.floor(share * 100)}% · ${this.pageTitle}` : this.pageTitle;
  }

  /** Show one message for all tasks that wait. */
  drawNote() {
    const held = this.queue.tasks.find((task) => task.isUnderWay && task.obstacle);
    const why = held?.obstacle?.why ?? "";
    byId("uploads-note").hidden = !held;
    byId("uploads-signin").hidden = !AWAY.has(why);
    byId("uploads-note-text").textContent = held ? text(`held-${why}`) : "";
    if (held && !this.wasHeld) {
      announce(text(`held-${why}`));
    }
    this.wasHeld = Boolean(held);
  }

  settle() {
    const totals = this.queue.totals();
    this.isClosed &&= !totals.failed;
    if (totals.failed) {
      this.collapse(false);
    }
    this.draw();
    if (totals.failed) {
      const why = parts(panel, ".uploads-failure, [data-state=failed] .upload-state");
      const [first = ""] = why.map(({ textContent }) => textContent?.trim());
      announce(`${summary(totals)}. ${first}`, { isUrgent: true });
    } else if (!totals.paused) {
      if (totals.done) {
        announce(summary(totals));
      }
      this.closeSoon();
    }
  }

  closeSoon() {
    setTimeout(() => {
      const { failed, paused } = this.queue.totals();
      if (this.queue.isBusy || failed || paused) {
        return;
      }
      if (panel.matches(":hover, :focus-within")) {
        this.closeSoon();
      } else {
        this.close();
      }
    }, CLOSE_DELAY_MS);
  }

  close() {
    const hadFocus = panel.contains(document.activeElement);
    this.isClosed = true;
    this.show(false);
    if (hadFocus) {
      (document.getElementById("files-input") ?? byId("main")).focus();
    }
  }
}

/** @type {(totals: Totals) => string} */
function summary({ done, failed }) {
  if (failed) {
    return countText("unfinished", failed, { count: number(failed) });
  }
  return done ? countText("done", done, { count: number(done) }) : text("cancelled");
}

/** @type {(totals: Totals, busy: boolean) => string} */
function headline(totals, busy) {
  if (busy) {
    return countText("uploading", totals.count, { count: number(totals.count) });
  }
  return totals.paused
    ? countText("all-paused", totals.paused, { count: number(totals.paused) })
    : summary(totals);
}

/** @type {(totals: Totals) => string} */
function progressText({ sent, size: whole, rate, remaining }) {
  const parts = [`${size(sent)} / ${size(whole)}`];
  if (rate) {
    parts.push(text("rate", { size: size(rate) }), text("remaining", { time: duration(remaining ?? 0) }));
  }
  return parts.join(" · ");
}
