/* Temporary failures, and the delay before a retry. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { load } from "./support/load.js";

const { makeObstacle, retry } = await load("core/retry.js");

const FAILURE = { status: 503, type: "", retryAfter: 0 };

/** @import { TestContext } from "node:test" */
/** @import { Failing } from "../../src/cabinet/static/js/core/retry.js" */

let signIns = 0;
const obstacleOf = makeObstacle(() => {
  signIns += 1;
  return new Promise(() => {});
});

beforeEach(() => {
  signIns = 0;
  Object.assign(navigator, { onLine: true });
});

describe("the delay", () => {
  /** Return the delays before the next seven attempts, with `chance` as the random number.
      @type {(t: TestContext, chance: number, failure: Failing) => number[]} */
  function waitsOf(t, chance, failure) {
    /** @type {number[]} */
    const waits = [];
    t.mock.method(Math, "random", () => chance);
    t.mock.method(globalThis, "setTimeout", (/** @type {unknown} */ _, /** @type {number} */ milliseconds) =>
      waits.push(milliseconds),
    );
    for (let attempts = 0; attempts < 7; attempts += 1) {
      obstacleOf(failure, attempts);
    }
    t.mock.restoreAll();
    return waits;
  }

  const most = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];

  it("doubles, and half of it is random", (t) => {
    assert.deepEqual(waitsOf(t, 1, FAILURE), most);
    assert.deepEqual(
      waitsOf(t, 0, FAILURE),
      most.map((each) => each / 2),
    );
  });

  it("is at least the server's Retry-After", (t) => {
    assert.deepEqual(waitsOf(t, 0, { ...FAILURE, retryAfter: 40 }), Array(7).fill(40_000));
  });

  it("is zero after an offset mismatch", (t) => {
    const [first, second] = waitsOf(t, 0, { ...FAILURE, status: 409, type: "offset-mismatch" });

    assert.equal(first, 0);
    assert.equal(second, 1_000);
  });
});

describe("a failure", () => {
  // Otherwise node would wait for the next attempt.
  beforeEach(() => mock.method(globalThis, "setTimeout", () => 0));
  afterEach(() => mock.restoreAll());

  /** @type {(failure: Failing, attempts?: number) => string | null} */
  const why = (failure, attempts = 0) => obstacleOf({ ...FAILURE, ...failure }, attempts)?.why ?? null;

  it("is temporary if the server was unreachable, busy or restarting", () => {
    for (const status of [0, 408, 423, 429, 502, 503, 504]) {
      assert.equal(why({ status }, 99), "unanswered", `${status}`);
    }
  });

  it("is permanent if the server has refused", () => {
    for (const status of [400, 403, 404, 409, 412, 413, 422, 507]) {
      assert.equal(why({ status }), null, `${status}`);
    }
  });

  it("of the server is given up after five attempts", () => {
    assert.equal(why({ status: 500 }, 4), "unanswered");
    assert.equal(why({ status: 500 }, 5), null);
  });

  it("waits for the network while the browser is offline", () => {
    Object.assign(navigator, { onLine: false });

    assert.equal(why({}), "offline");
  });

  it("without a session asks to sign in, and names the other user", () => {
    assert.equal(why({ status: 401 }), "signed-out");
    assert.equal(why({ status: 409, type: "other-user" }), "other-user");
    assert.equal(why({ status: 400, type: "cross-site-request" }), "signed-out");
    assert.equal(why({ status: 400, type: "cross-site-request" }, 5), null);
    assert.equal(signIns, 3);
  });
});

describe("retrying", () => {
  it("continues until success, and reports the obstacles", async () => {
    /** @type {string[]} */
    const met = [];
    const attempt = mock.fn(async () => {
      if (attempt.mock.callCount() < 2) {
        throw FAILURE;
      }
      return "done";
    });
    /** @type {(failure: Failing, attempts: number) => { why: string, over: Promise<void> }} */
    const passing = (failure, attempts) => ({
      why: `${failure.status} ${attempts}`,
      over: Promise.resolve(),
    });

    assert.equal(await retry(attempt, passing, ({ why }) => met.push(why)), "done");
    assert.deepEqual(met, ["503 0", "503 1"]);
  });

  it("raises permanent failures", async () => {
    const attempt = () => Promise.reject(FAILURE);

    await assert.rejects(
      retry(
        attempt,
        () => null,
        () => {},
      ),
      (/** @type {unknown} */ failure) => failure === FAILURE,
    );
  });
});
