"""The work of SQLite in each transaction, in steps of its virtual machine.

On PostgreSQL, whose plans depend on statistics that a small test does not have, all counts are zero.

Rule: the database itself counts; nothing is timed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event

# What SQLite counts by: fewer take longer.
_STEPS = 10


@dataclass
class Work:
    """The work of each finished transaction: of those that wrote, and of those that only read."""

    writing: list[int] = field(default_factory=list)
    reading: list[int] = field(default_factory=list)


@contextmanager
def work_counted(engine: Engine) -> Iterator[Work]:
    """Give what the transactions of an engine do while the body runs, whether they commit or not."""
    work = Work()
    is_counted = engine.dialect.name == "sqlite"
    done: dict[Connection, int] = {}

    def begin(connection: Connection) -> None:
        done[connection] = 0

        def count() -> None:
            done[connection] += _STEPS

        if is_counted:
            _driver_of(connection).set_progress_handler(count, _STEPS)

    def end(connection: Connection) -> None:
        if is_counted:
            _driver_of(connection).set_progress_handler(None, 0)
        is_writing = connection.get_execution_options().get("cabinet_writing")
        (work.writing if is_writing else work.reading).append(done.pop(connection))

    listeners = {"begin": begin, "commit": end, "rollback": end}
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    try:
        yield work
    finally:
        for name, listener in listeners.items():
            event.remove(engine, name, listener)


def _driver_of(connection: Connection) -> Any:
    return connection.connection.dbapi_connection
