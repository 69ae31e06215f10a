"""Millions of rows, as uploads would have left them, created inside the database.

Rule: the entries are copies of one uploaded file and share its blob; every counter is correct. Works on both
databases, bypassing the server, which must be idle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

import sqlalchemy as sa

from cabinet.models import Base, Node
from cabinet.services.kernel.database import configure, for_writing
from cabinet.services.tree.names import search_key, sort_key
from tests.bench.kept import kept_connection
from tests.bench.peers import Cabinet

MODEL = "0 model.txt"
CONTENT = b"one content for all"

# Names that are sent at a time.
_BATCH = 10_000

_NODE = Base.metadata.tables["node"]
_VERSION = Base.metadata.tables["version"]
_SPACE = Base.metadata.tables["space"]
_NAMES = sa.Table(
    "bench_name", sa.MetaData(),
    sa.Column("name", sa.Text), sa.Column("sort_key", sa.LargeBinary), sa.Column("search_key", sa.Text),
    prefixes=["TEMPORARY"],
)  # fmt: skip
_ALIKE = [
    "space_id", "parent_id", "kind", "size", "content_hash", "media_type", "version", "child_count",
    "child_size", "below_bytes", "below_segments", "created_at", "modified_at",
]  # fmt: skip


@contextmanager
def database_of(server: Cabinet) -> Iterator[sa.Engine]:
    """Connect to the database of a server."""
    engine = sa.create_engine(server.database)
    configure(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def fill(server: Cabinet, folder: str, names: Iterable[str]) -> None:
    """Make a folder of a model file and of files with `names`, all of them alike."""
    with kept_connection(server.port, server.headers) as connection:
        connection.request("PUT", server.path(f"{folder}/{MODEL}".replace(" ", "%20")), CONTENT)
    with database_of(server) as engine, for_writing(engine).begin() as connection:
        model = connection.execute(
            sa.select(_NODE.c.id, _NODE.c.parent_id).where(_NODE.c.name == MODEL).order_by(_NODE.c.id.desc())
        ).first()
        assert model is not None
        _send(connection, names)
        _copy(connection, model.id, model.parent_id)
    if engine.dialect.name == "postgresql":
        # As its own housekeeping does some time after so many rows have come.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE node"))
        engine.dispose()


def _send(connection: sa.Connection, names: Iterable[str]) -> None:
    _NAMES.create(connection)
    remaining = iter(names)
    while batch := list(islice(remaining, _BATCH)):
        rows = [{"name": name, "sort_key": sort_key(name), "search_key": search_key(name)} for name in batch]
        connection.execute(sa.insert(_NAMES), rows)


def _copy(connection: sa.Connection, model: int, folder: int) -> None:
    columns = [*_NAMES.c.keys(), *_ALIKE]
    each = _NAMES.join(_NODE, _NODE.c.id == model)
    copies = sa.select(*_NAMES.c, *(_NODE.c[name] for name in _ALIKE)).select_from(each)
    connection.execute(sa.insert(_NODE).from_select(columns, copies))
    made = (_NODE.c.parent_id == folder) & (_NODE.c.id != model)
    version = sa.select(_NODE.c.id, sa.literal(1), _NODE.c.content_hash, _NODE.c.size, _NODE.c.created_at)
    into = ["node_id", "number", "content_hash", "size", "created_at"]
    connection.execute(sa.insert(_VERSION).from_select(into, version.where(made)))
    inside = sa.select(sa.func.count(), sa.func.sum(_NODE.c.size)).where(_NODE.c.parent_id == folder)
    count, size = connection.execute(inside).one()
    connection.execute(
        sa.update(_NODE).where(_NODE.c.id == folder).values(child_count=count, child_size=size)
    )
    connection.execute(
        sa.update(_SPACE).values(usage=sa.select(sa.func.sum(Node.child_size)).scalar_subquery())
    )
    _NAMES.drop(connection)
