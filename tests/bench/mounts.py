"""The root of a user with shared folders, compared with one of as many own folders, on both databases.

Rule: both roots have the same number of entries, or the rendering would be measured.
"""

from __future__ import annotations

from dataclasses import replace

from tests.bench.folders import asker
from tests.bench.measures import alternate
from tests.bench.peers import Cabinet
from tests.bench.report import Row
from tests.bench.stage import DATABASES, Stage
from tests.support.people import Person

COUNT = 50
# Milliseconds that the mounts may cost.
MOST = 2.0
# Grants of one user to strangers: a day allows 20.
OF_ONE = 17

_ADDRESS = "/files?limit=100"


def mounts(stage: Stage) -> list[Row]:
    """Compare a root of shared folders with one of own ones."""
    return [_row(stage, kind) for kind in DATABASES]


def _row(stage: Stage, kind: str) -> Row:
    with stage.fresh_cabinet(kind=kind) as server:
        own, shared = Person(server.server, "own"), Person(server.server, "shared")
        for number in range(COUNT):
            own.send("POST", "/folders", json={"path": f"folder-{number}"})
        for first in range(0, COUNT, OF_ONE):
            _share(Person(server.server, f"owner-{first}"), shared, range(first, min(first + OF_ONE, COUNT)))
        listed = shared.send("GET", _ADDRESS).json()["entries"]
        assert len(listed) == COUNT, listed
        users = {"own": own, "shared": shared}
        pages = alternate(
            {name: asker(stage, _as(server, user), _ADDRESS) for name, user in users.items()}, stage.rounds
        )
        server.empty()
    more = pages["shared"].median - pages["own"].median
    return Row(
        f"root with {COUNT} shared folders, {kind}",
        pages["shared"].show("ms", 2),
        f"own folders: {pages['own'].median:.2f} ms",
        f"{more:+.2f} ms",
        f"<= {MOST:.0f} ms more",
        more <= MOST,
    )


def _share(owner: Person, user: Person, numbers: range) -> None:
    """Let one user share some folders with another one, who accepts them."""
    for number in numbers:
        owner.send("POST", "/folders", json={"path": f"folder-{number}"})
        body = {"kind": "grant", "paths": [f"folder-{number}"], "to": {"user": "shared"}, "role": "editor"}
        made = owner.send("POST", "/shares", json=body)
        assert made.status == 201, made.data
        user.send("POST", f"/shares/{made.json()['id']}/accept")


def _as(server: Cabinet, user: Person) -> Cabinet:
    return replace(server, headers=user.headers)
