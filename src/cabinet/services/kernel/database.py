"""How a transaction begins and what an engine needs: the one place with SQL of one database.

SQLite: write-ahead log, every commit synced, foreign keys on. A writing transaction begins with
BEGIN IMMEDIATE; one that begins as a reader and then writes fails with "database is locked" as
soon as somebody else wrote in between, whatever the timeout. In front of it stands the queue of
`writers.py`, entered before a connection is taken, so that those who wait hold none.

PostgreSQL: transactions run beside each other and see what was committed before each statement.
Whoever writes what follows from what was read locks the row that it read (`with_for_update`, which
SQLite needs not and is not told), or decides in the statement that writes.

Rule: nothing is written outside `writing`, and no transaction is open while bytes move.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Engine, Update, event, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError, NotFound, StorageFault, StorageFull, Unavailable
from cabinet.services.kernel import search_index
from cabinet.services.kernel.interruption import check_interrupted
from cabinet.services.kernel.writers import WriterQueue

# Milliseconds a writer waits for those before it; on SQLite for those in the queue, and then for a
# program that knows of none.
BUSY_TIMEOUT = 30_000

# Seconds that each transaction of a task of many should take, for behind one of them a request waits at
# each of its own. And what it does at first, and at least, for to begin and to sync it takes some
# milliseconds however little that is.
STEP_SECONDS = 0.03
FIRST_SIZE = 100
LEAST_SIZE = 20

# Seconds that a request waits for a connection while all of them are in use.
POOL_TIMEOUT = 30

# Options of an execution: that it writes, and of an engine: the queue of those who do.
_WRITING = "cabinet_writing"
_QUEUE = "cabinet_writers"
_FULL = {sqlite3.SQLITE_FULL}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_DISK = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY,
         sqlite3.SQLITE_CANTOPEN}  # fmt: skip

# The beginnings of SQLSTATEs: another transaction was first, the server is busy, on its way down or
# up, or takes no writes just now.
_SERVER_BUSY = ("40", "55P03", "57", "08", "53200", "53300", "25006")
_SERVER_FULL = ("53100",)
_SERVER_DISK = ("58030", "XX001", "XX002")
# Out of range, and not of the character set. For a NUL the driver has no state; it does not even ask.
_UNHEARD_OF = {"", "22003", "22021"}


def engine_options(url: str, connections: int) -> dict[str, Any]:
    """Return how an engine keeps its connections: so many at most, for which its threads take turns."""
    # A server may have been started anew since a connection was used last; a file was not.
    is_server = make_url(url).get_backend_name() != "sqlite"
    return {
        "pool_size": connections,
        "max_overflow": 0,
        "pool_timeout": POOL_TIMEOUT,
        "pool_pre_ping": is_server,
    }


def folders_of(url: str) -> tuple[Path, ...]:
    """Return the local folders that a database grows in: none for that of a server."""
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or not parts.database:
        return ()
    return (Path(parts.database).absolute().parent,)


def configure(engine: Engine) -> None:
    """Make every connection of `engine` keep the promises above."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        queue = WriterQueue(_file_of(engine.url.database), BUSY_TIMEOUT / 1000)
        engine.update_execution_options(**{_QUEUE: queue})
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _prepare_postgresql)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver shall not begin transactions on its own; `_begin_sqlite` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # Of which the library may have been built without: triggers call a function of ours.
    cursor.execute("PRAGMA trusted_schema = ON")
    cursor.close()
    search_index.register(connection)


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = {BUSY_TIMEOUT}")
    # In another zone, the first and last hours of all times are in years that Python does not have.
    cursor.execute("SET TIME ZONE 'UTC'")
    # Every statement has an index. Where few folders have most of the entries, or the statistics are of
    # yesterday, the planner takes a LIMIT for a reason to read a whole table: 0.3 s a step among 400,000
    # nodes, under a lock, for what an index finds in 0.1 ms. What no index helps reads the table as before.
    cursor.execute("SET enable_seqscan = off")
    # Which such a plan's cost, made up by this, would start.
    cursor.execute("SET jit = off")
    cursor.close()
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _file_of(database: str | None) -> str | None:
    """Return the file of a database of SQLite; None for one in memory."""
    is_file = database and database != ":memory:" and not database.startswith("file:")
    return database if is_file else None


