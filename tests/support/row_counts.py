"""The number of rows that each transaction changes, including cascades.

Rule: the database itself counts, because statements do not show what cascades.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event

from cabinet.models import Base

_ON_POSTGRESQL = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
# Of this connection only. Not the driver's count, which counts the pages of the full-text table
# for rows, and merges some of them now and then. With its row, because the driver would begin a transaction
# before an INSERT.
_COUNTER = "CREATE TEMP TABLE IF NOT EXISTS rows_changed AS SELECT 0 AS number"
_ON_SQLITE = "SELECT number FROM rows_changed"
_TRIGGER = (
    'CREATE TEMP TRIGGER IF NOT EXISTS count_{change}_{table} AFTER {change} ON main."{table}"'
    " BEGIN UPDATE rows_changed SET number = number + 1; END"
)


@contextmanager
def rows_changed(engine: Engine) -> Iterator[list[int]]:
    """Give a list that gets the number of rows of every transaction that commits and has changed any."""
    changed: list[int] = []
    is_server = engine.dialect.name == "postgresql"
    asked = _ON_POSTGRESQL if is_server else _ON_SQLITE
    # Both count on, over some transactions.
    before: dict[Connection, int] = {}

    def begin(connection: Connection) -> None:
        if not is_server:
            connection.exec_driver_sql(_COUNTER)
            for table in Base.metadata.tables:
                for change in ("INSERT", "UPDATE", "DELETE"):
                    connection.exec_driver_sql(_TRIGGER.format(change=change, table=table))
        before[connection] = int(connection.exec_driver_sql(asked).scalar_one())

    def note(connection: Connection) -> None:
        rows = int(connection.exec_driver_sql(asked).scalar_one()) - before.pop(connection, 0)
        if rows:
            changed.append(rows)

    event.listen(engine, "begin", begin)
    event.listen(engine, "commit", note)
    try:
        yield changed
    finally:
        event.remove(engine, "begin", begin)
        event.remove(engine, "commit", note)
