"""SQLAlchemy's dialect of SQLite, which begins transactions by itself.

The driver would begin one only before a change, so that each SELECT before it sees another state. SQLAlchemy's
documentation begins one in a listener of the engine instead; but with any listener, each statement of the engine
is announced twice, which takes a tenth of the time of a request.

Rule: acts on connections that `database.configure` has prepared; others behave as without it.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Final, cast

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect, PoolProxiedConnection

from cabinet.services.kernel.connection_options import WRITING, Option

# The driver's `isolation_level` of a connection that begins no transaction by itself, and of one that writes.
BY_OURSELVES: Final = None
_IMMEDIATE: Final = "IMMEDIATE"

_BEGINNINGS: Final[dict[str | None, str]] = {BY_OURSELVES: "BEGIN", _IMMEDIATE: "BEGIN IMMEDIATE"}


class _Writing(Option):
    def set_characteristic(self, dialect: Dialect, dbapi_conn: DBAPIConnection, value: bool) -> None:
        _driver(dbapi_conn).isolation_level = _IMMEDIATE if value else BY_OURSELVES

    def get_characteristic(self, dialect: Dialect, dbapi_conn: DBAPIConnection) -> bool:
        return _driver(dbapi_conn).isolation_level == _IMMEDIATE


class SqliteDialect(SQLiteDialect_pysqlite):
    """Begins each transaction of a prepared connection by a statement."""

    supports_statement_cache = True
    connection_characteristics = SQLiteDialect_pysqlite.connection_characteristics.union(
        {WRITING: _Writing()}
    )

    def do_begin(self, dbapi_connection: PoolProxiedConnection) -> None:
        driver = _driver(dbapi_connection.driver_connection)
        beginning = _BEGINNINGS.get(driver.isolation_level)
        if beginning is not None:
            driver.execute(beginning)


def _driver(connection: Any) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection)
