"""SQLAlchemy's dialect of PostgreSQL, with transactions only where a connection has an option for them.

The driver begins them, before their first statement. A listener of the engine could, too; but with any listener, each
statement of the engine is announced twice.

Rule: acts on connections that `database.configure` has prepared; others behave as without it.
"""

from __future__ import annotations

from typing import Any, cast

from psycopg import Connection, IsolationLevel
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect

from cabinet.services.kernel.connection_options import SNAPSHOT, WRITING, Option


class _Writing(Option):
    def set_characteristic(self, dialect: Dialect, dbapi_conn: DBAPIConnection, value: bool) -> None:
        _driver(dbapi_conn).autocommit = not value

    def get_characteristic(self, dialect: Dialect, dbapi_conn: DBAPIConnection) -> bool:
        return not _driver(dbapi_conn).autocommit


class _Snapshot(Option):
    def set_characteristic(self, dialect: Dialect, dbapi_conn: DBAPIConnection, value: bool) -> None:
        driver = _driver(dbapi_conn)
        driver.autocommit = not value
        driver.isolation_level = IsolationLevel.REPEATABLE_READ if value else None

    def get_characteristic(self, dialect: Dialect, dbapi_conn: DBAPIConnection) -> bool:
        return _driver(dbapi_conn).isolation_level == IsolationLevel.REPEATABLE_READ


class PostgresqlDialect(PGDialect_psycopg):
    """Lets the driver begin a transaction where a connection has an option, before its first statement."""

    supports_statement_cache = True
    connection_characteristics = PGDialect_psycopg.connection_characteristics.union(
        {WRITING: _Writing(), SNAPSHOT: _Snapshot()}
    )


def _driver(connection: Any) -> Connection[Any]:
    return cast("Connection[Any]", connection)
