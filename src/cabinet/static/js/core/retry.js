/* Which failures are temporary, and when to retry.

   Rule: a permanent refusal (most 4xx, a full quota) is never retried. */

import { isAway, OTHER_SESSION, OTHER_USER, SIGNED_OUT } from "./identity.js";

// No answer, timeout, locked, rate limited, a proxy whose server restarts: temporary, however long it takes.
const TEMPORARY = new Set([0, 408, 423, 429, 502, 503, 504]);
// An error in the server may be temporary or permanent.
const MAX_ERROR_ATTEMPTS = 5;
// Another request moved the upload on, usually the browser's own retry of a request whose connection was reset.
// The next attempt asks for the current offset.
const OFFSET_MISMATCH = "offset-mismatch";

const BASE_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;

/** The fields of a failure (core/http.js) that matter here; errors without them are never retried.
    @typedef {{ status?: number, type?: string, retryAfter?: number }} Failing */

/** Why something waits (`why`), and a promise that resolves when it may go on (`over`).
    @typedef {{ why: string, over: Promise<unknown> }} Obstacle */

/** Returns the obstacle behind a failure after so many attempts, null for a permanent failure.
    @typedef {(failure: Failing, attempts: number) => Obstacle | null} ObstacleOf */

/** @type {(failure: Failing, attempts: number) => boolean} */
const isTemporary = ({ status, type }, attempts) =>
  TEMPORARY.has(status ?? NaN) ||
  ((status === 500 || type === OFFSET_MISMATCH) && attempts < MAX_ERROR_ATTEMPTS);

/** @type {() => Promise<void>} */
const online = () =>
  new Promise((resolve) => {
    window.addEventListener("online", () => resolve(), { once: true });
  });

/** @type {(milliseconds: number) => Promise<void>} */
const delay = (milliseconds) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** Return the delay in milliseconds: exponential backoff with jitter, so that clients do not retry all at once.
    @type {(failure: Failing, attempts: number) => number} */
function delayFor({ type, retryAfter }, attempts) {
  if (type === OFFSET_MISMATCH && attempts === 0) {
    return 0;
  }
  const doubled = Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** attempts);
  return Math.max((retryAfter ?? 0) * 1000, doubled * (0.5 + Math.random() / 2));
}

/** Return a function that classifies failures; `signedIn()` resolves when the user of the page is signed in.
    @type {(signedIn: () => Promise<void>) => ObstacleOf} */
export function makeObstacle(signedIn) {
  return (failure, attempts) => {
    const isStaleToken = failure.type === OTHER_SESSION && attempts < MAX_ERROR_ATTEMPTS;
    if (isAway(failure) || isStaleToken) {
      return { why: failure.type === OTHER_USER ? OTHER_USER : SIGNED_OUT, over: signedIn() };
    }
    if (!isTemporary(failure, attempts)) {
      return null;
    }
    if (!navigator.onLine) {
      return { why: "offline", over: online() };
    }
    return { why: "unanswered", over: Promise.race([delay(delayFor(failure, attempts)), online()]) };
  };
}

/** Return the result of `attempt()`, retried after temporary failures; `onObstacle(obstacle)` is called before each
    wait.
    @type {<T>(attempt: () => Promise<T>, obstacleOf: ObstacleOf, onObstacle: (obstacle: Obstacle) => void) => Promise<T>} */
export async function retry(attempt, obstacleOf, onObstacle) {
  for (let attempts = 0; ; attempts += 1) {
    try {
      return await attempt();
    } catch (failure) {
      const obstacle = obstacleOf(failure, attempts);
      if (!obstacle) {
        throw failure;
      }
      onObstacle(obstacle);
      await obstacle.over;
    }
  }
}
