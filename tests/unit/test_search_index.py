"""The search index: its tokens, its triggers, and its queries."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

from cabinet.models import Base
from cabinet.services.accounts.account import Account
from cabinet.services.kernel.database import configure, writing
from cabinet.services.kernel.search_index import END, Candidates, find_candidates, grams
from tests.support.audit import check_rows
from tests.support.services import Workbench

# Indexed rows are removed by the same tokens. A change of one of these needs a migration that rebuilds the
# index.
TOKENS = {
    "": "",
    "a": "61",
    "q3 ab": "71 7133 33 61 6162 62",
    "aaa": "61 6161",
    "жк": "d0b6 d0b6d0ba d0ba",
    "报告": "e68aa5 e68aa5e5918a e5918a",
    "\U0001f600!": "f09f9880 f09f988021 21",
    "a\"'": "61 6122 22 2227 27",
}


@pytest.mark.parametrize(("name", "tokens"), TOKENS.items(), ids=ascii)
def test_the_tokens_of_names_are_stable(session: Session, name: str, tokens: str) -> None:
    assert grams(name) == tokens
    if session.get_bind().dialect.name == "postgresql":
        made = session.scalar(text("SELECT grams(7, 1000000, :name)"), {"name": name})
        assert made[0] == "u7b15"
        assert {gram.encode().hex() for gram in made[1:]} == set(tokens.split())


@pytest.mark.sqlite("the function that its triggers call")
def test_a_connection_without_the_function_cannot_change_names(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "report", b"x")
    session.rollback()
    with closing(sqlite3.connect(str(bench.engine.url.database))) as foreign:
        for change in (
            "DELETE FROM node WHERE name = 'report'",
            "UPDATE node SET search_key = 'b'",
            "UPDATE node SET space_id = 2",
            "INSERT INTO node (name) VALUES ('b')",
        ):
            with pytest.raises(sqlite3.OperationalError, match="no such function: grams"):
                foreign.execute(change)
            foreign.rollback()
        # Other columns can be changed as before.
        foreign.execute("UPDATE node SET media_type = 'text/plain' WHERE name = 'report'")
        foreign.commit()

    check_rows(session)


@pytest.mark.sqlite("the function that its triggers call")
def test_trusted_schema_is_turned_on(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'new.db'}")
    event.listen(engine, "connect", lambda each, _record: each.execute("PRAGMA trusted_schema = OFF"))
    configure(engine)
    Base.metadata.create_all(engine)

    with Session(engine) as session, writing(session):
        session.execute(
            text(
                "INSERT INTO space (id, kind, usage, entries, seq, has_mounts, funded) VALUES (1, 0, 0, 0, 0, 0, 0)"
            )
        )
        session.execute(
            text(
                "INSERT INTO node (id, file_id, space_id, kind, name, sort_key, search_key, size, version, child_count,"
                " child_size, tree_size, tree_files, tree_tag, below_bytes, below_segments, created_at, modified_at)"
                " VALUES (5, 5, 1, 1, 'ab', x'00', 'ab', 0, 1, 0, 0, 0, 0, 0, 0, 0, '2026-01-01', '2026-01-01')"
            )
        )
    with Session(engine) as session:
        assert [node.id for node in find_candidates(session, 1, ["b"], END, 10).nodes] == [5]
    engine.dispose()


def test_a_query_uses_the_index_even_for_few_rows(session: Session, bench: Workbench, alice: Account) -> None:
    """Computing the grams of a million names would take seconds."""
    for number in range(5):
        bench.upload(session, alice, f"report {number}", b"x")
    asked: list[tuple[str, Any]] = []
    event.listen(bench.engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))

    found = find_candidates(session, alice.space_id, ["repo", "3"], END, 10)

    assert [node.name for node in found.nodes] == ["report 3"]
    statement, values = next(each for each in asked if "hit" in each[0] or "MATCH" in each[0])
    explain, index = {
        "sqlite": ("EXPLAIN QUERY PLAN", "SCAN node_search VIRTUAL TABLE INDEX"),
        "postgresql": ("EXPLAIN", "Bitmap Index Scan on ix_node_search"),
    }[bench.engine.dialect.name]
    plan = session.connection().exec_driver_sql(f"{explain} {statement}", values).all()
    assert index in " ".join(str(column) for row in plan for column in row)


def test_a_query_returns_where_to_continue(session: Session, bench: Workbench, alice: Account) -> None:
    for number in range(3):
        bench.upload(session, alice, f"report {number}", b"x")

    first = find_candidates(session, alice.space_id, ["report"], END, 2)
    second = find_candidates(session, alice.space_id, ["report"], first.nodes[-1].id, 2)

    assert ([node.name for node in first.nodes], first.rest) == (["report 2", "report 1"], first.nodes[-1].id)
    assert ([node.name for node in second.nodes], second.rest) == (["report 0"], 0)
    assert find_candidates(session, alice.space_id, ["report"], 0, 2) == Candidates([], None)
