"""Copy a database in use to one file, and restore it into an empty one.

SQLite: `VACUUM INTO` creates a database file. PostgreSQL: `pg_dump` in its custom format, of the same
snapshot that the caller reads, so that both are consistent; `pg_restore` restores it in one
transaction. Both programs get the connection parameters of the engine.

Rule: passwords are passed in the environment and never on a command line; a database is restored
completely or not at all.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from cabinet.errors import StorageFull, Unavailable
from cabinet.models import Base, User
from cabinet.refusals import DumpFailed
from cabinet.services.kernel.database import for_snapshots, for_writing, to_domain_error
from cabinet.services.kernel.search_index import DROP_FUNCTION
from cabinet.storage.disk import sync_folder

POSTGRESQL = "postgresql"

NOT_INSTALLED = "it is not installed. The Debian package is postgresql-client."

# The restoring role owns the objects; only the owner of an extension may comment on it.
_PLAIN = ("--no-password", "--no-owner", "--no-privileges", "--no-comments")

# Characters of a program's error message; its last line may be a page long.
_LONGEST = 300

# Changes a restored database before it is used.
Fix = Callable[[Connection], None]


@contextmanager
def dumped(engine: Engine, target: Path) -> Iterator[Connection]:
    """Write the database to the new file `target`, durably, and yield a connection that reads the same state.

    Raises `DumpFailed`, `StorageFull`, `StorageFault` or `Unavailable`.
    """
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with known_errors():
        if engine.dialect.name == POSTGRESQL:
            with _postgresql_dump(engine, target) as connection:
                yield connection
            return
        vacuum_into(engine, target)
        # Immutable, so that reading creates no files beside it.
        readable = {"immutable": "1", "uri": "true"}
        copy = create_engine(URL.create("sqlite", database=f"file:{quote(str(target))}", query=readable))
        try:
            with copy.connect() as connection:
                yield connection
        finally:
            copy.dispose()


def vacuum_into(engine: Engine, target: Path) -> None:
    """Copy a SQLite database to the empty file `target`, durably; it may be written meanwhile."""
    with engine.connect() as connection:
        # Not through SQLAlchemy, which would begin a transaction, in which VACUUM fails.
        driver: Any = connection.connection.driver_connection
        driver.execute("VACUUM INTO ?", (str(target),))
    _sync(target)


def holds_data(engine: Engine) -> bool:
    """Return whether the database has accounts; one without tables has none."""
    with known_errors(), engine.connect() as connection:
        if not inspect(connection).has_table(User.__tablename__):
            return False
        # Deleted accounts have an empty name; older releases do not have `deleted_at`.
        users = select(func.count()).where(User.username != "")
        return bool(connection.scalar(users))


def is_in_use(engine: Engine) -> bool:
    """Return whether other clients are connected to a PostgreSQL database; False for SQLite."""
    if engine.dialect.name != POSTGRESQL:
        return False
    others = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    with known_errors(), engine.connect() as connection:
        return bool(connection.scalar(others))


def restore_dump(engine: Engine, source: Path, fix: Fix) -> None:
    """Restore the dump `source` and apply `fix`; the current database has no data.

    Raises as `dumped` does.
    """
    with known_errors():
        if engine.dialect.name == POSTGRESQL:
            _restore_postgresql(engine, source)
            # A separate transaction, because pg_restore has its own. If it is missing, nothing is wrong
            # yet: an upload without bytes ends when it is next used, or when it expires.
            with for_writing(engine).begin() as connection:
                fix(connection)
        else:
            _restore_sqlite(engine, source, fix)


@contextmanager
def known_errors() -> Iterator[None]:
    """Raise database errors of the body as domain errors."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        # Errors of direct driver calls are not wrapped by SQLAlchemy.
        known = to_domain_error(error if isinstance(error, DBAPIError) else DBAPIError(None, None, error))
        if known is None:
            raise
        raise known from error


@contextmanager
def _postgresql_dump(engine: Engine, target: Path) -> Iterator[Connection]:
    with for_snapshots(engine).connect() as connection:
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        _run(engine, "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={target}")
        _sync(target)
        yield connection


def _restore_postgresql(engine: Engine, source: Path) -> None:
    with for_writing(engine).begin() as connection:
        # Not with pg_restore --clean, which would also drop extensions and is not allowed to. CASCADE: a
        # table of a newer release may refer to one that is in the dump.
        for table in [*Base.metadata.tables, "alembic_version"]:
            connection.execute(text(f'DROP TABLE IF EXISTS "{table}" CASCADE'))
        connection.execute(text(DROP_FUNCTION))
    _run(engine, "pg_restore", "--single-transaction", "--exit-on-error", source)


def _run(engine: Engine, program: str, *arguments: str | Path) -> None:
    """Run one of PostgreSQL's programs on the database of `engine`; raises `DumpFailed`."""
    # From the URL and not from a connection, which has options that older programs do not know.
    parameters: dict[str, Any] = engine.url.translate_connect_args(username="user", database="dbname")
    parameters |= engine.url.query
    environment = {**os.environ, "LC_ALL": "C"}
    if password := parameters.pop("password", None):
        environment["PGPASSWORD"] = str(password)
    conninfo = " ".join(f"{name}={_quoted(str(value))}" for name, value in parameters.items())
    try:
        subprocess.run(
            [program, *_PLAIN, f"--dbname={conninfo}", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
    except FileNotFoundError as error:
        raise DumpFailed(program=program, reason=NOT_INSTALLED) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip()
        if "No space left on device" in said:
            raise StorageFull from error
        raise DumpFailed(program=program, reason=f"{said.rpartition(chr(10))[2][:_LONGEST]}.") from error


def _quoted(value: str) -> str:
    """Quote a value for a PostgreSQL connection string."""
    escaped = value.replace("\\", r"\\").replace("'", r"\'")
    return f"'{escaped}'"


def _restore_sqlite(engine: Engine, source: Path, fix: Fix) -> None:
    assert engine.url.database is not None
    place = Path(engine.url.database)
    draft = place.with_name(f"{place.name}.restored")
    draft.unlink(missing_ok=True)
    _copy(source, draft)
    # A plain engine: no write-ahead log, and none of the application's settings.
    copy = create_engine(URL.create("sqlite", database=str(draft)))
    try:
        with copy.begin() as connection:
            fix(connection)
    finally:
        copy.dispose()
    _sync(draft)
    _close_log(engine, place)
    os.replace(draft, place)
    sync_folder(place.parent)


def _copy(source: Path, target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as written, source.open("rb") as read:
        while chunk := read.read(1 << 20):
            written.write(chunk)


def _close_log(engine: Engine, place: Path) -> None:
    """Remove the write-ahead log of the current database, so that it is not applied to the restored one."""
    if place.exists():
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            if driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise Unavailable
    engine.dispose()
    for suffix in ("-wal", "-shm"):
        place.with_name(place.name + suffix).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
