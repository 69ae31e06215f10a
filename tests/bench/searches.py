"""Searching a million names of one user, on both databases.

Rule: names are realistic words and numbers; a selective query finds few of them, the others show the worst case.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from urllib.parse import quote

from tests.bench.filling import fill
from tests.bench.folders import asker
from tests.bench.measures import alternate
from tests.bench.peers import Cabinet
from tests.bench.report import Row
from tests.bench.stage import DATABASES, Stage

COUNT = 1_000_000

# Milliseconds that a selective query may take.
MOST = 100

# The queries, and whether they are selective.
QUERIES = {
    "one of all": ("Отчёт 123456", True),
    "a number in some twenty": ("12345", True),
    "nothing": ("жжж", True),
    "one letter": ("ё", True),
    "two letters that few have": ("не", True),
    "two letters that many have": ("in", True),
    "two words in another order": ("letter scan", True),
    "words that many have, together none": ("invoice letter scan", False),
    "every tenth": ("invoice", False),
}

_WORDS = ["Отчёт", "photo", "invoice", "документ", "scan", "letter", "Plan", "черновик", "image", "notes"]
_ENDINGS = ["pdf", "jpg", "docx", "txt"]


def search(stage: Stage) -> list[Row]:
    """Ask one user's million names for a part of them."""
    return [row for kind in DATABASES for row in _rows(stage, kind)]


def _rows(stage: Stage, kind: str) -> list[Row]:
    count = stage.scaled(COUNT, 1000)
    with stage.fresh_cabinet(kind=kind) as server:
        fill(server, "many", _names(count))
        fill(server, "rare", ["нечто особенное.txt"])
        rows = [
            _row(stage, server, f"search of {count:,}, {kind}, {what}", query, is_selective=is_selective)
            for what, (query, is_selective) in QUERIES.items()
        ]
        server.empty()
    return rows


def _row(stage: Stage, server: Cabinet, what: str, query: str, *, is_selective: bool) -> Row:
    found = alternate({"": asker(stage, server, f"/search?q={quote(query)}")}, stage.rounds)[""]
    at_least = f"<= {MOST} ms" if is_selective else "-"
    return Row(what, found.show("ms", 1), "", "", at_least, found.median <= MOST if is_selective else None)


def _names(count: int) -> Iterator[str]:
    random = Random(1)
    for number in range(1, count):
        yield f"{random.choice(_WORDS)} {number} {random.choice(_WORDS)}.{random.choice(_ENDINGS)}"
