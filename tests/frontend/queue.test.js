/* The upload queue, with transfers driven by the test: nothing is sent, and time is the test's own. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { fake, load, settled } from "./support/load.js";

const { Queue } = await load("upload/queue.js");
const { Task } = await load("upload/task.js");

/** @import { Failing, Obstacle } from "../../src/cabinet/static/js/core/retry.js" */
/** @import { Queue as AnyQueue } from "../../src/cabinet/static/js/upload/queue.js" */
/** @import { BatchReport, Report } from "../../src/cabinet/static/js/upload/reports.js" */
/** @import { Task as AnyTask } from "../../src/cabinet/static/js/upload/task.js" */

/** The reports of a transfer, with any arguments.
    @typedef {Record<string, (value?: any) => void>} Steps */

/** @type {(value: number | null, wanted: number) => void} */
const near = (value, wanted) =>
  assert.ok(Math.abs(Number(value) - wanted) < wanted * 1e-6, `${value} is not ${wanted}`);

/** @type {AnyQueue} */
let queue;
/** @type {Map<AnyTask, Steps>} */
let reports;
/** @type {number} */
let clock;
// The calls of the transfers.
/** @type {string[]} */
let diary;
// The obstacles, each with the function that ends it. A failure with a `why` is temporary.
/** @type {{ over: (value?: unknown) => void, attempts: number }[]} */
let waits;
// The maximum number of files in a batch, and the resulting batches.
/** @type {number} */
let together;
/** @type {{ tasks: AnyTask[], report: BatchReport }[]} */
let batches;

const states = () => queue.tasks.map((task) => task.state);
/** @type {(index: number, what: string, value: unknown) => void} */
const step = (index, what, value) => reports.get(queue.tasks[index])?.[what](value);
/** @type {(index: number) => void} */
const stored = (index) => step(index, "stored", { path: "p" });
/** @type {(index: number, failure?: object) => void} */
const refuse = (index, failure = {}) => batches[index].report.failed(batches[index].tasks, fake(failure));
/** @type {(index: number) => void} */
const arrive = (index) =>
  batches[index].report.stored(batches[index].tasks.map((task) => [task, { path: task.path }]));
const sizes = () => batches.map(({ tasks }) => tasks.length);

/** Add files of the given sizes to the queue.
    @type {(...bytes: number[]) => AnyTask[]} */
function take(...bytes) {
  const tasks = bytes.map((size, index) => new Task(fake({ size }), `${index}:${size}`));
  queue.add(tasks);
  return tasks;
}

/** @type {(...bytes: number[]) => void} */
const add = (...bytes) => queue.release(take(...bytes));

/** @type {(wait: number) => Promise<void>} */
async function end(wait) {
  waits[wait].over();
  await settled();
}

/** @type {(task: AnyTask, report: Report) => any} */
function transferOf(task, report) {
  reports.set(task, fake(report));
  /** @type {(what: string) => () => void} */
  const note = (what) => () => diary.push(`${what} ${task.path}`);
  return { start: note("start"), stop: note("stop"), drop: note("drop") };
}

/** @type {(failure: Failing & { why?: string }, attempts: number) => Obstacle | null} */
const obstacleOf = ({ why }, attempts) =>
  why ? { why, over: new Promise((over) => waits.push({ over, attempts })) } : null;

const lots = fake({
  gather: (/** @type {AnyTask[]} */ tasks) =>
    tasks.slice(0, tasks[0].isSmall ? together : 1).filter((task) => task.isSmall === tasks[0].isSmall),
  isForAll: (/** @type {{ isForAll: boolean }} */ { isForAll }) => isForAll,
  /** @type {(tasks: AnyTask[], report: BatchReport) => object} */
  transferOf(tasks, report) {
    batches.push({ tasks, report });
    /** @type {(what: string) => (task?: AnyTask) => void} */
    const note = (what) => (task) => diary.push(`${what} ${task?.path ?? tasks.length}`);
    return { start: note("start"), leave: note("leave") };
  },
});

