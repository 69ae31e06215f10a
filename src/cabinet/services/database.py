"""How a transaction begins and what an engine needs: the one place with SQL of one database.

SQLite: write-ahead log, every commit synced, foreign keys on. A writing transaction begins with
BEGIN IMMEDIATE; one that begins as a reader and then writes fails with "database is locked" as
soon as somebody else wrote in between, whatever the timeout.

Rule: nothing is written outside `writing`, and no transaction is open while bytes move.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Engine, Update, event, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError, StorageFault, StorageFull, Unavailable

# Milliseconds a writer waits for the one before it.
BUSY_TIMEOUT = 30_000

_WRITING = "cabinet_writing"
_FULL = {sqlite3.SQLITE_FULL}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_DISK = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY,
         sqlite3.SQLITE_CANTOPEN}  # fmt: skip


def configure(engine: Engine) -> None:
    """Make every connection of `engine` keep the promises above."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver shall not begin transactions on its own; `_begin_sqlite` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def writing(session: Session) -> Iterator[None]:
    """Run the body as one writing transaction: a return commits, a raise rolls back.

    Ends the reading transaction that may be open and forgets what it read, so that the body
    decides on what is true now. Raises RuntimeError when a writing transaction is open already,
    and `Unavailable`, `StorageFull` or `StorageFault` for what the database cannot do.
    """
    if session.info.get(_WRITING) or session.new or session.dirty or session.deleted:
        raise RuntimeError("a change is under way outside of this transaction")
    session.rollback()
    session.expire_all()
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
    if primary in _BUSY or state.startswith(("40", "55P03", "57P0", "08")) or error.connection_invalidated:
        return Unavailable()
    if primary in _FULL or state == "53100":
        return StorageFull()
    if primary in _DISK:
        return StorageFault(reason=_sqlite_reason(error))
    return None


def _sqlite_reason(error: DBAPIError) -> str:
    """Return the name of SQLite's result code, which holds no path and no SQL."""
    return str(getattr(error.orig, "sqlite_errorname", "database"))


def lock_blob(session: Session, content_hash: str) -> None:
    """Hold the lock of one content hash until the transaction ends.

    SQLite has one writer at a time, so an open writing transaction is that lock already.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": content_hash}
        )
