/* The list as data: the rows that are loaded, in order, how many entries the place has, and where "Show more"
   leads.

   The server's responses come in by three operations: a whole list (`show`), the next page (`append`), and a
   comparison with the rows that were loaded when it was requested (`reconcile`). A local change takes rows
   out (`remove`) or renames one (`rename`). All but `show` return the difference, which list/render.js draws.

   Rule: data only, no page. A row that stays is never moved: rows that stay keep their order. */

import { merge, successorOf } from "./merge.js";

// A list that is loaded to its end grows by what is uploaded, and by up to this many rows that others added.
const ROOM = 200;
// An update never makes a list longer than this; rows that were loaded on request stay.
const LONGEST = 20_000;
// The most rows that the server compares.
const MOST_ROWS = 100_000;

/** What the list knows of a row. `key` is its path, in the trash its id; `tag` is the server's fingerprint of the
    row and its state; `size` is in bytes, of a folder that of its content. `isMount`: a folder shared by others,
    which the totals do not count.
    @typedef {{ key: string, tag: string, name: string, kind: string, size: number, isMount: boolean }} Row */

/** Where "Show more" leads: the address of the next page, and the cursor in it.
    @typedef {{ href: string, cursor: string | null }} More */

/** How many entries a folder has, and their size in bytes.
    @typedef {{ count: number, size: number }} Total */

/** The place that the list is of: its address without the fragment, what kind it is ("folder", "search", "trash"),
    its folder (null in the trash), and its order if it has one.
    @typedef {{ address: string, kind: string, folder: string | null, sort?: string, order?: string }} Place */

/** Rows to keep, by their positions in the list that was compared: from `start` to before `stop`.
    @typedef {{ start: number, stop: number }} Kept */

/** A list as the server sent it: new rows, and in a comparison those to keep. An empty state has no table. With
    `hasRest` new rows are still missing and have to be requested. `total` is null where the server does not
    count, `more` where nothing follows.
    @template {Row} R
    @typedef {object} Page
    @property {(R[] | Kept)[]} pieces
    @property {boolean} hasTable
    @property {boolean} hasRest
    @property {More | null} more
    @property {Total | null} total */

/** What an operation changed, in the order in which it is drawn: new rows, each run of them after a row (null: at
    the start), then the rows to take out. `outdated` are rows in use that could not be replaced. `successor` is
    the row next to those taken out. `isOther` tells whether rows or totals differ.
    @template {Row} R
    @typedef {object} Change
    @property {{ after: R | null, rows: R[] }[]} inserted
    @property {R[]} removed
    @property {R[]} outdated
    @property {R | null} successor
    @property {boolean} isOther */

/** What a comparison was requested for: the rows at that moment, of which list, and what is sent.
    @template {Row} R
    @typedef {object} Comparison
    @property {R[]} rows
    @property {number} generation
    @property {{ tags: string[], until: string | null, most: number }} request */

/** Return the new rows of a page.
    @type {<R extends Row>(page: Page<R>) => R[]} */
const newRows = ({ pieces }) => pieces.flatMap((piece) => (Array.isArray(piece) ? piece : []));

/** @template {Row} R */
export class ListModel {
  /** @type {R[]} */
  #rows = [];
  /** @type {Map<string, R>} */
  #byKey = new Map();
  #hasTable = false;
  /** @type {Place} */
  #place;
  /** @type {More | null} */
  #more = null;
  /** @type {Total | null} */
  #total = null;
  #generation = 0;
  #revision = 0;

  /** @param {Page<R>} page
      @param {Place} place */
  constructor(page, place) {
    this.#place = place;
    this.show(page);
  }

  /** The loaded rows in order.
      @type {readonly R[]} */
  get rows() {
    return this.#rows;
  }

  get place() {
    return this.#place;
  }

  /** Where "Show more" leads, null at the end of the list. */
  get more() {
    return this.#more;
  }

  /** How much the server counted in the place, null where it does not count. */
  get total() {
    return this.#total;
  }

  /** Another number whenever another list is shown: responses for the one before are obsolete. */
  get generation() {
    return this.#generation;
  }

  /** Another number whenever the server's list has changed: pages requested before may be obsolete. */
  get revision() {
    return this.#revision;
  }

  /** Return the row of `key`, undefined if it is not loaded.
      @type {(key: string) => R | undefined} */
  get(key) {
    return this.#byKey.get(key);
  }

  /** @type {(key: string) => boolean} */
  has(key) {
    return this.#byKey.has(key);
  }

  /** Note that the server's list has changed, or may have. */
  noteChange() {
    this.#revision += 1;
  }

  /** Whether a page has other totals than this list.
      @type {(page: Page<R>) => boolean} */
  differsInTotal({ total }) {
    return total?.count !== this.#total?.count || total?.size !== this.#total?.size;
  }

