"""Moving and copying a tree, on both databases.

Rule: the tree is created once, by copying a folder of files, and then moved back and forth.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from time import perf_counter
from typing import Any

from tests.bench.filling import fill
from tests.bench.measures import Samples, alternate
from tests.bench.peers import Cabinet
from tests.bench.report import Row
from tests.bench.stage import DATABASES, Stage

FOLDERS, FILES = 100, 1000

# Moves in one round.
MOVES = 20

# How many times a tree of ten entries the large one may take to move; seconds that its copy may take.
TOLERANCE = 1.2
MOST = 5


def tree(stage: Stage) -> list[Row]:
    """Move a tree of 100,000 entries beside one of ten, and copy it."""
    return [row for kind in DATABASES for row in _rows(stage, kind)]


def _rows(stage: Stage, kind: str) -> list[Row]:
    files = stage.scaled(FILES)
    entries = FOLDERS * (files + 2)
    with stage.fresh_cabinet(kind=kind) as server:
        fill(server, "small/inside", (f"{number}.txt" for number in range(8)))
        fill(server, "large/000", (f"document number {number}.txt" for number in range(files)))
        for number in range(1, FOLDERS):
            _ask(server, "/copies", ["large/000"], f"large/{number:03}")
        moves = alternate({name: _mover(stage, server, name) for name in ("large", "small")}, stage.rounds)
        copied = _copier(server)
        copies = Samples([copied() for _ in range(stage.rounds)])
        server.empty()
    ratio = moves["large"].times(moves["small"])
    return [
        Row(
            f"move of a tree of {entries:,}, {kind}", moves["large"].show("ms", 2),
            f"10 entries: {moves['small'].median:.2f} ms", f"{ratio:.2f} times", f"<= {TOLERANCE:.2f} times",
            ratio <= TOLERANCE,
        ),
        Row(
            f"copy of it, {kind}", copies.show("s", 2), "", "", f"<= {MOST} s", copies.median <= MOST
        ),
    ]  # fmt: skip


def _mover(stage: Stage, server: Cabinet, name: str) -> Callable[[int], float]:
    asked = stage.scaled(MOVES, 4)

    def move(_number: int) -> float:
        taken = [
            _ask(server, "/moves", [source], to)
            for _ in range(asked)
            for source, to in ((name, f"moved-{name}"), (f"moved-{name}", name))
        ]
        return Samples(taken).median * 1000

    return move


def _copier(server: Cabinet) -> Callable[[], float]:
    numbers = count()
    return lambda: _ask(server, "/copies", ["large"], f"copy-{next(numbers)}")


def _ask(server: Cabinet, address: str, sources: list[str], to: str) -> float:
    """Return the seconds that a move or copy takes."""
    wanted: dict[str, Any] = {"from": sources, "to": to}
    started = perf_counter()
    answer = server.server.request("POST", address, json=wanted, headers=dict(server.headers))
    taken = perf_counter() - started
    if answer.status != 200:
        raise RuntimeError(f"{address} answered {answer.status}: {answer.data[:300]!r}")
    return taken
