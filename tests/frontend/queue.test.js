/* The queue of uploads, with transfers that the test itself moves along: nothing is sent, and time is what the
   test says. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { load, settled } from "./support/load.js";

const { Queue } = await load("upload/queue.js");
const { Task } = await load("upload/task.js");

const near = (value, wanted) =>
  assert.ok(Math.abs(value - wanted) < wanted * 1e-6, `${value} is not ${wanted}`);

let queue;
let reports;
let clock;
// What the transfers were asked.
let diary;
// The obstacles that were met, each with what ends it. A failure with a `why` passes.
let waits;
// How many small files go together at most, and the batches that came of it.
let together;
let batches;

const states = () => queue.tasks.map((task) => task.state);
const step = (index, what, value) => reports.get(queue.tasks[index])[what](value);
const stored = (index) => step(index, "stored", { path: "p" });
const refuse = (index, failure = {}) => batches[index].report.failed(batches[index].tasks, failure);
const arrive = (index) => batches[index].report.stored(batches[index].tasks.map((task) => [task, {}]));
const sizes = () => batches.map(({ tasks }) => tasks.length);

/** Have the queue take files of so many bytes in. */
function take(...bytes) {
  const tasks = bytes.map((size, index) => new Task({ size }, `${index}:${size}`));
  queue.add(tasks);
  return tasks;
}

const add = (...bytes) => queue.release(take(...bytes));

async function end(wait) {
  waits[wait].over();
  await settled();
}

function transferOf(task, report) {
  reports.set(task, report);
  const note = (what) => () => diary.push(`${what} ${task.path}`);
  return { start: note("start"), stop: note("stop"), drop: note("drop") };
}

const obstacleOf = ({ why }, attempts) =>
  why ? { why, over: new Promise((over) => waits.push({ over, attempts })) } : null;

const lots = {
  gather: (tasks) =>
    tasks.slice(0, tasks[0].isSmall ? together : 1).filter((task) => task.isSmall === tasks[0].isSmall),
  isForAll: ({ isForAll }) => isForAll,
  transferOf(tasks, report) {
    batches.push({ tasks, report });
    const note = (what) => (task) => diary.push(`${what} ${task?.path ?? tasks.length}`);
    return { start: note("start"), leave: note("leave") };
  },
};

beforeEach(() => {
  reports = new Map();
  [clock, together, diary, waits, batches] = [0, 1, [], [], []];
  queue = new Queue(transferOf, obstacleOf, () => clock, lots);
});

