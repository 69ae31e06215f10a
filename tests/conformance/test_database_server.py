"""A database server that is restarted, unavailable, or asked for impossible values.

The decisions of the services are tested on each database elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from cabinet.errors import NotFound, Unavailable
from cabinet.models import Space, User
from cabinet.services.kernel.database import execute_counted, to_domain_error, writing
from cabinet.services.tree.removal import Removal
from tests.conftest import MakeApp
from tests.support.database_under_test import current_databases
from tests.support.many_files import multiply_file
from tests.support.postgresql import Databases
from tests.support.services import Workbench, workbench
from tests.support.small_steps import make_steps_small
from tests.support.visitors import Program, is_problem

pytestmark = pytest.mark.postgresql("a server, and the connections to it")


@pytest.fixture
def databases() -> Databases:
    """Return who looks after the server."""
    given = current_databases()
    assert given is not None
    return given


def url_of(app: Flask) -> str:
    return str(app.config["DATABASE_URL"])


def test_a_database_restart_is_not_noticed(make_app: MakeApp, databases: Databases) -> None:
    app = make_app()
    alice = Program(app, "alice")
    alice.put("/files/f", b"content")

    for _ in range(3):
        databases.hang_up(url_of(app))
        assert alice.get("/files/f").data == b"content"
        databases.hang_up(url_of(app))
        assert alice.put("/files/f", b"content").status_code == 200


def test_an_unavailable_database_is_reported_until_it_is_back(
    make_app: MakeApp, databases: Databases
) -> None:
    app = make_app()
    alice = Program(app, "alice")
    assert alice.get("/readyz").status_code == 200

    with databases.out_of_order(url_of(app)):
        assert alice.get("/readyz").status_code == 503
        assert alice.get("/healthz").status_code == 200
        refused = alice.put("/files/f", b"content")
        assert is_problem(refused, 503, "unavailable")
        assert refused.headers["Retry-After"]
        assert "psycopg" not in refused.text

    assert alice.get("/readyz").status_code == 200
    assert alice.put("/files/f", b"content").status_code == 201


@pytest.fixture
def bench(tmp_path: Path, databases: Databases) -> Iterator[Workbench]:
    with workbench(tmp_path) as made:
        yield made


def test_a_connection_lost_in_a_transaction_is_unavailable_and_rolled_back(
    bench: Workbench, databases: Databases
) -> None:
    with bench.session() as session:
        alice = bench.register(session, "alice").space_id
        change = update(Space).where(Space.id == alice).values(usage=7)

        def lose() -> None:
            with writing(session):
                execute_counted(session, change)
                databases.hang_up(bench.engine.url.render_as_string(hide_password=False))
                session.execute(select(Space))

        with pytest.raises(Unavailable):
            lose()

        assert session.get_one(Space, alice).usage == 0
        with writing(session):
            execute_counted(session, change)
    with bench.session() as session:
        assert session.get_one(Space, alice).usage == 7


def test_one_of_two_deadlocked_transactions_is_told_to_retry(bench: Workbench) -> None:
    with bench.session() as session:
        ids = [bench.register(session, name).space_id for name in ("alice", "bob")]
    both_have_one = Barrier(2, timeout=60)

    def change(order: list[int]) -> str:
        try:
            with bench.session() as session, writing(session):
                for number, space_id in enumerate(order):
                    execute_counted(session, update(Space).where(Space.id == space_id).values(usage=space_id))
                    if not number:
                        both_have_one.wait()
        except Unavailable:
            return "told"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(change, [ids, ids[::-1]]))

    assert sorted(outcomes) == ["done", "told"]


@pytest.mark.parametrize("value", ["a\0b", 1 << 70], ids=["a NUL", "a number of nine bytes"])
def test_values_the_database_cannot_store_are_not_found(bench: Workbench, value: object) -> None:
    column = User.username if isinstance(value, str) else Space.usage
    with bench.session() as session:
        with pytest.raises(DBAPIError) as caught:
            session.execute(select(column).where(column == value))
        assert isinstance(to_domain_error(caught.value), NotFound)


def test_a_programming_error_in_a_statement_is_not_translated(bench: Workbench) -> None:
    with bench.session() as session, pytest.raises(DBAPIError) as caught:
        session.execute(text("SELECT nothing FROM nowhere"))

    assert to_domain_error(caught.value) is None


def rows_read(bench: Workbench) -> int:
    """Return how many nodes were read so far by reading all of the table."""
    with bench.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
        read = text("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'node'")
        return int(connection.scalar(read) or 0)


@pytest.mark.parametrize("is_analyzed", [True, False], ids=["statistics", "no statistics"])
def test_a_few_of_many_rows_are_deleted_without_reading_all(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, is_analyzed: bool
) -> None:
    make_steps_small(monkeypatch, 20)
    url = bench.engine.url.render_as_string(hide_password=False)
    with bench.session() as session:
        alice = bench.register(session, "alice")
        for number in range(30):
            bench.upload(session, alice, f"few/{number}", b"x")
        multiply_file(url, "alice", "few", "0", 4000)
        trash = bench.trash(session, alice)
        trash.add([f"few/{number}" for number in range(30)])
        trash.empty()
        session.rollback()
        if is_analyzed:
            with bench.engine.begin() as connection:
                connection.execute(text("ANALYZE"))
        before = rows_read(bench)

        assert Removal(session).run() == 30

        session.rollback()
    bench.engine.dispose()
    assert rows_read(bench) == before
