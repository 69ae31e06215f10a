/* Which rows are chosen: by clicks, by ranges, all of them, and everything in the place. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { load } from "./support/load.js";

// Rows are known by their keys here, and stand in groups of two.
let keys;
let place;
let totals;
let marked;
let list;
let selection;
let changes;
let shared;

const rowOf = (key) => ({ key, getAttribute: () => "10", hasAttribute: () => key === shared });

function partsOf(_, selector) {
  if (selector !== "#rows > *") {
    return [];
  }
  const starts = keys.map((_, index) => index).filter((index) => index % 2 === 0);
  return starts.map((start) => keys.slice(start, start + 2).map(rowOf));
}

/** Have the list be of other rows; `added` are those that came at its end, if nothing else has changed. */
function renew(now, added = null) {
  keys = now;
  list.dispatchEvent(new CustomEvent("listchange", { detail: { added: added?.map(rowOf) ?? null } }));
}

class Marks {
  draw(key) {
    marked.push(key);
  }
  show(changed) {
    marked.push(...changed);
  }
  finish() {}
  forget() {}
}

beforeEach(async () => {
  keys = ["a", "b", "c", "d", "e"];
  place = { place: "folder", folder: "box" };
  totals = { count: 5, size: 50 };
  marked = [];
  shared = null;
  list = new EventTarget();
  globalThis.requestIdleCallback = () => {};
  document.getElementById = (id) => (id === "totals" ? { dataset: { count: `${totals.count}` } } : null);
  const { Selection } = await load("list/selection.js", {
    stubs: {
      "core/dom.js": { around: () => null, byId: () => ({ dataset: place }), parts: partsOf },
      "list/list.js": {
        entryOf: ({ key }) => ({ path: key, name: key }),
        keyOf: ({ key }) => key,
        onListChange: (element, hear) => element.addEventListener("listchange", ({ detail }) => hear(detail)),
        rowsOf: (group) => group,
      },
      "list/marks.js": { Marks },
      "list/place-totals.js": { totals: async () => totals },
    },
  });
  selection = new Selection(list);
  changes = 0;
  selection.addEventListener("change", () => {
    changes += 1;
  });
});

const chosen = () => selection.paths.join("");

describe("rows", () => {
  it("are chosen one more and one less, in the order of the list", () => {
    for (const key of ["d", "a", "c", "d"]) {
      selection.toggle(key);
    }

    assert.equal(chosen(), "ac");
    assert.equal(selection.size, 2);
    assert.equal(selection.bytes, 20);
    assert.deepEqual(
      selection.entries.map(({ path }) => path),
      ["a", "c"],
    );
  });

  it("are marked where they change, and nowhere else", () => {
    selection.set(["a", "b"]);
    marked.length = 0;

    selection.set(["b", "c", "of another list"]);

    assert.deepEqual(marked.sort(), ["a", "c"]);
    assert.equal(chosen(), "bc");
  });

  it("say nothing where nothing changes", () => {
    selection.set(["a"]);
    selection.set(["a"]);

    assert.equal(changes, 1);
  });

  it("leave the selection as they leave the list", () => {
    selection.set(["b", "d"]);

    renew(["a", "d", "e"]);

    assert.equal(chosen(), "d");
    assert.equal(changes, 2);
  });

  it("that come at the end of the list are not chosen", () => {
    selection.selectAll();

    renew([...keys, "f"], ["f"]);

    assert.equal(chosen(), "abcde");
    assert.equal(selection.limit, 6);
  });
});

describe("a range", () => {
  it("goes from the row that was chosen last, in either direction", () => {
    selection.toggle("c");

    selection.extendTo("e");
    assert.equal(chosen(), "cde");
    selection.extendTo("a");

    assert.equal(chosen(), "abc");
  });

  it("lets go only what the range before took in", () => {
    selection.set(["e"]);
    selection.toggle("b");

    selection.extendTo("e");
    selection.extendTo("c");

    assert.equal(chosen(), "bce");
  });

  it("begins at the given row, else at the first, where none was chosen", () => {
    selection.extendTo("d", "c");
    assert.equal(chosen(), "cd");
    selection.clear();

    selection.extendTo("b");

    assert.equal(chosen(), "ab");
  });

  it("begins anew where its row has left the list", () => {
    selection.toggle("c");
    renew(["a", "b", "d", "e"]);

    selection.extendTo("b");

    assert.equal(chosen(), "ab");
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
    const { folder, except, count, bytes } = selection.entries.everything;
    assert.deepEqual({ folder, except, count, bytes }, { folder: "box", except: [], count: 9, bytes: 90 });
  });

  it("is without what is taken out, by the names", () => {
    selection.toggle("b");

    const { everything } = selection.entries;
    assert.deepEqual(everything.except, ["b"]);
    assert.equal(everything.count, 8);
    assert.equal(everything.bytes, 80);
    selection.toggle("b");
    assert.deepEqual(selection.entries.everything.except, []);
  });

  it("takes in the rows that come later, but for what is taken out", () => {
    selection.toggle("b");

    renew([...keys, "f", "g"], ["f", "g"]);

    assert.equal(chosen(), "acdefg");
    assert.equal(selection.isWhole, true);
  });

  it("leaves out folders that others shared, which the place does not count", () => {
    shared = "s";

    renew([...keys, "s"]);
    selection.toggle("s");

    assert.equal(chosen(), "abcde");
    assert.equal(selection.size, 9);
    assert.deepEqual(selection.entries.everything.except, []);
  });

  it("ends when the place has another number of entries", () => {
    totals = { count: 10, size: 100 };

    renew([...keys]);

    assert.equal(selection.isWhole, false);
    assert.equal(selection.size, 5);
  });

  it("ends when another place is open", () => {
    place.folder = "other";

    renew([...keys]);

    assert.equal(selection.isWhole, false);
  });

  it("ends when some are chosen, and when nothing is left of it", async () => {
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

  it("can be selected again with the same taken out", async () => {
    selection.toggle("b");
    const { again } = selection.entries.everything;
    totals = { count: 10, size: 100 };
    renew([...keys]);

    await again();

    assert.equal(selection.size, 9);
    assert.deepEqual(selection.entries.everything.except, ["b"]);
  });

  it("is known by ids in the trash, and its bytes by nobody", async () => {
    place = { place: "trash" };
    totals = { count: 7, size: null };
    await selection.selectEverything(new Set(["a"]));

    const { folder, except, count, bytes } = selection.entries.everything;
    assert.deepEqual(
      { folder, except, count, bytes },
      { folder: null, except: ["a"], count: 6, bytes: null },
    );
  });
});
