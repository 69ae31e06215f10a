"""The page of a folder with any number of entries, on both databases.

Rule: every page has the same number of entries, or the rendering would be measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from tests.bench.filling import fill
from tests.bench.kept import kept_connection
from tests.bench.measures import Samples, alternate
from tests.bench.peers import Cabinet
from tests.bench.report import Row
from tests.bench.stage import DATABASES, Stage

COUNTS = (10, 10_000, 1_000_000)

# Half of the smallest folder, so that it too has a next page.
PAGE = COUNTS[0] // 2

# Entries that a larger folder has however small the scale: more than a browser's page shows.
LEAST = 300

# Requests in one round.
REQUESTS = 40

# How many times the smallest folder the largest one may cost.
TOLERANCE = 1.2


def folder(stage: Stage) -> list[Row]:
    """Pages of three folders, in every order for a program, and as a browser gets them."""
    return [row for kind in DATABASES for row in _rows(stage, kind)]


def _rows(stage: Stage, kind: str) -> list[Row]:
    counts = [stage.scaled(count, min(count, LEAST)) for count in COUNTS]
    with stage.fresh_cabinet(kind=kind) as server:
        for count in counts:
            fill(server, f"folder-{count}", (f"{number:07}.txt" for number in range(1, count)))
        rows = [
            _row(stage, server, f"{kind}, by {sort}", f"/files?limit={PAGE}&sort={sort}", counts)
            for sort in ("name", "size", "modified")
        ]
        rows.append(
            _row(stage, server, f"{kind}, the next page", f"/files?limit={PAGE}", counts, goes_on=True)
        )
        # The page of a browser is longer than the smallest folder.
        rows.append(_row(stage, server, f"{kind}, as a page", "/index?", counts[1:]))
        server.empty()
    return rows


def _row(
    stage: Stage, server: Cabinet, what: str, address: str, counts: Sequence[int], *, goes_on: bool = False
) -> Row:
    """Compare the largest of the folders with the smallest."""
    addresses = {f"{count:,}": f"{address}&path=folder-{count}" for count in counts}
    if goes_on:
        addresses = {name: _behind(server, page) for name, page in addresses.items()}
    accepted = "text/html" if address.startswith("/index") else "application/json"
    pages = alternate(
        {name: asker(stage, server, page, accepted) for name, page in addresses.items()}, stage.rounds
    )
    smallest, *_, largest = addresses
    ratio = pages[largest].times(pages[smallest])
    return Row(
        f"page of {largest}, {what}",
        pages[largest].show("ms", 2),
        ", ".join(f"{name}: {pages[name].median:.2f} ms" for name in addresses if name != largest),
        f"{ratio:.2f} times",
        f"<= {TOLERANCE:.2f} times",
        ratio <= TOLERANCE,
    )


def _behind(server: Cabinet, address: str) -> str:
    """Return the address of the page behind the one at `address`."""
    answer = server.server.request("GET", address, headers=dict(server.headers)).json()
    return f"{address}&after={quote(answer['next'])}"


def asker(
    stage: Stage, server: Cabinet, address: str, accepted: str = "application/json"
) -> Callable[[int], float]:
    """Return a function that requests a URL several times and returns the median of a request in ms."""
    asked = stage.scaled(REQUESTS, 10)

    def ask(_number: int) -> float:
        with kept_connection(server.port, {**server.headers, "Accept": accepted}) as connection:
            connection.request("GET", address)
            return Samples([connection.request("GET", address) for _ in range(asked)]).median * 1000

    return ask
