"""Engine configuration, transactions and database errors.

With search_index.py and the modules of the dialects the only database-specific SQL.

SQLite: write-ahead log, every commit synced, foreign keys on. A writing transaction begins with
BEGIN IMMEDIATE: one that begins as a reader and then writes fails with "database is locked" as soon
as another connection wrote in between, whatever the timeout. Writers first wait in the queue of
`writers.py`, before they take a connection, so that waiting threads hold none.

PostgreSQL: transactions are concurrent and see what was committed before each statement (READ
COMMITTED). Code that writes based on what it has read locks the row that it read
(`with_for_update`, which SQLAlchemy omits on SQLite), or decides in the statement that writes. Statements
that only read run without a transaction, in which they would read the same. It would cost two round trips,
and the driver drops its prepared statements at each ROLLBACK.

Rule: nothing is written outside `writing`, and no transaction is open during transfers of content.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

from sqlalchemy import CursorResult, Delete, Engine, Executable, Select, Table, Update, event, make_url, text
from sqlalchemy.dialects import postgresql, registry, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError, NotFound, StorageFault, StorageFull, Unavailable
from cabinet.services.kernel import search_index
from cabinet.services.kernel.connection_options import SNAPSHOT, WRITING
from cabinet.services.kernel.interruption import check_interrupted
from cabinet.services.kernel.sqlite_dialect import BY_OURSELVES
from cabinet.services.kernel.writers import WriterQueue

# Milliseconds that a writer waits for locks; on SQLite first in the queue, then for programs that do
# not use the queue.
BUSY_TIMEOUT = 30_000

# Seconds that each transaction of a long task should take, because requests wait for one of them at
# each of their own. Rows in the first transaction, and at least in each, because its begin and sync
# take some milliseconds in any case.
STEP_SECONDS = 0.03
FIRST_SIZE = 100
LEAST_SIZE = 20

# Seconds that a request waits for a connection while all are in use.
POOL_TIMEOUT = 30

# The execution option of an engine: its queue of writers.
_QUEUE = "cabinet_writers"
_FULL = {sqlite3.SQLITE_FULL}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_DISK = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY,
         sqlite3.SQLITE_CANTOPEN}  # fmt: skip

# Engines of these URLs are made with our dialects.
for _url, _module, _name in (
    ("sqlite", "sqlite_dialect", "SqliteDialect"),
    ("sqlite.pysqlite", "sqlite_dialect", "SqliteDialect"),
    ("postgresql.psycopg", "postgresql_dialect", "PostgresqlDialect"),
):
    registry.register(_url, f"cabinet.services.kernel.{_module}", _name)

# The INSERT of a dialect with `ON CONFLICT`, and a statement.
_Insert: TypeAlias = Callable[[Table], sqlite.Insert | postgresql.Insert]
_Statement = TypeVar("_Statement", bound=Executable)
_Values: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]

# Prefixes of SQLSTATEs: serialization failure or deadlock, lock timeout, server busy, starting,
# stopping or read-only.
_SERVER_BUSY = ("40", "55P03", "57", "08", "53200", "53300", "25006")
_SERVER_FULL = ("53100",)
_SERVER_DISK = ("58030", "XX001", "XX002")
# Number out of range, invalid character. For a NUL character the driver raises without a state.
_UNHEARD_OF = {"", "22003", "22021"}


def engine_options(url: str, connections: int) -> dict[str, Any]:
    """Return the engine options for a pool of at most `connections`."""
    # A database server may have restarted since a connection was last used.
    is_server = make_url(url).get_backend_name() != "sqlite"
    return {
        "pool_size": connections,
        "max_overflow": 0,
        "pool_timeout": POOL_TIMEOUT,
        "pool_pre_ping": is_server,
    }


def folders_of(url: str) -> tuple[Path, ...]:
    """Return the local folders that contain the database files; none for a database server."""
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or not parts.database:
        return ()
    return (Path(parts.database).absolute().parent,)


def configure(engine: Engine) -> None:
    """Configure every connection of `engine` as described above."""
    # Without our dialect, a transaction would begin late or never, and lose changes.
    if WRITING not in getattr(engine.dialect, "connection_characteristics", ()):
        raise TypeError("the engine was made before our dialects were known, or for another database")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        queue = WriterQueue(_file_of(engine.url.database), BUSY_TIMEOUT / 1000)
        engine.update_execution_options(**{_QUEUE: queue})
    else:
        event.listen(engine, "connect", _prepare_postgresql)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions; our dialect does.
    connection.isolation_level = BY_OURSELVES
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # Triggers call a function of ours, which some builds of the library forbid by default.
    cursor.execute("PRAGMA trusted_schema = ON")
    cursor.close()
    search_index.register(connection)


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    # Outside of a transaction that our dialect lets the driver begin, nothing can be written.
    connection.autocommit = True
    connection.read_only = False
    cursor = connection.cursor()
    cursor.execute("SET default_transaction_read_only = on")
    cursor.execute(f"SET lock_timeout = {BUSY_TIMEOUT}")
    # In other time zones, the first and last hours of the range are in years that Python does not have.
    cursor.execute("SET TIME ZONE 'UTC'")
    # All statements have an index. When few folders have most of the entries, or the statistics are
    # old, the planner scans the whole table because of a LIMIT: 0.3 s per step among 400,000 nodes, under
    # a lock, for what an index finds in 0.1 ms. Statements without a usable index still scan the table.
    cursor.execute("SET enable_seqscan = off")
    # The cost of such scans, inflated by this setting, would trigger JIT compilation.
    cursor.execute("SET jit = off")
    cursor.close()


def for_writing(engine: Engine) -> Engine:
    """Return the engine with transactions that write, for commands that need no session."""
    return engine.execution_options(**{WRITING: True})


def for_snapshots(engine: Engine) -> Engine:
    """Return the engine with transactions that read one state of the database, on SQLite as all do."""
    return engine.execution_options(**{SNAPSHOT: True})


def _file_of(database: str | None) -> str | None:
    """Return the file of a SQLite database; None for one in memory."""
    is_file = database and database != ":memory:" and not database.startswith("file:")
    return database if is_file else None


def writers_turn(engine: Engine) -> AbstractContextManager[None]:
    """Run the body as the next writer; take a connection only inside. See `WriterQueue.turn`."""
    queue = engine.get_execution_options().get(_QUEUE)
    return nullcontext() if queue is None else cast("WriterQueue", queue).turn()


@contextmanager
def writing(session: Session) -> Iterator[None]:
    """Run the body as one writing transaction: commit on return, roll back on an exception.

    First ends an open reading transaction and expires all loaded objects, so that the body reads
    current data. Raises RuntimeError when a writing transaction is open already, `Interrupted` in a
    job whose process is stopping, and `Unavailable`, `StorageFull` or `StorageFault` for errors of
    the database.
    """
    if session.info.get(WRITING) or session.new or session.dirty or session.deleted:
        raise RuntimeError("a change is under way outside of this transaction")
    session.rollback()
    check_interrupted(session)
    session.expire_all()
    with writers_turn(session.get_bind().engine):
        try:
            session.info[WRITING] = session.connection(execution_options={WRITING: True})
            yield
            session.commit()
        except DBAPIError as error:
            known = to_domain_error(error)
            if known is None:
                raise
            raise known from error
        finally:
            session.rollback()
            session.info.pop(WRITING, None)


@contextmanager
def publishing(session: Session) -> Iterator[None]:
    """Run the body as one writing transaction that inserts unique names; raises as `writing` does."""
    try:
        with writing(session):
            yield
    except IntegrityError as error:
        # Another transaction took the name between our query and our insert; a retry will see it.
        raise Unavailable from error


class BatchSizer:
    """The batch size of a task of many transactions, adapted so that each transaction is short."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.size = min(most, FIRST_SIZE)

    def adjust(self, seconds: float) -> None:
        """Adapt the batch size after a transaction of the current size took `seconds`."""
        fitting = int(self.size * STEP_SECONDS / max(seconds, STEP_SECONDS / 2))
        self.size = min(self._most, max(LEAST_SIZE, fitting))


