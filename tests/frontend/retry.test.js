/* Which failures pass by themselves, and when the next try is worth it. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { load } from "./support/load.js";

const { makeObstacle, persist } = await load("core/retry.js");

const FAILURE = { status: 503, type: "", retryAfter: 0 };

let signIns;
const obstacleOf = makeObstacle(() => {
  signIns += 1;
  return new Promise(() => {});
});

beforeEach(() => {
  signIns = 0;
  navigator.onLine = true;
});

describe("the wait before a try", () => {
  /** Return the waits before the next seven tries, as `chance` would have it. */
  function waitsOf(t, chance, failure) {
    const waits = [];
    t.mock.method(Math, "random", () => chance);
    t.mock.method(globalThis, "setTimeout", (_, milliseconds) => waits.push(milliseconds));
    for (let attempts = 0; attempts < 7; attempts += 1) {
      obstacleOf(failure, attempts);
    }
    t.mock.restoreAll();
    return waits;
  }

  const most = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];

  it("is twice the one before, and half of it is chance", (t) => {
    assert.deepEqual(waitsOf(t, 1, FAILURE), most);
    assert.deepEqual(
      waitsOf(t, 0, FAILURE),
      most.map((each) => each / 2),
    );
  });

  it("is as long as the server asks for at least", (t) => {
    assert.deepEqual(waitsOf(t, 0, { ...FAILURE, retryAfter: 40 }), Array(7).fill(40_000));
  });

  it("is none where the upload moved on by itself", (t) => {
    const [first, second] = waitsOf(t, 0, { ...FAILURE, status: 409, type: "offset-mismatch" });

    assert.equal(first, 0);
    assert.equal(second, 1_000);
  });
});

describe("a failure", () => {
  // Or node would wait for the next try, too.
  beforeEach(() => mock.method(globalThis, "setTimeout", () => 0));
  afterEach(() => mock.restoreAll());

  const why = (failure, attempts = 0) => obstacleOf({ ...FAILURE, ...failure }, attempts)?.why ?? null;

  it("passes where the server was not reached, was busy, or is being started anew", () => {
    for (const status of [0, 408, 423, 429, 502, 503, 504]) {
      assert.equal(why({ status }, 99), "unanswered", status);
    }
  });

  it("does not pass where the server has refused for good", () => {
    for (const status of [400, 403, 404, 409, 413, 422, 507]) {
      assert.equal(why({ status }), null, status);
    }
  });

  it("of the server is given up on after five tries", () => {
    assert.equal(why({ status: 500 }, 4), "unanswered");
    assert.equal(why({ status: 500 }, 5), null);
  });

  it("waits for the line while the browser has none", () => {
    navigator.onLine = false;

    assert.equal(why({}), "offline");
  });

  it("for want of a session asks to sign in, and says who is there instead", () => {
    assert.equal(why({ status: 401 }), "signed-out");
    assert.equal(why({ status: 409, type: "other-user" }), "other-user");
    assert.equal(why({ status: 400, type: "cross-site-request" }), "signed-out");
    assert.equal(why({ status: 400, type: "cross-site-request" }, 5), null);
    assert.equal(signIns, 3);
  });
});

describe("persisting", () => {
  it("tries until it is done, and tells what is in the way meanwhile", async () => {
    const met = [];
    const attempt = mock.fn(async () => {
      if (attempt.mock.callCount() < 2) {
        throw FAILURE;
      }
      return "done";
    });
    const passing = (failure, attempts) => ({
      why: `${failure.status} ${attempts}`,
      over: Promise.resolve(),
    });

    assert.equal(await persist(attempt, passing, ({ why }) => met.push(why)), "done");
    assert.deepEqual(met, ["503 0", "503 1"]);
  });

  it("raises what does not pass", async () => {
    const attempt = () => Promise.reject(FAILURE);

    await assert.rejects(
      persist(
        attempt,
        () => null,
        () => {},
      ),
      (failure) => failure === FAILURE,
    );
  });
});
