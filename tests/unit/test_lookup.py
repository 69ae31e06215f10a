"""Looking many paths up: what is found, and that it costs a query a folder, on the index of names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from cabinet.errors import InvalidName
from cabinet.services.accounts.accounts import Account
from tests.support.services import Workbench


@contextmanager
def statements_of(bench: Workbench) -> Iterator[list[tuple[str, Any]]]:
    """Collect every statement, with its parameters, that runs inside the context."""
    ran: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        ran.append((statement, parameters))

    event.listen(bench.engine, "before_cursor_execute", note)
    yield ran
    event.remove(bench.engine, "before_cursor_execute", note)


def test_each_path_is_answered_in_its_place(session: Session, bench: Workbench, alice: Account) -> None:
    for path in ("a/b/f", "a/g", "h", "gone/f"):
        bench.upload(session, alice, path, path.encode())
    files = bench.files(session, alice)
    files.trash("gone")
    wanted = ["h", "a/b/f", "a/b", "nothing", "h", "h/below a file", "gone/f", "gone", "a/nothing/f", ""]

    found = files.look_up(wanted)

    assert [entry and (entry.kind, entry.path) for entry in found] == [
        ("file", "h"),
        ("file", "a/b/f"),
        ("folder", "a/b"),
        None,
        ("file", "h"),
        *[None] * 4,
        ("folder", ""),
    ]
    assert found[0] == files.get("h")
    assert files.look_up([]) == []


def test_names_are_compared_as_they_are_stored(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "й.txt", b"1")

    (found,) = bench.files(session, alice).look_up(["и\u0306.txt"])

    assert found
    assert found.path == "й.txt"


def test_a_path_that_can_be_none_is_refused(session: Session, bench: Workbench, alice: Account) -> None:
    with pytest.raises(InvalidName):
        bench.files(session, alice).look_up(["fine", "a/../b"])


def test_a_thousand_paths_cost_a_query_for_each_folder(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "a/b/7", b"1")
    files = bench.files(session, alice)

    with statements_of(bench) as ran:
        found = files.look_up([f"a/b/{number}" for number in range(1000)])

    assert [index for index, entry in enumerate(found) if entry] == [7]
    queries = [each for each in ran if each[0].startswith("SELECT")]
    assert len(queries) == 4  # the root, and what lies in each of three folders
    last, parameters = queries[-1]
    if bench.engine.dialect.name == "sqlite":
        with bench.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {last}", parameters).all()
        used = "SEARCH node USING INDEX uq_node_name (parent_id=? AND name=?)"
        assert any(used in row[3] for row in plan), plan