def execute(
    session: Session, statement: Executable, values: _Values | None = None
) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement on tables in the session's transaction, past the ORM, which adds a third to its time.

    Many rows may be given as a sequence of mappings. Objects of the session are neither flushed nor updated.
    """
    return _connection_of(session).execute(statement, values)


def execute_in_steps(
    session: Session, statement: Select[*tuple[Any, ...]], size: int
) -> CursorResult[*tuple[Any, ...]]:
    """Run a query of very many rows, of which `size` at a time are in memory; the session's transaction ends it."""
    connection = _connection_of(session)
    if connection.dialect.name == "postgresql" and not session.info.get(WRITING):
        # The cursor of the server needs a transaction.
        connection.exec_driver_sql("BEGIN")
    return connection.execute(statement.execution_options(yield_per=size))


def execute_counted(
    session: Session, statement: Update | Delete, values: Mapping[str, Any] | None = None
) -> int:
    """Run an UPDATE or DELETE and return the number of matched rows; loaded objects are not updated."""
    result = session.execute(statement, values, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount


def write_if_possible(session: Session, statement: Update) -> None:
    """Write data that may be lost, such as a last-used time; errors of a full disk are ignored."""
    with suppress(StorageFull, StorageFault, Unavailable), writing(session):
        execute_counted(session, statement)


def to_domain_error(error: DBAPIError) -> CabinetError | None:
    """Return the domain error for `error`; None for a programming error."""
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
        # A value that the database cannot store is not in it.
        return NotFound()
    # No statement was sent: there is no connection to the server.
    return Unavailable() if primary is None and not state and error.statement is None else None


def _reason(error: DBAPIError) -> str:
    """Return the driver's name of the error, which contains no path and no SQL."""
    return str(getattr(error.orig, "sqlite_errorname", type(error.orig).__name__))


def for_each_dialect(build: Callable[[_Insert], _Statement]) -> Mapping[str, _Statement]:
    """Return what `build` returns for the INSERT of each dialect, by the dialect's name.

    For `ON CONFLICT`, whose syntax is the same, but which SQLAlchemy has only in a class of each dialect.
    """
    return {"sqlite": build(sqlite.insert), "postgresql": build(postgresql.insert)}


def dialect_of(session: Session) -> str:
    """Return the name of the dialect of a session's database."""
    return _connection_of(session).dialect.name


def _connection_of(session: Session) -> Connection:
    """Return the connection of the session's transaction, which begins if there is none."""
    writing_on: Connection | None = session.info.get(WRITING)
    return session.connection() if writing_on is None else writing_on


def lock_blob(session: Session, content_hash: str) -> None:
    """Acquire the lock of a content hash until the transaction ends."""
    lock_key(session, content_hash)


def lock_key(session: Session, key: str) -> None:
    """Acquire the lock of a key that is no row until the transaction ends.

    SQLite has one writer at a time, so there the open writing transaction already is the lock.
    """
    if dialect_of(session) == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
