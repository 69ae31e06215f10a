"""Kill a server again and again while programs work on it, and look at what it kept.

Rule: what a load expects is its own affair; here it is started, cut off and asked.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Protocol

from cabinet.web.services import housekeeping, inspection
from tests.conftest import MakeApp
from tests.support.backends import LocalBackend
from tests.support.people import Person
from tests.support.servers import Server
from tests.support.waiting import wait_until


class Load(Protocol):
    """Work that counts what the server has acknowledged."""

    answers: int

    def run(self, person: Person) -> None: ...

    def check(self, person: Person, found: dict[str, str]) -> None: ...


def kill_under_load(
    server: Server, person: Person, loads: Sequence[Load], rounds: int, pauses: range
) -> None:
    """Kill the server after a number of answers out of `pauses`, start it and check it, and stop it at the end."""
    chance = Random(rounds)
    for _ in range(rounds):
        enough = sum(load.answers for load in loads) + chance.choice(pauses)
        threads = [threading.Thread(target=load.run, args=(person,)) for load in loads]
        for thread in threads:
            thread.start()
        wait_until(lambda: sum(load.answers for load in loads) >= enough, what="answers")  # noqa: B023
        server.kill()
        for thread in threads:
            thread.join()

        server.start()
        found = person.hashes()
        for load in loads:
            load.check(person, found)
    server.stop()


def check_intact(make_app: MakeApp) -> None:
    """Check that after a sweep nothing is missing, damaged or left over."""
    app = make_app(SWEEP_GRACE_SECONDS=0)
    with app.app_context():
        housekeeping().sweep()
        assert list(inspection().verify(deep=True)) == []
    assert LocalBackend(Path(app.instance_path)).staged() == []
