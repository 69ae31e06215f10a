/* Parts of a page that the first scripts fetch later.

   Rule: one after another. Those that show texts wait for the same file while they are evaluated, and WebKit
   takes the second for ready when the first is not (its bug 242740). */

let last = Promise.resolve();

/** Return what `load()`, an import, resolves to, once whatever was asked for before is there or has failed. */
export function inTurn(load) {
  const part = last.then(load);
  last = part.catch(() => {});
  return part;
}
