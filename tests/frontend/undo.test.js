/* The undo stack. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { fake, load, settled } from "./support/load.js";

/** @import { Modules } from "./types/modules.js" */

describe("an interrupted undo", () => {
  it("continues where it was", async () => {
    const { resumableChange } = await load("actions/changes.js", {
      stubs: { "session/with-session.js": { withSession: null } },
    });
    /** @type {number[][]} */
    const asked = [];
    let isBroken = true;
    /** @type {(items: any[]) => AsyncGenerator<number[]>} */
    async function* inPairs(items) {
      for (let start = 0; start < items.length; start += 2) {
        if (start && isBroken) {
          isBroken = false;
          throw new Error("no answer");
        }
        asked.push(items.slice(start, start + 2));
        yield items.slice(start, start + 2).map((item) => item * 10);
      }
    }
    const goBack = resumableChange(inPairs, fake([1, 2, 3, 4, 5]));

    await assert.rejects(goBack());

    assert.deepEqual(await goBack(), [10, 20, 30, 40, 50]);
    assert.deepEqual(asked, [[1, 2], [3, 4], [5]]);
  });
});

describe("the last change", () => {
  class Failure extends Error {
    /** @param {number} status
        @param {string} [message] */
    constructor(status, message = "no") {
      super(message);
      this.status = status;
    }
  }

  /** @type {Modules["actions/undo.js"]} */
  let undo;
  /** @type {{ message: string, action: any, isClosed: boolean }[]} */
  let said;
  /** @type {string[]} */
  let reported;

  beforeEach(async () => {
    [said, reported] = [[], []];
    /** @type {(message: string, action?: unknown) => () => void} */
    const notify = (message, action = null) => {
      const shown = { message, action, isClosed: false };
      said.push(shown);
      return () => {
        shown.isClosed = true;
      };
    };
    undo = await load("actions/undo.js", {
      stubs: {
        "core/http.js": { Failure },
        "list/updates.js": {
          reportFailure: (/** @type {Error} */ failure, words = failure.message) => reported.push(words),
        },
        "ui/toasts.js": { notify },
      },
    });
  });

  const messages = () => said.map(({ message }) => message);

  it("is undone once, by key or button, and its message closes", async () => {
    let times = 0;
    undo.pushUndo("move", "Moved", async () => {
      times += 1;
    });

    await undo.undoLast();
    said[0].action.run();
    await undo.undoLast();

    assert.equal(times, 1);
    assert.equal(said[0].isClosed, true);
    assert.deepEqual(messages(), ["Moved", "Move undone", "Nothing to undo"]);
  });

  it("is undone before earlier ones", async () => {
    /** @type {string[]} */
    const order = [];
    for (const name of ["a", "b", "c"]) {
      undo.pushUndo("move", name, async () => {
        order.push(name);
      });
    }

    await undo.undoLast();
    await undo.undoLast();

    assert.deepEqual(order, ["c", "b"]);
  });

  it("is forgotten after twenty others", async () => {
    /** @type {number[]} */
    const undone = [];
    for (let number = 0; number < 22; number += 1) {
      undo.pushUndo("move", `${number}`, async () => {
        undone.push(number);
      });
    }

    for (let number = 0; number < 22; number += 1) {
      await undo.undoLast();
    }

    assert.equal(undone.length, 20);
    assert.equal(undone.at(-1), 2);
  });

  for (const status of [0, 401, 429, 502, 503, 504]) {
    it(`can be undone later if the server could not be reached (${status})`, async () => {
      let isReached = false;
      undo.pushUndo("move", "Moved", async () => {
        if (!isReached) {
          throw new Failure(status, "later");
        }
      });

      await undo.undoLast();
      isReached = true;
      await undo.undoLast();

      assert.deepEqual(reported, ["later"]);
      assert.equal(messages().at(-1), "Move undone");
    });
  }

  it("cannot be undone after a refusal, which is explained", async () => {
    undo.pushUndo("move", "Moved", async () => {
      throw new Failure(409, "taken");
    });

    await undo.undoLast();
    await undo.undoLast();

    assert.equal(reported.length, 1);
    assert.match(reported[0], /taken/);
    assert.equal(messages().at(-1), "Nothing to undo");
  });

  it("raises unexpected errors", async () => {
    undo.pushUndo("move", "Moved", async () => {
      throw new TypeError("a fault");
    });

    await assert.rejects(undo.undoLast(), TypeError);
    await settled();
  });
});
