"""Transactions, and the translation of database errors.

Rule: real databases, made to fail by their own limits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, Update, bindparam, create_engine, event, select, text, update
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError, StorageFault, StorageFull, Unavailable
from cabinet.models import Space, User
from cabinet.services.accounts.account import Account
from cabinet.services.kernel import database
from cabinet.services.kernel.database import (
    BatchSizer,
    configure,
    execute_counted,
    execute_in_steps,
    for_snapshots,
    for_writing,
    to_domain_error,
    write_if_possible,
    writing,
)
from tests.support.services import START, Workbench


@pytest.fixture
def alice(alice: Account) -> int:
    return alice.space_id


@pytest.fixture
def impatient(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Return a session that waits one millisecond for another writer."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 1)
    engine = create_engine(bench.engine.url)
    configure(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def set_usage(space_id: int, usage: int) -> Update:
    return update(Space).where(Space.id == space_id).values(usage=usage)


def usage_of(bench: Workbench, space_id: int) -> int | None:
    with bench.session() as session:
        return session.scalar(select(Space.usage).where(Space.id == space_id))


@pytest.mark.sqlite("its pragmas")
def test_every_connection_is_configured(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'new.db'}")
    configure(engine)
    with engine.connect() as connection:
        values = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    engine.dispose()
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


@pytest.mark.sqlite("one dialect is enough")
def test_an_engine_with_another_dialect_is_refused(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'new.db'}")
    engine.dialect = SQLiteDialect_pysqlite()

    with pytest.raises(TypeError, match="dialects"):
        configure(engine)


def test_a_transaction_commits_on_return(session: Session, bench: Workbench, alice: int) -> None:
    with writing(session):
        execute_counted(session, set_usage(alice, 7))

    assert usage_of(bench, alice) == 7


def test_a_transaction_rolls_back_on_an_exception(session: Session, bench: Workbench, alice: int) -> None:
    def change_and_fail() -> None:
        with writing(session):
            execute_counted(session, set_usage(alice, 7))
            raise KeyError

    with pytest.raises(KeyError):
        change_and_fail()

    assert usage_of(bench, alice) == 0


@pytest.mark.sqlite("a server has many writers at once")
def test_a_writing_transaction_excludes_others_from_its_beginning(
    session: Session, impatient: Session
) -> None:
    with writing(session), pytest.raises(Unavailable), writing(impatient):
        pytest.fail("two wrote at once")


@pytest.mark.sqlite("its way to begin a transaction")
def test_a_writing_transaction_begins_immediately(session: Session, bench: Workbench) -> None:
    begun: list[str] = []
    # What the driver runs: the dialect's own statements are announced to no listener.
    event.listen(
        bench.engine, "checkout", lambda connection, *_rest: connection.set_trace_callback(begun.append)
    )

    session.execute(select(Space))
    with writing(session):
        session.execute(select(Space))

    assert [statement for statement in begun if "BEGIN" in statement] == ["BEGIN", "BEGIN IMMEDIATE"]


@pytest.fixture
def prepared(session: Session) -> set[str]:
    """Return the statements that the session's connection has prepared, after reading one of them often."""
    wanted = select(Space.usage).where(Space.id == bindparam("space_id"))
    for number in range(20):
        session.scalar(wanted, {"space_id": number})
        session.rollback()
    return set(session.scalars(text("SELECT statement FROM pg_prepared_statements")))


@pytest.mark.postgresql("SQLite has nothing to send to a server")
def test_a_statement_stays_prepared_after_the_transaction(prepared: set[str]) -> None:
    assert any("space.usage" in statement for statement in prepared)


@pytest.mark.postgresql("the setting of its connections")
def test_nothing_is_written_outside_of_a_transaction(session: Session, bench: Workbench, alice: int) -> None:
    with pytest.raises(DBAPIError, match="read-only"):
        execute_counted(session, set_usage(alice, 7))
    session.rollback()

    space = session.get_one(Space, alice)
    space.usage = 7
    with pytest.raises(DBAPIError, match="read-only"):
        session.scalars(select(Space)).all()
    session.rollback()

    assert usage_of(bench, alice) == 0


def test_a_query_in_steps_reads_and_writes_in_any_transaction(session: Session, alice: int) -> None:
    numbers = select(Space.id).order_by(Space.id)
    assert execute_in_steps(session, numbers, 1).scalars().all() == [alice]
    # Twice, because the first one has begun a transaction on PostgreSQL.
    assert execute_in_steps(session, numbers, 1).scalars().all() == [alice]

    with writing(session):
        execute_counted(session, set_usage(alice, 7))
        steps = execute_in_steps(session, select(Space.usage), 1).partitions()
        assert [row.usage for rows in steps for row in rows] == [7]


def test_a_snapshot_does_not_see_later_changes(session: Session, bench: Workbench, alice: int) -> None:
    usage = select(Space.usage).where(Space.id == alice)
    with for_snapshots(bench.engine).connect() as snapshot:
        assert snapshot.scalar(usage) == 0
        with writing(session):
            execute_counted(session, set_usage(alice, 7))

        assert snapshot.scalar(usage) == 0
    assert usage_of(bench, alice) == 7


def test_commands_without_a_session_roll_back_too(bench: Workbench, alice: int) -> None:
    def change_and_fail() -> None:
        with for_writing(bench.engine).begin() as connection:
            connection.execute(set_usage(alice, 7))
            raise KeyError

    with pytest.raises(KeyError):
        change_and_fail()

    assert usage_of(bench, alice) == 0


def test_a_writer_does_not_block_readers(session: Session, impatient: Session, alice: int) -> None:
    with writing(session):
        execute_counted(session, set_usage(alice, 7))

        assert impatient.scalar(select(Space.usage).where(Space.id == alice)) == 0


