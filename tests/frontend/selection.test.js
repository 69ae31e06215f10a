/* Which rows are selected: by clicks, by ranges, all of them, and everything in the place. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { load } from "./support/load.js";

/** @import { ListModel as Model, Page, Place, Row as AnyRow } from "../../src/cabinet/static/js/list/model.js" */
/** @import { Everything, Selection as Selected } from "../../src/cabinet/static/js/list/selection.js" */

/** @typedef {AnyRow & { element: any }} Row */

const { ListModel } = await load("list/model.js");

/** @type {Model<Row>} */
let model;
/** @type {string[]} */
let keys;
/** @type {Place} */
let place;
/** @type {any} */
let totals;
/** @type {string[]} */
let marked;
/** @type {any} */
let list;
/** @type {Selected} */
let selection;
let changes = 0;
/** @type {string | null} */
let shared;

/** Return a row of 10 bytes.
    @type {(key: string) => Row} */
const rowOf = (key) => ({
  key,
  tag: key,
  name: key,
  kind: "file",
  size: 10,
  isMount: key === shared,
  element: { key },
});

/** @type {(rows: Row[]) => Page<Row>} */
const pageOf = (rows) => ({ pieces: [rows], hasTable: true, hasRest: false, more: null, total: totals });

/** Make the list one of other rows.
    @type {(now: string[]) => void} */
function renew(now) {
  keys = now;
  model.show(pageOf(now.map(rowOf)), place);
  list.dispatchEvent(new CustomEvent("listchange", { detail: { added: null } }));
}

/** Load rows at the end of the list.
    @type {(added: string[]) => void} */
function append(added) {
  keys = [...keys, ...added];
  const rows = added.map(rowOf);
  model.append(pageOf(rows), () => false);
  list.dispatchEvent(
    new CustomEvent("listchange", { detail: { added: rows.map(({ element }) => element) } }),
  );
}

class Marks {
  /** @param {string} key */
  draw(key) {
    marked.push(key);
  }
  /** @param {string[]} changed */
  show(changed) {
    marked.push(...changed);
  }
  finish() {}
  forget() {}
}

beforeEach(async () => {
  keys = ["a", "b", "c", "d", "e"];
  place = { address: "/index?path=box", kind: "folder", folder: "box" };
  totals = { count: 5, size: 50 };
  marked = [];
  shared = null;
  list = new EventTarget();
  model = new ListModel(pageOf(keys.map(rowOf)), place);
  const { Selection } = await load("list/selection.js", {
    stubs: {
      "core/dom.js": { around: () => null, parts: () => [] },
      "list/marks.js": { Marks },
      "list/place-totals.js": { totals: async () => totals },
      "list/rows.js": {
        entryOf: (/** @type {Row} */ { key }) => ({ path: key, name: key }),
        keyOf: (/** @type {Row} */ { key }) => key,
      },
    },
  });
  selection = new Selection(list, model);
  changes = 0;
  selection.addEventListener("change", () => {
    changes += 1;
  });
});

/** Return what stands for everything, which has to be selected.
    @type {() => Everything} */
function whole() {
  const { everything } = selection.entries;
  assert.ok(everything);
  return everything;
}

const selected = () => selection.entries.map(({ path }) => path).join("");

describe("rows", () => {
  it("are selected one by one, and kept in the order of the list", () => {
    for (const key of ["d", "a", "c", "d"]) {
      selection.toggle(key);
    }

    assert.equal(selected(), "ac");
    assert.equal(selection.size, 2);
    assert.equal(selection.bytes, 20);
  });

  it("are redrawn only if they change", () => {
    selection.set(["a", "b"]);
    marked.length = 0;

    selection.set(["b", "c", "of another list"]);

    assert.deepEqual(marked.sort(), ["a", "c"]);
    assert.equal(selected(), "bc");
  });

  it("do not announce a change when nothing changes", () => {
    selection.set(["a"]);
    selection.set(["a"]);

    assert.equal(changes, 1);
  });

  it("leave the selection as they leave the list", () => {
    selection.set(["b", "d"]);

    renew(["a", "d", "e"]);

    assert.equal(selected(), "d");
    assert.equal(changes, 2);
  });

  it("that are loaded later are not selected", () => {
    selection.selectAll();

    append(["f"]);

    assert.equal(selected(), "abcde");
    assert.equal(selection.loadedRows, 6);
  });
});