  /** Become the list of `page`, in another place if that is given.
      @type {(page: Page<R>, place?: Place) => void} */
  show(page, place = this.#place) {
    this.#place = place;
    this.#hasTable = page.hasTable;
    this.#more = page.more;
    this.#total = page.total;
    this.#setRows(newRows(page));
    this.#generation += 1;
    this.noteChange();
  }

  /** Add the next page at the end. A row that was loaded before has moved there and leaves its old place, unless
      it is in use (`isInUse`). Returns null if the list has no table to add to.
      @type {(page: Page<R>, isInUse: (row: R) => boolean) => Change<R> | null} */
  append(page, isInUse) {
    if (!this.#hasTable) {
      return null;
    }
    const moved = newRows(page).flatMap(({ key }) => this.get(key) ?? []);
    const outdated = moved.filter(isInUse);
    const removed = new Set(moved.filter((row) => !outdated.includes(row)));
    const rows = newRows(page).filter(({ key }) => !outdated.some((row) => row.key === key));
    const before = this.#rows;
    const staying = removed.size ? before.filter((row) => !removed.has(row)) : before;
    const after = staying.at(-1) ?? null;
    this.#more = page.more;
    if (removed.size) {
      this.#setRows([...staying, ...rows]);
      this.noteChange();
    } else {
      // A long list costs no more than its next page.
      this.#rows.push(...rows);
      rows.forEach((row) => this.#byKey.set(row.key, row));
    }
    return {
      inserted: rows.length ? [{ after, rows }] : [],
      removed: [...removed],
      outdated,
      successor: successorOf(before, removed, this.#rows),
      isOther: true,
    };
  }

  /** Return what to send to compare the list, with room for so many entries that are known to arrive.
      @type {(arriving?: number) => Comparison<R>} */
  compare(arriving = 0) {
    const rows = [...this.#rows];
    const room = this.#more ? LONGEST : Math.min(rows.length + arriving + ROOM, LONGEST);
    return {
      rows,
      generation: this.#generation,
      request: {
        tags: rows.slice(0, MOST_ROWS).map(({ tag }) => tag),
        until: this.#more?.cursor ?? null,
        most: Math.min(Math.max(rows.length, room), MOST_ROWS),
      },
    };
  }

  /** Become what the response to a comparison says. Rows removed since the request stay removed; a row in use
      (`isInUse`) stays as it is. Returns null if one of the two has no table: then the page is to be shown whole.
      @type {(compared: Comparison<R>, page: Page<R>, isInUse: (row: R) => boolean) => Change<R> | null} */
  reconcile({ rows: before }, page, isInUse) {
    if (!this.#hasTable || !page.hasTable) {
      return null;
    }
    /** @type {(piece: R[] | Kept) => R[]} */
    const keptBy = (piece) => (Array.isArray(piece) ? [] : before.slice(piece.start, piece.stop));
    const kept = new Set(page.pieces.flatMap(keptBy));
    const loaded = before.filter((row) => this.get(row.key) === row);
    const leaving = loaded.filter((row) => !kept.has(row));
    const outdated = leaving.filter(isInUse);
    const removed = leaving.filter((row) => !isInUse(row));
    const staying = new Set(loaded.filter((row) => kept.has(row) || isInUse(row)));
    const { rows, inserted } = merge(before, page, staying);
    const isOther = inserted.length + removed.length > 0 || this.differsInTotal(page);
    const successor = successorOf(before, new Set(removed), rows);
    this.#setRows(rows);
    this.#more = page.more;
    this.#total = page.total;
    if (isOther) {
      this.noteChange();
    }
    return { inserted, removed, outdated, successor, isOther };
  }

  /** Take out the rows of `keys`.
      @type {(keys: Iterable<string>) => Change<R>} */
  remove(keys) {
    const removed = new Set([...keys].flatMap((key) => this.get(key) ?? []));
    const before = this.#rows;
    this.#setRows(before.filter((row) => !removed.has(row)));
    this.noteChange();
    const successor = successorOf(before, removed, this.#rows);
    return { inserted: [], removed: [...removed], outdated: [], successor, isOther: true };
  }

  /** Give the row of `key` another key and name; a row that had that key is of an entry that is gone, and is taken
      out.
      @type {(key: string, now: { key: string, name: string }) => Change<R>} */
  rename(key, now) {
    const row = this.get(key);
    const change = this.remove(row && now.key !== key ? [now.key] : []);
    if (row) {
      Object.assign(row, now);
      this.#byKey.delete(key);
      this.#byKey.set(row.key, row);
    }
    return change;
  }

  /** @type {(rows: R[]) => void} */
  #setRows(rows) {
    this.#rows = rows;
    this.#byKey = new Map(rows.map((row) => [row.key, row]));
  }
}