describe("files that go by themselves", () => {
  it("go four at a time, and the next starts when one ends", () => {
    add(1, 1, 1, 1, 1, 1);
    stored(0);

    assert.deepEqual(states(), ["done", "sending", "sending", "sending", "sending", "waiting"]);
  });

  it("leave a slot to the small where they are giants", () => {
    add(9e9, 9e9, 9e9, 9e9, 5, 5);

    assert.deepEqual(states(), ["sending", "sending", "sending", "waiting", "sending", "waiting"]);
  });

  it("do not wait for all of the small where they are large", () => {
    add(1, 1, 1, 1, 1, 1, 9e9, 9e9);
    stored(0);
    stored(1);

    const small = ["done", "done", "sending", "sending", "sending", "waiting"];
    assert.deepEqual(states(), [...small, "sending", "waiting"]);
  });

  it("wait until they are agreed on", () => {
    const tasks = take(1, 1, 1);
    assert.deepEqual(states(), ["asking", "asking", "asking"]);

    queue.withdraw([tasks[1]]);
    queue.release(tasks);

    assert.deepEqual(states(), ["sending", "sending"]);
  });

  it("are storing once all is sent, and done once that is confirmed", () => {
    add(10);
    step(0, "sent", 10);
    assert.deepEqual(states(), ["storing"]);

    stored(0);

    assert.deepEqual(states(), ["done"]);
  });

  it("have failed where what arrived is not what was sent", () => {
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

  it("are not changed by a report that comes too late", () => {
    add(1, 1);
    queue.pause([queue.tasks[0]]);
    queue.cancel([queue.tasks[1]]);

    step(0, "failed", {});
    stored(1);
    step(1, "sent", 1);

    assert.deepEqual(states(), ["paused", "cancelled"]);
  });
});

describe("what counts", () => {
  it("is no byte of what failed or was cancelled", () => {
    add(100, 100, 100);
    step(0, "sent", 60);
    step(1, "sent", 50);
    step(2, "sent", 70);

    step(1, "failed", {});
    queue.cancel([queue.tasks[2]]);

    const { size, sent, count, failed } = queue.totals();
    assert.deepEqual({ size, sent, count, failed }, { size: 100, sent: 60, count: 1, failed: 1 });
  });

  it("is only what the server has while a file is held or paused", () => {
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

  it("is never more of a file than its size", () => {
    add(100);
    step(0, "sent", 130);

    assert.equal(queue.totals().sent, 100);
  });
});

describe("the speed", () => {
  it("is smoothed and gives the time left", () => {
    add(10_000);
    for (let second = 1; second <= 5; second += 1) {
      clock = second * 1000;
      step(0, "sent", second * 1000);
    }

    near(queue.totals().rate, 1000);
    near(queue.totals().remaining, 5);
  });

  it("is none for what the server had already", () => {
    add(10_000);
    step(0, "kept", 9_000);
    clock = 1000;
    step(0, "sent", 9_500);

    near(queue.totals().rate, 500);
    near(queue.totals().remaining, 1);
  });

  it("is not made slow by idle time before", () => {
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

  it("is none where nothing is being sent", () => {
    add(10_000);
    clock = 1000;
    step(0, "sent", 1000);
    queue.pause(queue.tasks);

    assert.equal(queue.totals().rate, 0);
    assert.equal(queue.totals().remaining, null);
  });
});

describe("whoever pauses, cancels or tries again", () => {
  it("starts nothing new by cancelling all, and settles once", () => {
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

  it("stops what goes by pausing all, and starts nothing", () => {
    add(1, 1, 1, 1, 1);

    queue.pause(queue.tasks);
    assert.deepEqual(states(), Array(5).fill("paused"));
    queue.resume(queue.tasks);

    assert.deepEqual(states(), ["sending", "sending", "sending", "sending", "waiting"]);
    const first = diary.filter((line) => line.endsWith(" 0:1"));
    assert.deepEqual(first, ["start 0:1", "stop 0:1", "stop 0:1", "start 0:1"]);
  });

  it("goes on with the transfer of what failed, and with another for what was cancelled", () => {
    add(10);
    step(0, "sent", 9);
    step(0, "failed", {});
    queue.addEventListener("again", ({ detail }) => queue.release(detail));

    queue.retry(queue.tasks);
    const { state, sent, failure } = queue.tasks[0];
    queue.cancel(queue.tasks);
    queue.retry(queue.tasks);

    assert.deepEqual({ state, sent, failure }, { state: "sending", sent: 0, failure: null });
    assert.deepEqual(diary, ["start 0:10", "start 0:10", "drop 0:10", "start 0:10"]);
  });

  it("forgets what is over and keeps what failed by beginning another lot", () => {
    const seen = () => queue.tasks.map((task) => [task.path, task.state]);
    add(1, 2);
    stored(0);
    step(1, "failed", {});

    add(7);
    assert.deepEqual(seen(), [
      ["1:2", "failed"],
      ["0:7", "sending"],
    ]);
    queue.cancel([queue.tasks.at(-1)]);
    take(1, 2);

    assert.deepEqual(seen(), [
      ["0:1", "asking"],
      ["1:2", "asking"],
    ]);
  });

  it("makes undone what was not agreed on yet", () => {
    const tasks = take(1, 2);

    queue.cancel([tasks[0]]);
    queue.release(tasks);

    assert.deepEqual(
      queue.tasks.map(({ path }) => path),
      ["1:2"],
    );
    assert.deepEqual(diary, ["start 1:2"]);
  });

  it("gives back what is cancelled before it is tried again", () => {
    add(10);
    step(0, "kept", 9);
    step(0, "failed", {});

    queue.retry(queue.tasks);
    queue.cancel(queue.tasks);

    assert.deepEqual(queue.tasks, []);
    assert.deepEqual(diary, ["start 0:10", "drop 0:10"]);
  });

  it("settles once and without a failure by calling off what has failed", () => {
    add(1);
    step(0, "failed", {});
    const failed = [];
    queue.addEventListener("settled", () => failed.push(queue.totals().failed));

    queue.cancel(queue.tasks);

    assert.deepEqual(failed, [0]);
  });
});

describe("an obstacle", () => {
  it("leaves what is held in its place, which goes on when it is over", async () => {
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

  it("is the first again after progress", async () => {
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

  it("leaves what was paused meanwhile as it is when it is over", async () => {
    add(1);
    step(0, "failed", { why: "offline" });

    queue.pause(queue.tasks);
    await end(0);

    assert.deepEqual(states(), ["paused"]);
  });

  it("stops what is being sent, and what is all sent gets its answer", () => {
    add(10, 10);
    step(0, "sent", 10);

    queue.suspend({ why: "signed-out", over: new Promise(() => {}) });

    assert.deepEqual(states(), ["storing", "held"]);
  });
});

describe("small files", () => {
  it("go together and take one place", () => {
    together = 3;
    add(9e9, 9e9, 1, 1, 1, 1, 1, 1, 1);

    assert.deepEqual(states(), [...Array(8).fill("sending"), "waiting"]);
    assert.deepEqual(sizes(), [3, 3]);
  });

  it("that are refused together are halved until the guilty one stands alone", () => {
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

  it("are not asked for one by one where every one of them would hear the same", () => {
    together = 3;
    add(1, 1, 1);

    refuse(0, { isForAll: true });

    assert.deepEqual(states(), ["failed", "failed", "failed"]);
  });

  it("wait as one and go on as one", async () => {
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

  it("go anew without one that has left, of which nothing is heard any more", () => {
    together = 4;
    add(1, 1, 1, 1);
    const { report, tasks } = batches[0];
    const all = () => tasks.map((task) => [task, 1]);

    report.sent(all());
    queue.pause([tasks[1]]);
    queue.cancel([tasks[2]]);
    report.sent(all());
    report.stored(tasks.slice(1, 3).map((task) => [task, {}]));
    const sent = tasks.map((task) => task.sent);
    report.again(tasks);

    assert.deepEqual(states(), ["sending", "paused", "cancelled", "sending"]);
    assert.deepEqual(diary, ["start 4", "leave 1:1", "leave 2:1", "start 2"]);
    assert.deepEqual(sent, [1, 0, 1, 1]);
  });

  it("stay where they are when one of them failed", () => {
    together = 3;
    add(1, 1, 1);
    const { report, tasks } = batches[0];

    report.failed([tasks[0]], { message: "gone" });
    report.stored([
      [tasks[1], {}],
      [tasks[2], {}],
    ]);
    report.verified(tasks[1], null);
    report.verified(tasks[2], { message: "differs" });

    assert.deepEqual(states(), ["failed", "done", "failed"]);
    assert.equal(batches.length, 1);
  });
});
