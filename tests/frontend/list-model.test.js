/* The list as data: whatever happens in whatever order, its rows, "Show more" and the totals agree with the server's
   list, and the differences that it returns lead a page to the same rows. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { load } from "./support/load.js";

const { ListModel } = await load("list/model.js");

/** @import { Change, Comparison, Kept, ListModel as Model, Page, Row as AnyRow } from "../../src/cabinet/static/js/list/model.js" */

/** @typedef {AnyRow & { isInUse?: boolean }} Row */

// Pages and comparisons are as small as possible, so that few entries meet every border.
const PAGE_ROWS = 4;
const MOST_RENDERED = 3;

const place = { address: "/index", kind: "folder", folder: "" };

/** @type {(key: string, edition?: number) => Row} */
const row = (key, edition = 1) => ({
  key,
  tag: `${key}#${edition}`,
  name: key,
  kind: "file",
  size: 10 * edition,
  isMount: false,
});

/** @type {(row: Row) => boolean} */
const isInUse = ({ isInUse = false }) => isInUse;

/** A server with one folder, which answers as web/listing/updates.py and services/tree/extents.py do. */
class Server {
  /** @type {Map<string, number>} */
  editions = new Map();
  #count = 0;

  /** @param {string[]} keys */
  constructor(keys) {
    keys.forEach((key) => this.store(key));
  }

  /** @param {string} key */
  store(key) {
    // No tag comes twice.
    this.#count += 1;
    this.editions.set(key, this.#count);
  }

  /** @param {string} key */
  remove(key) {
    this.editions.delete(key);
  }

  get rows() {
    return [...this.editions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, edition]) => row(key, edition));
  }

  /** @type {(pieces: Page<Row>["pieces"], rest: string | null) => Page<Row>} */
  #page(pieces, rest) {
    const { rows } = this;
    const size = rows.reduce((sum, each) => sum + each.size, 0);
    return {
      pieces,
      hasTable: rows.length > 0,
      hasRest: false,
      more: rest === null ? null : { href: `/index?after=${rest}`, cursor: rest },
      total: { count: rows.length, size },
    };
  }

  list(after = "", limit = PAGE_ROWS) {
    const following = this.rows.filter(({ key }) => key > after);
    const shown = following.slice(0, limit);
    return this.#page([shown], following.length > limit ? shown[limit - 1].key : null);
  }

  /** @type {(request: Comparison<Row>["request"]) => Page<Row>} */
  compare({ tags, until, most }) {
    const least = Math.max(PAGE_ROWS, tags.length);
    const { rows } = this;
    const before = until === null ? rows : rows.filter(({ key }) => key <= until);
    let shown = before.slice(0, Math.max(least, most));
    let rest = before.length > shown.length ? shown[shown.length - 1].key : null;
    if (until !== null && rest === null) {
      const missing = Math.max(0, least - shown.length);
      shown = rows.slice(0, shown.length + missing);
      const isAll = shown.length === rows.length;
      rest = isAll ? null : missing ? shown[shown.length - 1].key : until;
    }
    /** @type {(Row[] | Kept)[]} */
    const pieces = [];
    let last = -1;
    let rendered = 0;
    for (const each of shown) {
      const at = tags.indexOf(each.tag);
      const piece = pieces.at(-1);
      if (at > last) {
        last = at;
        if (piece && !Array.isArray(piece) && piece.stop === at) {
          piece.stop += 1;
        } else {
          pieces.push({ start: at, stop: at + 1 });
        }
      } else {
        rendered += 1;
        if (Array.isArray(piece)) {
          piece.push(each);
        } else {
          pieces.push([each]);
        }
      }
    }
    let room = MOST_RENDERED;
    const sent = pieces.map((piece) => {
      const some = Array.isArray(piece) ? piece.slice(0, room) : piece;
      room -= Array.isArray(some) ? some.length : 0;
      return some;
    });
    const shownPieces = sent.filter((piece) => !Array.isArray(piece) || piece.length);
    return { ...this.#page(shownPieces, rest), hasRest: rendered > MOST_RENDERED };
  }
}

/** What list/list.js and list/render.js do with a model, with a list of rows in the place of the page. */
class Client {
  /** @param {Server} server */
  constructor(server) {
    this.server = server;
    /** @type {Model<Row>} */
    this.model = new ListModel(server.list(), place);
    this.drawn = [...this.model.rows];
  }

