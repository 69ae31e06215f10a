"""A user with very many files: others write during copies and deletions, and after a kill."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
import urllib3

from cabinet.web.services import housekeeping
from tests.conftest import MakeApp, StartProduction
from tests.support.auth import PASSWORD
from tests.support.many_files import multiply_file
from tests.support.people import Person
from tests.support.servers import Server
from tests.support.waiting import wait_until

# Files of the tree, which grows by copies of itself, and as many again that are in one folder.
COUNT = 256_000
# Timeout in seconds for an operation on all of these.
PATIENT = urllib3.Timeout(1800)
PART = 1000

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


def rows_of(server: Server) -> int:
    """Return how many nodes there are, of all users."""
    engine = sa.create_engine(server.database_url)
    try:
        with engine.connect() as connection:
            return connection.scalar(sa.text("SELECT count(*) FROM node")) or 0
    finally:
        engine.dispose()


@contextmanager
def writing_meanwhile(person: Person) -> Iterator[list[int]]:
    """Upload repeatedly as another user; yields the statuses of the responses."""
    statuses: list[int] = []
    is_over = threading.Event()

    def write() -> None:
        while not is_over.is_set():
            number = len(statuses)
            statuses.append(person.put(f"mine/{number % 100}", f"{number}".encode()).status)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield statuses
    finally:
        is_over.set()
        writer.join()


def fill(person: Person, folder: str, count: int) -> None:
    for start in range(0, count, PART):
        parts = [("file", (f"{number}", b"x")) for number in range(start, min(count, start + PART))]
        answer = person.send("POST", f"/upload?folder={folder}", fields=parts)
        assert answer.status == 201, answer.data


def grow(person: Person) -> int:
    """Make a tree of `COUNT` files or more in the folder `tree`; return how many entries it has."""
    fill(person, "tree/0", PART)
    entries, number = PART + 2, 0
    while entries < COUNT:
        steps = (("/copies", "tree", "copy"), ("/moves", "copy", f"tree/copy {number}"))
        for address, source, target in steps:
            wanted = {"from": [source], "to": target}
            answer = person.send("POST", address, json=wanted, timeout=PATIENT)
            assert answer.status in {200, 201}, answer.data
        entries, number = 2 * entries, number + 1
    return entries


def usage_of(person: Person) -> int:
    usage: int = person.send("GET", "/me").json()["usage"]
    return usage


def test_other_users_write_during_changes_of_a_large_user(
    start_production: StartProduction,
) -> None:
    server = start_production({"COPY_ENTRIES": 10**7}, workers=2)
    large, other = Person(server, "large"), Person(server, "other")

    with writing_meanwhile(other) as statuses:
        entries = grow(large)
        assert rows_of(server) >= entries
        assert large.send("DELETE", "/files/tree").status == 204
        assert large.send("DELETE", "/trash", timeout=PATIENT).status == 204
        assert usage_of(large) == 0
        assert large.send("GET", "/trash").json()["entries"] == []
        large.store("singles/one", b"x")
        multiply_file(server.database_url, "large", "singles", "one", COUNT - 1)
        everything = {"folder": "singles", "count": COUNT}
        answer = large.send("POST", "/trash", json=everything, timeout=PATIENT)
        assert answer.json()["count"] == COUNT
        assert large.send("DELETE", "/trash", timeout=PATIENT).status == 204
        assert usage_of(large) == 0
        grow(large)
        assert large.send("POST", "/account/delete", fields={"password": PASSWORD}).status == 204
        again = Person(server, "large")
        assert again.hashes() == {}
        wait_until(lambda: rows_of(server) <= 104, what="the rows to go", seconds=1800)

    assert set(statuses) <= {200, 201}
    assert len(statuses) > 100
    assert len(other.hashes()) == min(100, len(statuses))


@pytest.mark.parametrize("end", ["trash", "account"])
def test_a_removal_killed_midway_is_invisible_and_completed_by_the_next_start(
    start_production: StartProduction, make_app: MakeApp, end: str
) -> None:
    server = start_production({}, workers=1)
    person = Person(server)
    fill(person, "a", 5 * PART)
    if end == "trash":
        person.send("DELETE", "/files/a")
        assert person.send("DELETE", "/trash").status == 204
    else:
        assert person.send("POST", "/account/delete", fields={"password": PASSWORD}).status == 204
    before = rows_of(server)
    wait_until(lambda: rows_of(server) < before, what="some rows to go")
    server.kill()
    left = rows_of(server)
    assert left > PART

    server.start()

    if end == "trash":
        assert person.hashes() == {}
        assert usage_of(person) == 0
    else:
        assert person.send("GET", "/files").status == 401
    assert rows_of(server) == left
    app = make_app()
    with app.app_context():
        housekeeping().recover()
        housekeeping().remove_hidden()
    assert rows_of(server) == (1 if end == "trash" else 0)
