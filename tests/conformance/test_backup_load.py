"""A backup of a server during writes and sweeps contains everything acknowledged before it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from flask import Flask

from cabinet.storage.content_hash import hash_chunks
from cabinet.web.runtime import EXTENSION
from cabinet.web.services import housekeeping
from tests.conftest import MakeApp, StartProduction
from tests.support.auth import USERNAME
from tests.support.contents import content_of
from tests.support.operators import Operator
from tests.support.people import Person
from tests.support.waiting import wait_until

pytestmark = pytest.mark.database

# Whatever nothing needs is removed by the first sweep that may.
AT_ONCE = {"TRASH_KEEP_DAYS": 0, "SWEEP_GRACE_SECONDS": 0}


class Writer:
    """Stores, replaces and deletes files of its own, over and over, and counts."""

    def __init__(self, person: Person, name: str) -> None:
        self.rounds = 0
        self._person = person
        self._name = name
        self._random = random.Random(name)

    def work(self, is_over: Callable[[], bool]) -> None:
        while not is_over():
            path = f"{self._name}/{self._random.randrange(5)}"
            # Few contents: what one deletes the other has just stored.
            self._person.store(path, content_of(2000, seed=self._random.randrange(6)))
            if self._random.random() < 0.5:
                self._person.delete(path)
            self.rounds += 1


@contextmanager
def busy(app: Flask, writers: list[Writer]) -> Iterator[None]:
    """Write and sweep all the time, at least one round by each."""
    over = threading.Event()
    # Without the grace period, a sweep would remove uploads in progress as leftovers.
    store = app.extensions[EXTENSION].store
    store.iter_staged = lambda: iter(())

    removed = [0]

    def sweep() -> None:
        while not over.is_set():
            with app.app_context():
                removed[0] += housekeeping().sweep().blobs

    with ThreadPoolExecutor(len(writers) + 1) as pool:
        swept = pool.submit(sweep)
        written = [pool.submit(writer.work, over.is_set) for writer in writers]
        try:
            wait_until(lambda: all(writer.rounds > 3 for writer in writers), what="busy writers")
            wait_until(lambda: removed[0], what="a sweep that removes something")
            yield
        finally:
            over.set()
        for future in [*written, swept]:
            future.result()


def test_a_backup_under_load_contains_everything_acknowledged_before_it(
    start_production: StartProduction, make_app: MakeApp, tmp_path: Path
) -> None:
    person = Person(start_production(AT_ONCE))
    kept = {f"kept/{number}": content_of(3000, seed=number) for number in range(20)}
    for path, content in kept.items():
        person.store(path, content)
    operator = Operator(make_app())
    writers = [Writer(person, name) for name in ("one", "two")]
    with busy(make_app(**AT_ONCE), writers):
        for _ in range(3):
            latest = operator.document("backup", "create", tmp_path / "backup")
            operator.run("backup", "verify", tmp_path / "backup")
    with click.Context(click.Command("a command")):
        other = Operator(make_app(INSTANCE=tmp_path / "other"))
    other.run("backup", "restore", tmp_path / "backup")
    other.run("files", "export", USERNAME, tmp_path / "exported")

    assert latest["lost"] == []
    assert other.document("storage", "verify", "--deep") == {"findings": []}
    for path, content in kept.items():
        assert hash_chunks([(tmp_path / "exported" / path).read_bytes()]) == hash_chunks([content])
