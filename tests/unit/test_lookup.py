"""Looking up many paths: the results, and one indexed query per folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from cabinet.errors import InvalidName
from cabinet.models import Node
from cabinet.services.accounts.account import Account
from cabinet.services.changes.files import Files
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


def test_each_path_is_answered_in_its_position(session: Session, bench: Workbench, alice: Account) -> None:
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


def test_paths_are_looked_up_in_any_unicode_form(session: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(session, alice, "й.txt", b"1")

    (found,) = bench.files(session, alice).look_up(["и\u0306.txt"])

    assert found
    assert found.path == "й.txt"


def test_an_invalid_path_is_refused(session: Session, bench: Workbench, alice: Account) -> None:
    with pytest.raises(InvalidName):
        bench.files(session, alice).look_up(["fine", "a/../b"])


def test_a_thousand_paths_cost_a_query_for_their_way_and_one_for_each_folder(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "a/b/7", b"1")
    scope = replace(alice.scope, may_have_shares=False)
    files = Files(session, bench.store, bench.clock, bench.cursors, scope)

    with statements_of(bench) as ran:
        found = files.look_up([f"a/b/{number}" for number in range(1000)])

    assert [index for index, entry in enumerate(found) if entry] == [7]
    queries = [each for each in ran if each[0].startswith(("SELECT", "WITH"))]
    assert len(queries) == 2  # the folders on the way, and what lies in the last
    last, parameters = queries[-1]
    if bench.engine.dialect.name == "sqlite":
        with bench.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {last}", parameters).all()
        used = "SEARCH node USING INDEX uq_node_name (parent_id=? AND name=?)"
        assert any(used in row[3] for row in plan), plan


@pytest.mark.sqlite("its way to tell a plan")
@pytest.mark.parametrize("is_whole", [True, False])
def test_a_path_is_looked_up_folder_by_folder_also_after_an_analyze(
    session: Session, bench: Workbench, alice: Account, is_whole: bool
) -> None:
    bench.upload(session, alice, "a/b/c/d", b"1")
    with bench.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
    folder_id = session.scalars(select(Node.id).where(Node.name == "a")).one()
    scope = alice.scope if is_whole else replace(alice.scope, root_id=folder_id)
    files = Files(session, bench.store, bench.clock, bench.cursors, scope)

    with statements_of(bench) as ran:
        found = files.get("a/b/c/d" if is_whole else "b/c/d")

    assert found.size == 1
    ((statement, parameters),) = [each for each in ran if "node" in each[0]]
    with bench.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    steps = [row.detail for row in plan]
    assert "SEARCH child USING INDEX uq_node_name (parent_id=? AND name=?)" in steps
    assert not any("BLOOM" in step or step.startswith("SCAN node") for step in steps), steps
