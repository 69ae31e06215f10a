/* What a list becomes by the response to a comparison.

   Rule: data only, no page. */

/** @import { Change, Page, Row } from "./model.js" */

/** Return the row that followed the last of `removed` in `before`, else the last one of `now`; null if none was
    removed, or none is left.
    @type {<R extends Row>(before: R[], removed: Set<R>, now: R[]) => R | null} */
export function successorOf(before, removed, now) {
  const last = before.findLastIndex((row) => removed.has(row));
  if (last < 0) {
    return null;
  }
  const staying = new Set(now);
  return before.slice(last + 1).find((row) => staying.has(row)) ?? now.at(-1) ?? null;
}

/** Return the rows of a list after a comparison, and which were inserted after which. Rows that stay although the
    server has them otherwise stay between the rows that they were between. A new row with the key of one that
    stays, because it is in use or was renamed since the request, is dropped.
    @template {Row} R
    @param {R[]} before
    @param {Page<R>} page
    @param {Set<R>} staying */
export function merge(before, page, staying) {
  const taken = new Set(Array.from(staying, ({ key }) => key));
  /** @type {R[]} */
  const rows = [];
  /** @type {Change<R>["inserted"]} */
  const inserted = [];
  /** @type {R | null} */
  let after = null;
  let passed = 0;
  /** @type {(place: number) => R[]} */
  const upTo = (place) => before.slice(passed, place).filter((row) => staying.has(row));
  for (const piece of page.pieces) {
    if (Array.isArray(piece)) {
      const added = piece.filter(({ key }) => !taken.has(key));
      if (added.length) {
        inserted.push({ after, rows: added });
        rows.push(...added);
        after = added[added.length - 1];
      }
    } else {
      const kept = before.slice(piece.start, piece.stop).filter((row) => staying.has(row));
      if (kept.length) {
        rows.push(...upTo(piece.start), ...kept);
        passed = piece.stop;
        after = kept[kept.length - 1];
      }
    }
  }
  rows.push(...upTo(before.length));
  return { rows, inserted };
}
