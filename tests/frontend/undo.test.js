/* The ways back from what was done. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { load, settled } from "./support/load.js";

describe("a way back that was cut short", () => {
  it("goes on where it was", async () => {
    const { inTurn } = await load("actions/changes.js", {
      stubs: { "session/renewing.js": { renewing: null } },
    });
    const asked = [];
    let isBroken = true;
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
    const goBack = inTurn(inPairs, [1, 2, 3, 4, 5]);

    await assert.rejects(goBack());

    assert.deepEqual(await goBack(), [10, 20, 30, 40, 50]);
    assert.deepEqual(asked, [[1, 2], [3, 4], [5]]);
  });
});

describe("what was done last", () => {
  class Failure extends Error {
    constructor(status, message = "no") {
      super(message);
      this.status = status;
    }
  }

  let undo;
  let said;
  let lost;

  beforeEach(async () => {
    [said, lost] = [[], []];
    const say = (message, action = null) => {
      const shown = { message, action, isClosed: false };
      said.push(shown);
      return () => {
        shown.isClosed = true;
      };
    };
    undo = await load("actions/undo.js", {
      stubs: {
        "core/http.js": { Failure },
        "list/updates.js": { lost: (failure, words = failure.message) => lost.push(words) },
        "ui/toasts.js": { say },
      },
    });
  });

  const messages = () => said.map(({ message }) => message);

  it("is undone once, by the key or by its button, and its message goes", async () => {
    let times = 0;
    undo.remember("Moved", async () => {
      times += 1;
    });

    await undo.undoLast();
    said[0].action.run();
    await undo.undoLast();

    assert.equal(times, 1);
    assert.equal(said[0].isClosed, true);
    assert.deepEqual(messages(), ["Moved", "Undone.", "There is nothing to undo."]);
  });

  it("comes before what was done earlier", async () => {
    const order = [];
    for (const name of ["a", "b", "c"]) {
      undo.remember(name, async () => order.push(name));
    }

    await undo.undoLast();
    await undo.undoLast();

    assert.deepEqual(order, ["c", "b"]);
  });

  it("is forgotten where twenty others came after it", async () => {
    const undone = [];
    for (let number = 0; number < 22; number += 1) {
      undo.remember(`${number}`, async () => undone.push(number));
    }

    for (let number = 0; number < 22; number += 1) {
      await undo.undoLast();
    }

    assert.equal(undone.length, 20);
    assert.equal(undone.at(-1), 2);
  });

  for (const status of [0, 401, 429, 502, 503, 504]) {
    it(`can be undone later where the server could not be asked (${status})`, async () => {
      let isReached = false;
      undo.remember("Moved", async () => {
        if (!isReached) {
          throw new Failure(status, "later");
        }
      });

      await undo.undoLast();
      isReached = true;
      await undo.undoLast();

      assert.deepEqual(lost, ["later"]);
      assert.equal(messages().at(-1), "Undone.");
    });
  }

  it("is given up where the server refuses, and why is said", async () => {
    undo.remember("Moved", async () => {
      throw new Failure(409, "taken");
    });

    await undo.undoLast();
    await undo.undoLast();

    assert.equal(lost.length, 1);
    assert.match(lost[0], /taken/);
    assert.equal(messages().at(-1), "There is nothing to undo.");
  });

  it("raises what nobody foresaw", async () => {
    undo.remember("Moved", async () => {
      throw new TypeError("a fault");
    });

    await assert.rejects(undo.undoLast(), TypeError);
    await settled();
  });
});