beforeEach(() => {
  reports = new Map();
  [clock, together, diary, waits, batches] = [0, 1, [], [], []];
  queue = new Queue(transferOf, obstacleOf, () => clock, lots);
});

describe("single files", () => {
  it("are sent four at a time, and the next starts when one ends", () => {
    add(1, 1, 1, 1, 1, 1);
    stored(0);

    assert.deepEqual(states(), ["done", "sending", "sending", "sending", "sending", "waiting"]);
  });

  it("leave a slot to small ones if they are large", () => {
    add(9e9, 9e9, 9e9, 9e9, 5, 5);

    assert.deepEqual(states(), ["sending", "sending", "sending", "waiting", "sending", "waiting"]);
  });

  it("do not wait for all small ones if they are large", () => {
    add(1, 1, 1, 1, 1, 1, 9e9, 9e9);
    stored(0);
    stored(1);

    const small = ["done", "done", "sending", "sending", "sending", "waiting"];
    assert.deepEqual(states(), [...small, "sending", "waiting"]);
  });

  it("wait until they are released", () => {
    const tasks = take(1, 1, 1);
    assert.deepEqual(states(), ["asking", "asking", "asking"]);

    queue.withdraw([tasks[1]]);
    queue.release(tasks);

    assert.deepEqual(states(), ["sending", "sending"]);
  });

  it("are storing once all is sent, and done once confirmed", () => {
    add(10);
    step(0, "sent", 10);
    assert.deepEqual(states(), ["storing"]);

    stored(0);

    assert.deepEqual(states(), ["done"]);
  });

  it("have failed if the stored content differs", () => {
    add(10, 10);
    stored(0);
    stored(1);

    step(0, "verified", { message: "differs" });
    step(1, "verified", null);

    assert.deepEqual(states(), ["failed", "done"]);
    assert.equal(queue.totals().failed, 1);
    assert.deepEqual(
      queue.tasks.map((task) => task.isVerified),
      [false, true],
    );
  });

  it("ignore a late report", () => {
    add(1, 1);
    queue.pause([queue.tasks[0]]);
    queue.cancel([queue.tasks[1]]);

    step(0, "failed", {});
    stored(1);
    step(1, "sent", 1);

    assert.deepEqual(states(), ["paused", "cancelled"]);
  });
});

describe("the totals", () => {
  it("exclude failed and cancelled uploads", () => {
    add(100, 100, 100);
    step(0, "sent", 60);
    step(1, "sent", 50);
    step(2, "sent", 70);

    step(1, "failed", {});
    queue.cancel([queue.tasks[2]]);

    const { size, sent, count, failed } = queue.totals();
    assert.deepEqual({ size, sent, count, failed }, { size: 100, sent: 60, count: 1, failed: 1 });
  });

  it("count only bytes on the server while an upload is held or paused", () => {
    add(100, 100);
    for (const index of [0, 1]) {
      step(index, "kept", 30);
      step(index, "sent", 80);
    }

    step(0, "failed", { why: "offline" });
    queue.pause([queue.tasks[1]]);

    assert.deepEqual(
      queue.tasks.map((task) => task.sent),
      [30, 30],
    );
  });

  it("never count more of a file than its size", () => {
    add(100);
    step(0, "sent", 130);

    assert.equal(queue.totals().sent, 100);
  });
});

