"""Opposite moves, and uploads into both folders, in many processes at the same time.

With different lock orders, transactions deadlock and the database aborts one of them, whose request fails without
reason. Checks before the lock could move a folder into itself.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from urllib3 import BaseHTTPResponse

from tests.support.audit import check_rows
from tests.support.people import Person
from tests.support.servers import production_command, running

PROCESSES = 8
FOLDERS = ("left", "right")


def move(person: Person, path: str, to: str) -> BaseHTTPResponse:
    return person.send("POST", "/moves", json={"from": [path], "to": to, "on_conflict": "rename"})


@pytest.mark.postgresql("on SQLite one writes at a time anyway")
@pytest.mark.parametrize(
    "rounds", [3, pytest.param(150, marks=pytest.mark.long)], ids=["for a moment", "for a minute"]
)
def test_opposite_moves_and_uploads_never_fail(tmp_path: Path, rounds: int) -> None:
    with running(production_command(PROCESSES), tmp_path, {}) as server:
        person = Person(server)
        for folder in FOLDERS:
            person.store(f"{folder}/inner/file", folder.encode())

        def act(number: int) -> list[int]:
            here, there = FOLDERS if number % 2 else FOLDERS[::-1]
            answers = []
            for turn in range(rounds):
                own = f"{number} {turn}"
                answers += [person.put(f"{folder}/{own} in {folder}", own.encode()) for folder in FOLDERS]
                answers.append(move(person, f"{here}/{own} in {here}", f"{there}/"))
                # One of two of these may be first, and the other would lead into itself.
                crossing = [move(person, here, f"{there}/inner/"), move(person, f"{there}/inner/{here}", "/")]
                assert {answer.status for answer in crossing} <= {200, 404, 409, 422}, crossing
            return [answer.status for answer in answers]

        with ThreadPoolExecutor(PROCESSES) as threads:
            statuses = [status for of_one in threads.map(act, range(PROCESSES)) for status in of_one]

        assert {*statuses} <= {200, 201, 404}
        stored = {path.rpartition("/")[2] for path in person.hashes()} - {"file"}
        assert len(stored) == 2 * PROCESSES * rounds
        engine = create_engine(server.database_url)
        with Session(engine) as session:
            check_rows(session)
        engine.dispose()
