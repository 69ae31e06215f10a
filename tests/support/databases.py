"""Databases of any release: created, filled whatever their tables are, and compared row by row.

Rule: filling and comparing use no table names, so that they work for the next release too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask

from cabinet import create_app
from cabinet.extensions import db
from cabinet.services.kernel.search_index import register
from cabinet.serving import preparing

MIGRATIONS = Path(__file__).parents[2] / "migrations"
ROWS = 4

# Of every table, every row as a mapping; what two databases are compared by.
Content = dict[str, list[dict[str, Any]]]


# The revisions of all releases, oldest first.
SHIPPED = [script.revision for script in reversed(list(ScriptDirectory(str(MIGRATIONS)).walk_revisions()))]
HEAD = SHIPPED[-1]

# Parameters of tests of upgrades: the first and the last two releases, and some between them; the others are long.
_SHORT = {*SHIPPED[::6], *SHIPPED[-2:]}
RELEASES = [each if each in _SHORT else pytest.param(each, marks=pytest.mark.long) for each in SHIPPED]

# The body of a possible migration: it recreates the table that all others refer to.
REBUILD_USER = """with op.batch_alter_table("user") as user:
        user.add_column(sa.Column("motto", sa.String(80)))
        user.alter_column("username", type_=sa.String(100), existing_type=sa.String(64))
        user.drop_column("language")"""


def add_revision(migrations: Path, body: str, revision: str = "9998", behind: str = HEAD) -> Path:
    """Write a revision whose upgrade is `body`; return its file."""
    file = migrations / "versions" / f"{revision}_from_the_future.py"
    file.write_text(
        f'import sqlalchemy as sa\nfrom alembic import op\n\nrevision = "{revision}"\n'
        f'down_revision = "{behind}"\n\n\ndef upgrade():\n    {body}\n'
    )
    return file


# The database: the file of an instance, or the URL on a server.
Database = Path | str


@contextmanager
def connected(database: Database) -> Iterator[sa.Connection]:
    engine = sa.create_engine(f"sqlite:///{database}" if isinstance(database, Path) else database)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", lambda connection, _record: register(connection))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _tables_of(connection: sa.Connection) -> list[sa.Table]:
    metadata = sa.MetaData()
    metadata.reflect(connection, only=ordinary_tables(connection))
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def ordinary_tables(connection: sa.Connection) -> list[str]:
    """Return the names of the ordinary tables, without virtual ones and their shadow tables."""
    if connection.dialect.name != "sqlite":
        return sa.inspect(connection).get_table_names()
    tables = connection.exec_driver_sql("PRAGMA table_list").mappings()
    return [row["name"] for row in tables if row["type"] == "table" and not row["name"].startswith("sqlite_")]


def rows_of(database: Database) -> Content:
    """Return everything that a database holds."""
    with connected(database) as connection:
        return {
            table.name: [
                dict(row)
                for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in _tables_of(connection)
        }


def revision_of(database: Database) -> str:
    with connected(database) as connection:
        return str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")))


def copies(database: Database) -> list[Path]:
    """Return the copies made of a database file; a server has none."""
    return list(database.parent.glob("cabinet.db.*.bak")) if isinstance(database, Path) else []


def populate(database: Database) -> Content:
    """Insert rows into every table, with any columns, and return all of them."""
    with connected(database) as connection:
        for table in _tables_of(connection):
            for number in range(1, ROWS + 1):
                values = {column.name: _value_for(column, number) for column in table.columns}
                connection.execute(table.insert().values(values))
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        else:
            _number_on(connection)
        connection.commit()
    return rows_of(database)


def _number_on(connection: sa.Connection) -> None:
    """Advance the sequences of PostgreSQL beyond the inserted ids."""
    for table in _tables_of(connection):
        if "id" in table.columns and table.columns["id"].type.python_type is int:
            numbered = sa.text(f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'), {ROWS})")
            connection.execute(numbered)


def _value_for(column: sa.Column[Any], number: int) -> Any:
    """Return a value that fits a column and differs from row to row."""
    if any(key.column.table is column.table for key in column.foreign_keys):
        return None if number == 1 else 1  # a tree: the first row is the root of all others
    if column.nullable and not column.foreign_keys and number % 2:
        return None
    kind = column.type.python_type
    if kind is datetime:
        # SQLite stores no zone, and reads none.
        zone = UTC if getattr(column.type, "timezone", False) else None
        return datetime(2026, 1, number, 12, 30, 15, 123456, zone)
    text = f"{number} {column.name}"[: getattr(column.type, "length", None)]
    made: dict[type, Any] = {
        int: number, float: number / 2, str: text, bytes: bytes([number]), bool: number % 2 == 0
    }  # fmt: skip
    # A reference to a text column must have the same text.
    for key in column.foreign_keys:
        return _value_for(key.column, number)
    return made[kind]


def at_revision(make_app: Callable[[], Flask], database: Database, revision: str) -> Content:
    """Leave a populated database as a release of that revision has left it, and return its rows."""
    if isinstance(database, Path) and not database.parent.exists():
        database.parent.mkdir(mode=0o700)
        database.touch(0o600)
        database.write_bytes(_files_of_releases()[revision])
    else:
        app = make_app()
        with app.app_context():
            for _ in _steps_to(revision):
                pass
            db.engine.dispose()
    return populate(database)


def _steps_to(revision: str) -> Iterator[str]:
    """Downgrade to nothing, then upgrade release by release to `revision`; yields each release."""
    settings = alembic.config.Config()
    settings.set_main_option("script_location", str(preparing.find_migrations()))
    alembic.command.downgrade(settings, "base")
    for release in SHIPPED[: SHIPPED.index(revision) + 1]:
        alembic.command.upgrade(settings, release)
        yield release


@cache
def _files_of_releases() -> dict[str, bytes]:
    """Return the SQLite file of each release, without rows."""
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        app = create_app({"INSTANCE": folder, "TESTING": True})
        with app.app_context():
            for release in _steps_to(HEAD):
                # Closing the last connection moves the log into the file.
                db.engine.dispose()
                files[release] = (Path(folder) / "cabinet.db").read_bytes()
    return files


def with_spaces(content: Content) -> Content:
    """Return the content of a database with everything of a user in a space with the same number, as migrated."""
    if "space" in content:
        return content
    moved = ("usage", "entries", "quota", "trash_hidden_to", "trash_purged_to", "deleted_at")
    told = {
        table: [
            {"space_id" if key == "owner_id" else key: value for key, value in row.items()} for row in rows
        ]
        for table, rows in content.items()
    }
    told["space"] = [
        {"id": row["id"], "owner_id": row["id"]} | {key: row[key] for key in moved if key in row}
        for row in content["user"]
    ]
    return told


def common(before: Content, after: Content) -> Content:
    """Return of `after` what `before` can have: its tables, and of them its columns."""
    return {
        name: [{key: row[key] for key in before[name][0] if key in row} for row in after[name]]
        for name in before
        if name in after
    }