  /** Draw a difference as a renderer does, which moves nothing.
      @type {(change: Change<Row>) => void} */
  draw(change) {
    const drawn = [...this.drawn];
    for (const { after, rows } of change.inserted) {
      const at = after ? drawn.indexOf(after) : -1;
      assert.ok(!after || at >= 0, "rows are inserted after one that is there");
      drawn.splice(at + 1, 0, ...rows);
    }
    const gone = new Set(change.removed);
    this.drawn = drawn.filter((each) => !gone.has(each));
    if (change.removed.length) {
      const { successor } = change;
      assert.ok(successor ? this.drawn.includes(successor) : !this.drawn.length);
    }
    this.expectDrawn();
  }

  expectDrawn() {
    assert.deepEqual(this.drawn, [...this.model.rows]);
    for (const each of this.drawn) {
      assert.equal(this.model.get(each.key), each);
    }
  }

  /** @param {Page<Row>} page */
  show(page) {
    this.model.show(page);
    this.drawn = [...this.model.rows];
  }

  /** Compare the list; `meanwhile()` happens between the request and the response. Tells whether it is complete. */
  update(meanwhile = () => {}, arriving = 0) {
    const compared = this.model.compare(arriving);
    const page = this.server.compare(compared.request);
    meanwhile();
    if (compared.generation !== this.model.generation) {
      return false;
    }
    const change = this.model.reconcile(compared, page, isInUse);
    if (change) {
      this.draw(change);
    } else {
      this.show(page);
    }
    return !page.hasRest;
  }

  /** @type {(meanwhile?: () => void, arriving?: number) => void} */
  refresh(meanwhile, arriving) {
    let isComplete = this.update(meanwhile, arriving);
    for (let turns = 0; !isComplete; turns += 1) {
      assert.ok(turns < 200, "it comes to an end");
      isComplete = this.update(undefined, arriving);
    }
  }

  more() {
    const { generation, more } = this.model;
    if (!more) {
      return;
    }
    const page = this.server.list(more.cursor ?? "");
    const isOutdated = this.model.differsInTotal(page);
    assert.equal(generation, this.model.generation);
    const change = this.model.append(page, isInUse);
    if (change) {
      this.draw(change);
    } else {
      this.show(page);
    }
    if (isOutdated) {
      this.refresh();
    }
  }

  /** Say that rows, "Show more" and the totals are those of the server. */
  expectAgreement() {
    const { rows } = this.server;
    const { rows: shown, more, total } = this.model;
    assert.deepEqual(
      shown.map(({ tag }) => tag),
      rows.slice(0, shown.length).map(({ tag }) => tag),
    );
    assert.equal(more !== null, shown.length < rows.length);
    assert.equal(total?.count, rows.length);
    this.expectDrawn();
  }
}

/** @type {(client: Client) => string} */
const keys = (client) => client.model.rows.map(({ key }) => key).join("");

