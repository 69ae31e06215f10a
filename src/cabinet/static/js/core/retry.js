/* Which failures pass by themselves, and when the next try is worth it.

   Rule: what the server refused for good (4xx but the few below, a full quota) is never sent again. */

import { isAway, OTHER_SESSION, OTHER_USER, SIGNED_OUT } from "./identity.js";

// No answer, too slow, locked, too many, a proxy whose server restarts: that ends, whenever it does.
const PASSING = new Set([0, 408, 423, 429, 502, 503, 504]);
// A fault of the server may be over the next time, or come every time.
const TRIES_AFTER_FAULT = 5;
// Somebody else moved the upload on, as often as not the browser, which sends a request by itself
// once more when its connection was reset. The next try asks where the upload stands.
const MOVED_ON = "offset-mismatch";

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** What a failure tells of itself (core/http.js); other errors tell nothing, and never pass.
    @typedef {{ status?: number, type?: string, retryAfter?: number }} Failing */

/** Why something waits, and what is kept once that is over.
    @typedef {{ why: string, over: Promise<unknown> }} Obstacle */

/** What tells which obstacle a failure is after so many attempts, null for one that does not pass.
    @typedef {(failure: Failing, attempts: number) => Obstacle | null} ObstacleOf */

/** @type {(failure: Failing, attempts: number) => boolean} */
const mayPass = ({ status, type }, attempts) =>
  PASSING.has(status ?? NaN) || ((status === 500 || type === MOVED_ON) && attempts < TRIES_AFTER_FAULT);

/** @type {() => Promise<void>} */
const online = () =>
  new Promise((resolve) => {
    window.addEventListener("online", () => resolve(), { once: true });
  });

/** @type {(milliseconds: number) => Promise<void>} */
const after = (milliseconds) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** Double the wait with each try; half of it is chance, so that not all who wait come at once.
    @type {(failure: Failing, attempts: number) => number} */
function wait({ type, retryAfter }, attempts) {
  if (type === MOVED_ON && attempts === 0) {
    return 0;
  }
  const doubled = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempts);
  return Math.max((retryAfter ?? 0) * 1000, doubled * (0.5 + Math.random() / 2));
}

/** Return a judge of failures, for the queue; `signedIn()` resolves when the user of the page is signed in.
    @type {(signedIn: () => Promise<void>) => ObstacleOf} */
export function makeObstacle(signedIn) {
  return (failure, attempts) => {
    const isOfBefore = failure.type === OTHER_SESSION && attempts < TRIES_AFTER_FAULT;
    if (isAway(failure) || isOfBefore) {
      return { why: failure.type === OTHER_USER ? OTHER_USER : SIGNED_OUT, over: signedIn() };
    }
    if (!mayPass(failure, attempts)) {
      return null;
    }
    if (!navigator.onLine) {
      return { why: "offline", over: online() };
    }
    return { why: "unanswered", over: Promise.race([after(wait(failure, attempts)), online()]) };
  };
}

/** Return what `attempt()` returns in the end; `held(obstacle)` hears what stands in the way meanwhile.
    @type {<T>(attempt: () => Promise<T>, obstacleOf: ObstacleOf, held: (obstacle: Obstacle) => void) => Promise<T>} */
export async function persist(attempt, obstacleOf, held) {
  for (let attempts = 0; ; attempts += 1) {
    try {
      return await attempt();
    } catch (failure) {
      const obstacle = obstacleOf(failure, attempts);
      if (!obstacle) {
        throw failure;
      }
      held(obstacle);
      await obstacle.over;
    }
  }
}
