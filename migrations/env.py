"""The Alembic environment, run by `flask db ...` and by a server that starts.

On SQLite a table is altered by copying it, dropping the old one and renaming the copy. With
foreign keys on, the drop would delete every row that refers to the table; so they are off while
a migration runs, which has to be said before its transaction begins, and checked at its end.

Rule: one transaction for all steps. No logging is set up here; the server has its own.
"""

from __future__ import annotations

from typing import Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection, MetaData

from cabinet.models import UtcDateTime
from cabinet.services.kernel.database import for_writing, writers_turn
from cabinet.serving.preparing import make_instance

database = current_app.extensions["migrate"].db
metadata: MetaData = database.metadata


def render_type(kind: str, value: object, _context: object) -> str | Literal[False]:
    """Render our own column type as its database type, so that migrations import no models."""
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run_offline() -> None:
    """Print the SQL without running it."""
    context.configure(
        url=database.engine.url, target_metadata=metadata, literal_binds=True, render_as_batch=True
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run the migrations; `flask db upgrade` may be the first command on an instance."""
    make_instance(current_app)
    with writers_turn(database.engine):
        migrate()


def migrate() -> None:
    """Run the migrations in one transaction, and check all foreign keys at its end."""
    connection = for_writing(database.engine).connect()
    is_sqlite = connection.dialect.name == "sqlite"
    try:
        if is_sqlite:
            set_foreign_keys(connection, "OFF")
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=True,
            render_item=render_type,
            # Alembic assumes that SQLite has no transactional DDL, and would commit each step before the check below.
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()
            if is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
                raise RuntimeError(f"the migration breaks references: {broken[:5]}")
    finally:
        connection.rollback()
        if is_sqlite:
            set_foreign_keys(connection, "ON")
        connection.close()


def set_foreign_keys(connection: Connection, state: str) -> None:
    """Turn the enforcement on or off, bypassing SQLAlchemy, which would begin a transaction first."""
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute(f"PRAGMA foreign_keys = {state}")


if context.is_offline_mode():
    run_offline()
else:
    run_online()