describe("a range", () => {
  it("goes from the row that was selected last, in either direction", () => {
    selection.toggle("c");

    selection.extendTo("e");
    assert.equal(selected(), "cde");
    selection.extendTo("a");

    assert.equal(selected(), "abc");
  });

  it("deselects only what the range before added", () => {
    selection.set(["e"]);
    selection.toggle("b");

    selection.extendTo("e");
    selection.extendTo("c");

    assert.equal(selected(), "bce");
  });

  it("starts at the given row, else at the first, if none was selected", () => {
    selection.extendTo("d", "c");
    assert.equal(selected(), "cd");
    selection.clear();

    selection.extendTo("b");

    assert.equal(selected(), "ab");
  });

  it("starts anew after its first row has left the list", () => {
    selection.toggle("c");
    renew(["a", "b", "d", "e"]);

    selection.extendTo("b");

    assert.equal(selected(), "ab");
  });
});

describe("everything", () => {
  beforeEach(async () => {
    totals = { count: 9, size: 90 };
    await selection.selectEverything();
  });

  it("counts what is not loaded", () => {
    assert.equal(selection.size, 9);
    assert.equal(selection.bytes, 90);
    assert.equal(selection.isWhole, true);
    const { folder, except, count, bytes } = whole();
    assert.deepEqual({ folder, except, count, bytes }, { folder: "box", except: [], count: 9, bytes: 90 });
  });

  it("excludes deselected rows by their names", () => {
    selection.toggle("b");

    const everything = whole();
    assert.deepEqual(everything.except, ["b"]);
    assert.equal(everything.count, 8);
    assert.equal(everything.bytes, 80);
    selection.toggle("b");
    assert.deepEqual(whole().except, []);
  });

  it("includes rows that are loaded later, except excluded ones", () => {
    selection.toggle("b");

    append(["f", "g"]);

    assert.equal(selected(), "acdefg");
    assert.equal(selection.isWhole, true);
  });

  it("leaves out folders shared by others, which the totals do not count", () => {
    shared = "s";

    renew([...keys, "s"]);
    selection.toggle("s");

    assert.equal(selected(), "abcde");
    assert.equal(selection.size, 9);
    assert.deepEqual(whole().except, []);
  });

  it("ends when the place has another number of entries", () => {
    totals = { count: 10, size: 100 };

    renew([...keys]);

    assert.equal(selection.isWhole, false);
    assert.equal(selection.size, 5);
  });

  it("ends when another place is open", () => {
    place = { ...place, folder: "other" };

    renew([...keys]);

    assert.equal(selection.isWhole, false);
  });

  it("ends when some rows are selected, and when all are excluded", async () => {
    selection.set(["a"]);
    assert.equal(selection.isWhole, false);
    totals = { count: 5, size: 50 };
    await selection.selectEverything();

    for (const key of [...keys]) {
      selection.toggle(key);
    }

    assert.equal(selection.isWhole, false);
    assert.equal(selection.size, 0);
  });

  it("can be selected again with the same rows excluded", async () => {
    selection.toggle("b");
    const { again } = whole();
    totals = { count: 10, size: 100 };
    renew([...keys]);

    await again();

    assert.equal(selection.size, 9);
    assert.deepEqual(whole().except, ["b"]);
  });

  it("excludes by ids in the trash, and has no known size there", async () => {
    place = { address: "/trash", kind: "trash", folder: null };
    totals = { count: 7, size: null };
    renew([...keys]);
    await selection.selectEverything(new Set(["a"]));

    const { folder, except, count, bytes } = whole();
    assert.deepEqual(
      { folder, except, count, bytes },
      { folder: null, except: ["a"], count: 6, bytes: null },
    );
  });
});