describe("the speed", () => {
  it("is smoothed and gives the remaining time", () => {
    add(10_000);
    for (let second = 1; second <= 5; second += 1) {
      clock = second * 1000;
      step(0, "sent", second * 1000);
    }

    near(queue.totals().rate, 1000);
    near(queue.totals().remaining, 5);
  });

  it("excludes bytes that were on the server already", () => {
    add(10_000);
    step(0, "kept", 9_000);
    clock = 1000;
    step(0, "sent", 9_500);

    near(queue.totals().rate, 500);
    near(queue.totals().remaining, 1);
  });

  it("is not reduced by earlier idle time", () => {
    add(10);
    step(0, "sent", 10);
    stored(0);
    clock = 3_600_000;
    add(10_000);
    clock += 1000;
    step(0, "sent", 1000);

    near(queue.totals().rate, 1000);
    near(queue.totals().remaining, 9);
  });

  it("is zero while nothing is sent", () => {
    add(10_000);
    clock = 1000;
    step(0, "sent", 1000);
    queue.pause(queue.tasks);

    assert.equal(queue.totals().rate, 0);
    assert.equal(queue.totals().remaining, null);
  });
});

describe("user actions", () => {
  it("cancel all without starting others, and settle once", () => {
    let settlings = 0;
    queue.addEventListener("settled", () => {
      settlings += 1;
    });
    add(1, 1, 1, 1, 1, 1);

    queue.cancel(queue.tasks);

    assert.deepEqual(states(), Array(6).fill("cancelled"));
    assert.equal(diary.filter((line) => line.startsWith("drop")).length, 4);
    assert.equal(settlings, 1);
  });

  it("pause all without starting others", () => {
    add(1, 1, 1, 1, 1);

    queue.pause(queue.tasks);
    assert.deepEqual(states(), Array(5).fill("paused"));
    queue.resume(queue.tasks);

    assert.deepEqual(states(), ["sending", "sending", "sending", "sending", "waiting"]);
    const first = diary.filter((line) => line.endsWith(" 0:1"));
    assert.deepEqual(first, ["start 0:1", "stop 0:1", "stop 0:1", "start 0:1"]);
  });

  it("retry a failed upload with its transfer and a cancelled one with a new one", () => {
    add(10);
    step(0, "sent", 9);
    step(0, "failed", {});
    queue.addEventListener("again", (event) => queue.release(fake(event).detail));

    queue.retry(queue.tasks);
    const { state, sent, failure } = queue.tasks[0];
    queue.cancel(queue.tasks);
    queue.retry(queue.tasks);

    assert.deepEqual({ state, sent, failure }, { state: "sending", sent: 0, failure: null });
    assert.deepEqual(diary, ["start 0:10", "start 0:10", "drop 0:10", "start 0:10"]);
  });

  it("remove finished uploads and keep failed ones when others are added", () => {
    const seen = () => queue.tasks.map((task) => [task.path, task.state]);
    add(1, 2);
    stored(0);
    step(1, "failed", {});

    add(7);
    assert.deepEqual(seen(), [
      ["1:2", "failed"],
      ["0:7", "sending"],
    ]);
    queue.cancel(queue.tasks.slice(-1));
    take(1, 2);

    assert.deepEqual(seen(), [
      ["0:1", "asking"],
      ["1:2", "asking"],
    ]);
  });

  it("remove uploads that are not released", () => {
    const tasks = take(1, 2);

    queue.cancel([tasks[0]]);
    queue.release(tasks);

    assert.deepEqual(
      queue.tasks.map(({ path }) => path),
      ["1:2"],
    );
    assert.deepEqual(diary, ["start 1:2"]);
  });

  it("discard a cancelled upload before it is retried", () => {
    add(10);
    step(0, "kept", 9);
    step(0, "failed", {});

    queue.retry(queue.tasks);
    queue.cancel(queue.tasks);

    assert.deepEqual(queue.tasks, []);
    assert.deepEqual(diary, ["start 0:10", "drop 0:10"]);
  });

  it("cancel failed uploads and settle once without a failure", () => {
    add(1);
    step(0, "failed", {});
    /** @type {number[]} */
    const failed = [];
    queue.addEventListener("settled", () => failed.push(queue.totals().failed));

    queue.cancel(queue.tasks);

    assert.deepEqual(failed, [0]);
  });
});