describe("a list", () => {
  /** @type {Server} */
  let server;
  /** @type {Client} */
  let client;

  beforeEach(() => {
    server = new Server([..."bdfhjl"]);
    client = new Client(server);
  });

  it("is the first page, with more to load", () => {
    assert.equal(keys(client), "bdfh");
    assert.equal(client.model.more?.cursor, "h");
    client.expectAgreement();
  });

  it("has no more once all pages are loaded", () => {
    client.more();

    assert.equal(keys(client), "bdfhjl");
    assert.equal(client.model.more, null);
  });

  it("keeps unchanged rows, and inserts new ones in order", () => {
    const [b, d] = client.model.rows;
    server.store("c");
    server.store("d");

    client.refresh();

    assert.equal(keys(client), "bcdfh");
    assert.equal(client.model.get("b"), b);
    assert.notEqual(client.model.get("d"), d);
    client.expectAgreement();
  });

  it("is not shorter after a removal while there is more", () => {
    server.remove("b");

    client.draw(client.model.remove(["b"]));
    assert.equal(keys(client), "dfh");
    client.refresh();

    // A page is the least.
    assert.equal(keys(client), "dfhj");
    client.expectAgreement();
  });

  it("does not restore rows removed since the request", () => {
    client.update(() => client.draw(client.model.remove(["d"])));

    assert.equal(keys(client), "bfh");
  });

  it("names the next row, or the last, for the focus", () => {
    assert.equal(client.model.remove(["d", "f"]).successor?.key, "h");
    assert.equal(client.model.remove(["h"]).successor?.key, "b");
    assert.equal(client.model.remove(["b"]).successor, null);
  });

  it("keeps a row in use and marks it as outdated", () => {
    const [, d] = client.model.rows;
    d.isInUse = true;
    server.store("d");

    const compared = client.model.compare();
    const change = client.model.reconcile(compared, server.compare(compared.request), isInUse);

    assert.ok(change);
    assert.deepEqual(change.outdated, [d]);
    client.draw(change);
    assert.equal(keys(client), "bdfh");
    d.isInUse = false;
    client.refresh();
    assert.notEqual(client.model.get("d"), d);
    client.expectAgreement();
  });

  it("moves a renamed row to its new place and removes a replaced one", () => {
    server.remove("b");
    server.remove("h");
    server.store("h");

    client.draw(client.model.rename("b", { key: "h", name: "h" }));
    assert.equal(keys(client), "hdf");
    client.refresh();

    assert.equal(keys(client), "dfhj");
    client.expectAgreement();
  });

  it("accepts a next page with a row that was loaded already", () => {
    const page = { ...server.list("h"), pieces: [[row("b", 2), row("j")]] };

    const change = client.model.append(page, isInUse);

    assert.ok(change);
    assert.deepEqual(
      change.removed.map(({ key }) => key),
      ["b"],
    );
    client.draw(change);
    assert.equal(keys(client), "dfhbj");
  });

  it("keeps a row in use that the next page contains too", () => {
    const [b] = client.model.rows;
    b.isInUse = true;
    const page = { ...server.list("h"), pieces: [[row("b", 2), row("j")]] };

    const change = client.model.append(page, isInUse);

    assert.ok(change);
    assert.deepEqual([change.removed, change.outdated], [[], [b]]);
    client.draw(change);
    assert.equal(keys(client), "bdfhj");
  });

  it("has a new identity after a redraw, which identifies outdated responses", () => {
    const compared = client.model.compare();

    client.model.show(server.list(), { ...place, folder: "box" });

    assert.notEqual(compared.generation, client.model.generation);
    assert.equal(client.model.place.folder, "box");
  });

  it("is redrawn completely after an empty state", () => {
    [..."bdfhjl"].forEach((key) => server.remove(key));
    client.refresh();
    assert.equal(keys(client), "");
    client.expectAgreement();
    server.store("a");

    client.refresh();

    assert.equal(keys(client), "a");
    client.expectAgreement();
  });

  it("counts changes on the server, which make requested pages outdated", () => {
    const { revision } = client.model;
    client.refresh();
    assert.equal(client.model.revision, revision, "nothing has changed");

    server.store("zz");
    client.refresh();

    assert.notEqual(client.model.revision, revision);
  });

  it("grows with new entries if it is loaded completely, and else only up to its end", () => {
    server.store("m");
    client.refresh();
    assert.equal(keys(client), "bdfh");
    client.more();
    server.store("n");

    client.refresh();

    assert.equal(keys(client), "bdfhjlmn");
    client.expectAgreement();
  });
});

/** Return numbers below a limit by chance, the same for a seed.
    @type {(seed: number) => (limit: number) => number} */
function chanceOf(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const NAMES = Array.from({ length: 40 }, (_, index) => String.fromCharCode(0x41 + index));

/** Do something by chance to the server, to the list, or to both as an action of the page does.
    @type {(client: Client, chance: (limit: number) => number, isMeanwhile?: boolean) => void} */
function act(client, chance, isMeanwhile = false) {
  const { server, model } = client;
  const name = () => NAMES[chance(NAMES.length)];
  const some = () => model.rows.filter(() => chance(4) === 0).map(({ key }) => key);
  /** @type {(() => void)[]} */
  const acts = [
    () => server.store(name()),
    () => server.remove(name()),
    () => NAMES.filter(() => chance(3) === 0).forEach((each) => server.store(each)),
    () => NAMES.filter(() => chance(3) === 0).forEach((each) => server.remove(each)),
    () => {
      const gone = some();
      gone.forEach((key) => server.remove(key));
      client.draw(model.remove(gone));
    },
    () => {
      const [old] = some();
      const now = name();
      if (old && server.editions.has(old) && !server.editions.has(now)) {
        server.remove(old);
        server.store(now);
        client.draw(model.rename(old, { key: now, name: now }));
      }
    },
    () => {
      // One name at a time can be edited.
      const used = chance(model.rows.length + 1);
      client.drawn.forEach((each, index) => {
        each.isInUse = index === used;
      });
    },
    ...(isMeanwhile
      ? []
      : [
          () => client.more(),
          () => client.refresh(() => act(client, chance, true), chance(3)),
          () => client.refresh(() => client.show(server.list())),
        ]),
  ];
  acts[chance(acts.length)]();
  client.expectDrawn();
}

describe("rows, more and the totals agree", () => {
  it("after any operations in any order", () => {
    for (let seed = 1; seed <= 120; seed += 1) {
      const chance = chanceOf(seed);
      const client = new Client(new Server(NAMES.filter(() => chance(3) === 0)));
      for (let turn = 0; turn < 25; turn += 1) {
        act(client, chance);
        if (chance(4) === 0) {
          client.drawn.forEach((each) => {
            each.isInUse = false;
          });
          client.refresh();
          client.expectAgreement();
        }
      }
    }
  });
});