def writers_turn(engine: Engine) -> AbstractContextManager[None]:
    """Run the body when it is its turn to write; it takes its connection inside. See `WriterQueue.turn`."""
    queue = engine.get_execution_options().get(_QUEUE)
    return nullcontext() if queue is None else cast("WriterQueue", queue).turn()


@contextmanager
def writing(session: Session) -> Iterator[None]:
    """Run the body as one writing transaction: a return commits, a raise rolls back.

    Ends the reading transaction that may be open and forgets what it read, so that the body
    decides on what is true now. Raises RuntimeError when a writing transaction is open already,
    `Interrupted` in a job whose process is about to end, and `Unavailable`, `StorageFull` or
    `StorageFault` for what the database cannot do.
    """
    if session.info.get(_WRITING) or session.new or session.dirty or session.deleted:
        raise RuntimeError("a change is under way outside of this transaction")
    session.rollback()
    check_interrupted(session)
    session.expire_all()
    with writers_turn(session.get_bind().engine):
        session.info[_WRITING] = True
        try:
            session.connection(execution_options={_WRITING: True})
            yield
            session.commit()
        except DBAPIError as error:
            known = to_domain_error(error)
            if known is None:
                raise
            raise known from error
        finally:
            session.rollback()
            del session.info[_WRITING]


@contextmanager
def publishing(session: Session) -> Iterator[None]:
    """Run the body as one writing transaction in which names are taken; raises as `writing` does."""
    try:
        with writing(session):
            yield
    except IntegrityError as error:
        # Somebody took the name between our look-up and our insert; the next try will see it.
        raise Unavailable from error


class Pace:
    """How much a task of many transactions does in each, so that nobody waits long for one of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.size = min(most, FIRST_SIZE)

    def adjust(self, seconds: float) -> None:
        """Let the next one take its time, when one of this size has taken so long."""
        fitting = int(self.size * STEP_SECONDS / max(seconds, STEP_SECONDS / 2))
        self.size = min(self._most, max(LEAST_SIZE, fitting))


def execute_counted(
    session: Session, statement: Update | Delete, values: Mapping[str, Any] | None = None
) -> int:
    """Run a change by condition and return how many rows it met; objects in memory stay as they are."""
    result = session.execute(statement, values, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount


def write_if_possible(session: Session, statement: Update) -> None:
    """Write what may as well be lost, such as a last-used mark, so that a full disk still serves."""
    with suppress(StorageFull, StorageFault, Unavailable), writing(session):
        execute_counted(session, statement)


def to_domain_error(error: DBAPIError) -> CabinetError | None:
    """Return what `error` means to a caller; None when it is of our own making."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    # The low byte of an extended result code is the primary one.
    primary = None if code is None else code & 0xFF
    state = getattr(error.orig, "sqlstate", None) or ""
    if primary in _BUSY or state.startswith(_SERVER_BUSY) or error.connection_invalidated:
        return Unavailable()
    if primary in _FULL or state.startswith(_SERVER_FULL):
        return StorageFull()
    if primary in _DISK or state.startswith(_SERVER_DISK):
        return StorageFault(reason=_reason(error))
    if isinstance(error, DataError) and state in _UNHEARD_OF:
        # Nothing in the database is called what it cannot hold.
        return NotFound()
    # Nobody was asked anything: there is no connection to a server.
    return Unavailable() if primary is None and not state and error.statement is None else None


def _reason(error: DBAPIError) -> str:
    """Return what the driver calls the error, which holds no path and no SQL."""
    return str(getattr(error.orig, "sqlite_errorname", type(error.orig).__name__))


def lock_blob(session: Session, content_hash: str) -> None:
    """Hold the lock of one content hash until the transaction ends.

    SQLite has one writer at a time, so an open writing transaction is that lock already.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": content_hash}
        )
