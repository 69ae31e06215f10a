"""The first page of a folder, however many entries it has.

Rule: the entries are rows as an upload leaves them, one upload multiplied by SQL; they share its
blob, and every counter is right.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from cabinet.services.names import sort_key
from tests.bench.kept import kept_connection
from tests.bench.measures import Samples, alternate
from tests.bench.peers import Cabinet
from tests.bench.report import Row
from tests.bench.stage import Stage

COUNTS = (10, 10_000, 1_000_000)

# Every page has as many entries as the smallest folder, or it would be the entries that are measured.
PAGE = COUNTS[0]

# Entries that a larger folder has however small the scale: more than a browser's page shows.
LEAST = 300

# Requests in one round.
REQUESTS = 40

# How many times the smallest folder the largest one may cost.
TOLERANCE = 1.2

_COPY_NODES = """
INSERT INTO node (owner_id, parent_id, kind, name, sort_key, size, content_hash, media_type,
                  version, child_count, child_size, created_at, modified_at)
SELECT owner_id, parent_id, kind, :name, :key, size, content_hash, media_type,
       version, child_count, child_size, created_at, modified_at
FROM node WHERE id = :model
"""
_COPY_VERSIONS = """
INSERT INTO version (node_id, number, content_hash, size, created_at)
SELECT node.id, version.number, version.content_hash, version.size, version.created_at
FROM node, version
WHERE node.parent_id = :folder AND node.id != :model AND version.node_id = :model
"""
_COUNT = """
UPDATE node SET child_count = :count, child_size = :count * child_size WHERE id = :folder
"""
_CHARGE = """
UPDATE user SET usage = (SELECT sum(child_size) FROM node WHERE owner_id = user.id)
"""


def folder(stage: Stage) -> list[Row]:
    """First pages of three folders, in every order for a program, and as a browser gets them."""
    counts = [stage.scaled(count, min(count, LEAST)) for count in COUNTS]
    with stage.fresh_cabinet() as server:
        for count in counts:
            fill(server, f"folder-{count}", count)
        rows = [
            _row(stage, server, f"by {sort}", f"/files?limit={PAGE}&sort={sort}", counts)
            for sort in ("name", "size", "modified")
        ]
        # The page of a browser is longer than the smallest folder.
        rows.append(_row(stage, server, "as a page", "/index?", counts[1:]))
        server.empty()
    return rows


def fill(server: Cabinet, name: str, count: int) -> None:
    """Make a folder of `count` files: one by an upload, the others after its model."""
    with kept_connection(server.port, server.headers) as connection:
        connection.request("PUT", server.path(f"{name}/0000000.txt"), b"one content for all")
    database = server.server.folder / "instance" / "cabinet.db"
    with closing(sqlite3.connect(database)) as connected, connected:
        model, parent = connected.execute(
            "SELECT id, parent_id FROM node WHERE name = '0000000.txt' ORDER BY id DESC LIMIT 1"
        ).fetchone()
        connected.executemany(_COPY_NODES, _copies(model, count))
        connected.execute(_COPY_VERSIONS, {"folder": parent, "model": model})
        connected.execute(_COUNT, {"folder": parent, "count": count})
        connected.execute(_CHARGE)


def _copies(model: int, count: int) -> Iterator[dict[str, object]]:
    for number in range(1, count):
        name = f"{number:07}.txt"
        yield {"model": model, "name": name, "key": sort_key(name)}


def _row(stage: Stage, server: Cabinet, what: str, address: str, counts: Sequence[int]) -> Row:
    """Compare the largest of the folders with the smallest."""
    askers = {f"{count:,}": _asker(stage, server, f"{address}&path=folder-{count}") for count in counts}
    pages = alternate(askers, stage.rounds)
    smallest, *_, largest = askers
    ratio = pages[largest].times(pages[smallest])
    return Row(
        f"first page of {largest}, {what}",
        pages[largest].show("ms", 2),
        ", ".join(f"{name}: {pages[name].median:.2f} ms" for name in askers if name != largest),
        f"{ratio:.2f} times",
        f"<= {TOLERANCE:.2f} times",
        ratio <= TOLERANCE,
    )


def _asker(stage: Stage, server: Cabinet, address: str) -> Callable[[int], float]:
    accepted = "text/html" if address.startswith("/index") else "application/json"
    asked = stage.scaled(REQUESTS, 10)

    def ask(_number: int) -> float:
        with kept_connection(server.port, {**server.headers, "Accept": accepted}) as connection:
            connection.request("GET", address)
            return Samples([connection.request("GET", address) for _ in range(asked)]).median * 1000

    return ask