describe("an obstacle", () => {
  it("holds an upload in its slot until it is over", async () => {
    const held = ["held", "sending", "sending", "sending", "waiting"];
    add(1, 1, 1, 1, 1);

    step(0, "failed", { why: "offline" });
    assert.deepEqual(states(), held);
    await end(0);
    step(0, "failed", { why: "offline" });

    assert.deepEqual(states(), held);
    assert.deepEqual(
      waits.map((wait) => wait.attempts),
      [0, 1],
    );
  });

  it("counts as the first again after progress", async () => {
    add(10);
    step(0, "failed", { why: "x" });
    await end(0);

    step(0, "kept", 4);
    step(0, "failed", { why: "x" });

    assert.deepEqual(
      waits.map((wait) => wait.attempts),
      [0, 0],
    );
  });

  it("does not resume what was paused meanwhile", async () => {
    add(1);
    step(0, "failed", { why: "offline" });

    queue.pause(queue.tasks);
    await end(0);

    assert.deepEqual(states(), ["paused"]);
  });

  it("stops sending, but not the answer of a fully sent upload", () => {
    add(10, 10);
    step(0, "sent", 10);

    queue.suspend({ why: "signed-out", over: new Promise(() => {}) });

    assert.deepEqual(states(), ["storing", "held"]);
  });
});

describe("small files", () => {
  it("are sent in a batch in one slot", () => {
    together = 3;
    add(9e9, 9e9, 1, 1, 1, 1, 1, 1, 1);

    assert.deepEqual(states(), [...Array(8).fill("sending"), "waiting"]);
    assert.deepEqual(sizes(), [3, 3]);
  });

  it("are split in half until a refused one is alone", () => {
    together = 8;
    add(1, 1, 1, 1, 1, 1, 1, 1);

    refuse(0);
    refuse(1);
    arrive(2);
    refuse(3);
    stored(1);
    step(0, "failed", { message: "guilty" });
    arrive(4);

    assert.deepEqual(states(), ["failed", ...Array(7).fill("done")]);
    assert.deepEqual(sizes(), [8, 4, 4, 2, 2]);
  });

  it("are not split if every one would be refused", () => {
    together = 3;
    add(1, 1, 1);

    refuse(0, { isForAll: true });

    assert.deepEqual(states(), ["failed", "failed", "failed"]);
  });

  it("are held and resumed together", async () => {
    together = 3;
    add(1, 1, 1);

    refuse(0, { why: "offline" });
    assert.deepEqual(states(), ["held", "held", "held"]);
    await end(0);
    refuse(1, { why: "offline" });

    assert.deepEqual(sizes(), [3, 3]);
    assert.deepEqual(
      waits.map((wait) => wait.attempts),
      [0, 1],
    );
  });

  it("restart without one that has left the batch", () => {
    together = 4;
    add(1, 1, 1, 1);
    const { report, tasks } = batches[0];
    /** @type {() => [AnyTask, number][]} */
    const all = () => tasks.map((task) => [task, 1]);

    report.sent(all());
    queue.pause([tasks[1]]);
    queue.cancel([tasks[2]]);
    report.sent(all());
    report.stored(tasks.slice(1, 3).map((task) => [task, { path: task.path }]));
    const sent = tasks.map((task) => task.sent);
    report.again(tasks);

    assert.deepEqual(states(), ["sending", "paused", "cancelled", "sending"]);
    assert.deepEqual(diary, ["start 4", "leave 1:1", "leave 2:1", "start 2"]);
    assert.deepEqual(sent, [1, 0, 1, 1]);
  });

  it("keep their slots after one has failed", () => {
    together = 3;
    add(1, 1, 1);
    const { report, tasks } = batches[0];

    report.failed([tasks[0]], fake({ message: "gone" }));
    report.stored([
      [tasks[1], { path: "1" }],
      [tasks[2], { path: "2" }],
    ]);
    report.verified(tasks[1], null);
    report.verified(tasks[2], fake({ message: "differs" }));

    assert.deepEqual(states(), ["failed", "done", "failed"]);
    assert.equal(batches.length, 1);
  });
});