def test_a_writing_transaction_rereads_loaded_objects(session: Session, bench: Workbench, alice: int) -> None:
    space = session.get_one(Space, alice)
    assert space.usage == 0
    with bench.session() as other, writing(other):
        execute_counted(other, set_usage(alice, 7))

    with writing(session):
        assert session.get_one(Space, alice).usage == 7


def test_nested_transactions_are_refused(session: Session) -> None:
    with writing(session), pytest.raises(RuntimeError, match="under way"), writing(session):
        pytest.fail("it nested")

    with writing(session):
        session.execute(select(Space))


def test_changes_outside_of_a_transaction_are_refused(session: Session, alice: int) -> None:
    space = session.get_one(Space, alice)
    space.usage = 7
    with pytest.raises(RuntimeError, match="under way"), writing(session):
        pytest.fail("a change slipped in")
    session.rollback()

    session.delete(session.get_one(Space, alice))
    with pytest.raises(RuntimeError, match="under way"), writing(session):
        pytest.fail("a deletion slipped in")
    session.rollback()

    session.add(User(public_id="1", username="x", username_key="x", password_hash="x", created_at=START))
    with pytest.raises(RuntimeError, match="under way"), writing(session):
        pytest.fail("a new row slipped in")


def test_concurrent_increments_are_not_lost(bench: Workbench, alice: int) -> None:
    def increment(_: int) -> None:
        with bench.session() as session, writing(session):
            space = session.get_one(Space, alice, with_for_update=True)
            space.usage += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(increment, range(40)))

    assert usage_of(bench, alice) == 40


def test_a_locked_row_is_unavailable_after_the_timeout(
    session: Session, impatient: Session, bench: Workbench, alice: int
) -> None:
    with writing(session):
        execute_counted(session, set_usage(alice, 1))
        with pytest.raises(Unavailable) as caught, writing(impatient):
            execute_counted(impatient, set_usage(alice, 2))

    assert caught.value.retry_after >= 1
    assert usage_of(bench, alice) == 1


@pytest.mark.sqlite("the lock of its file")
def test_a_locked_database_is_unavailable(session: Session, impatient: Session, alice: int) -> None:
    with closing(sqlite3.connect(str(session.get_bind().engine.url.database))) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as caught, writing(impatient):
            pytest.fail("it was not locked")

    assert caught.value.retry_after >= 1
    with writing(impatient):
        execute_counted(impatient, set_usage(alice, 1))


def test_optional_writes_are_dropped_while_the_database_is_locked(
    session: Session, impatient: Session, bench: Workbench, alice: int
) -> None:
    with writing(session):
        execute_counted(session, set_usage(alice, 1))
        write_if_possible(impatient, set_usage(alice, 7))

    assert usage_of(bench, alice) == 1
    # Not by the other one, whose queue may take more than its millisecond to leave the file.
    write_if_possible(session, set_usage(alice, 7))
    assert usage_of(bench, alice) == 7


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Engine]:
    """Return a database that cannot grow."""
    engine = create_engine(f"sqlite:///{tmp_path / 'tiny.db'}")
    configure(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE heap (content BLOB)"))
    engine.dispose()

    @event.listens_for(engine, "connect")
    def stop_growing(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 2")

    yield engine
    engine.dispose()


def test_a_full_disk_raises_storage_full_and_rolls_back(tiny: Engine) -> None:
    with Session(tiny) as session:
        with pytest.raises(StorageFull), writing(session):
            session.execute(text("INSERT INTO heap VALUES (zeroblob(100000))"))

        assert session.execute(text("SELECT * FROM heap")).all() == []


def test_a_corrupt_database_is_a_storage_fault_without_a_path(tmp_path: Path) -> None:
    path = tmp_path / "not a database.db"
    path.write_bytes(b"something else altogether" * 100)
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", lambda driver, _record: setattr(driver, "isolation_level", None))

    with Session(engine) as session, pytest.raises(StorageFault) as caught, writing(session):
        session.execute(text("SELECT * FROM sqlite_master"))

    assert caught.value.reason == "SQLITE_NOTADB"
    engine.dispose()


def test_an_integrity_error_is_not_translated(session: Session, bench: Workbench, alice: int) -> None:
    with pytest.raises(IntegrityError), writing(session):
        session.add(
            User(public_id="1", username="Alice", username_key="alice", password_hash="", created_at=START)
        )


class ServerError(Exception):
    """An exception of a database driver; only its SQLSTATE is used."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("the server said so")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "expected"),
    [
        ("40001", Unavailable),
        ("40P01", Unavailable),
        ("55P03", Unavailable),
        ("57P01", Unavailable),
        ("08006", Unavailable),
        ("53300", Unavailable),
        ("25006", Unavailable),
        ("53100", StorageFull),
        ("58030", StorageFault),
        ("42601", None),
        (None, None),
    ],
)
def test_sqlstates_map_to_the_same_errors(sqlstate: str | None, expected: type[CabinetError] | None) -> None:
    known = to_domain_error(OperationalError("SELECT secret", {}, ServerError(sqlstate)))

    assert (type(known) if known else None) is expected


def test_a_lost_connection_is_unavailable() -> None:
    error = OperationalError("SELECT 1", {}, ServerError(None), connection_invalidated=True)

    assert isinstance(to_domain_error(error), Unavailable)


def test_batch_sizes_adapt_to_the_duration_of_transactions() -> None:
    batch_sizer = BatchSizer(400)
    sizes = []
    for seconds in (0.001, 0.01, 0.015, 0.03, 0.06, 9.0, 0.03, 0.0):
        batch_sizer.adjust(seconds)
        sizes.append(batch_sizer.size)

    assert sizes == [200, 400, 400, 400, 200, 20, 20, 40]
    assert BatchSizer(3).size == 3
