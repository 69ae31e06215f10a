/* The panel that shows the queue of uploads.

   It is drawn a few times a second, and shows at most `SHOWN` tasks: those behind move up as
   others finish. Only the beginning of a wait and the end are spoken aloud. It can be collapsed to its
   head, and is so from the start where it lies over the list; what failed shows it whole again.

   Rule: reads the queue and asks it; decides nothing about transfers. */

import { byId, parts } from "../core/dom.js";
import { duration, exactSize, number, size } from "../core/format.js";
import { AWAY } from "../core/identity.js";
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

const SHOWN = 50;
const LINGERS_FOR_MS = 8_000;
// Not by animation frames: a page in the background has none, and its title shall go on counting.
const DRAWN_EVERY_MS = 100;
// Where there is no rail for it beside the list (uploads.css).
const OVER_THE_LIST = "(width < 56.25em)";

const panel = byId("uploads");

// Those that are going come first, then those that somebody has to look after.
/** @type {((task: Task) => boolean)[]} */
const RANKS = [
  (task) => task.isOnTheLine,
  (task) => task.state === "failed",
  (task) => task.isOpen && !task.isOnTheLine,
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

/** Cancel `tasks`; ask first where bytes would be lost that are sent already.
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
  // Some may have arrived while somebody thought about it.
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
    this.isCollapsed = matchMedia(OVER_THE_LIST).matches;
    this.pageTitle = document.title;
    queue.addEventListener("change", () => {
      this.timer ||= setTimeout(() => this.draw(), DRAWN_EVERY_MS);
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
    byId("uploads-hint").hidden = canHash;
  }

  draw() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.chooseItems();
    drawFailures(this.queue.tasks);
    this.items.forEach((item, task) => drawItem(item, task));
    this.drawHead();
    this.drawNote();
    this.isClosed &&= !this.queue.isBusy;
    this.show(this.items.size > 0 && !this.isClosed);
  }

  /** Show the panel or not; what it would lie over makes way. Said by a class, for the
      browser would look for it with every element that comes or goes.
      @type {(isShown: boolean) => void} */
  show(isShown) {
    panel.hidden = !isShown;
    document.documentElement.classList.toggle("has-uploads", isShown);
  }

  /** Show the head alone, or all of the panel.
      @type {(isCollapsed: boolean) => void} */
  collapse(isCollapsed) {
    this.isCollapsed = isCollapsed;
    panel.classList.toggle("is-collapsed", isCollapsed);
    const button = byId("uploads-collapse");
    button.ariaExpanded = String(!isCollapsed);
    button.ariaLabel = text(isCollapsed ? "expand" : "collapse");
    button.title = button.ariaLabel;
  }

  /** Go on under another title: another folder is open.
      @type {(title: string) => void} */
  rename(title) {
    this.pageTitle = title;
    this.drawHead();
  }

  /** Keep the tasks that are shown, drop those that are gone, and let others move up. */
  chooseItems() {
    const { tasks } = this.queue;
    const chosen = new Set(
      RANKS.flatMap((isOfRank) => tasks.filter(isOfRank).slice(0, SHOWN)).slice(0, SHOWN),
    );
    for (const [task, item] of this.items) {
      if (!chosen.has(task)) {
        item.remove();
        this.items.delete(task);
      }
    }
    for (const task of chosen) {
      if (!this.items.has(task)) {
        const item = makeItem(task, this.queue, (line) => {
          this.draw();
          this.focusOn(line);
        });
        this.items.set(task, item);
        byId("uploads-list").append(item);
      }
    }
    const hidden = tasks.length - chosen.size;
    byId("uploads-more").hidden = hidden === 0;
    byId("uploads-more").textContent = countText("more", hidden, { count: number(hidden) });
  }

  /** Give the focus back if it went with the button that was pressed.
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
    byId("uploads-rate").textContent = busy || totals.paused ? pace(totals) : "";
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

  /** Say once for all of them why they wait. */
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
    }, LINGERS_FOR_MS);
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
function pace({ sent, size: whole, rate, remaining }) {
  const parts = [`${size(sent)} / ${size(whole)}`];
  if (rate) {
    parts.push(text("rate", { size: size(rate) }), text("remaining", { time: duration(remaining ?? 0) }));
  }
  return parts.join(" · ");
}
