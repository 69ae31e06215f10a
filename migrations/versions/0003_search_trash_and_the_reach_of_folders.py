"""Add search by parts of names, the trash, and the length of the longest path below each folder.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BATCH = 1000

node = sa.table(
    "node",
    sa.column("id"),
    sa.column("owner_id"),
    sa.column("parent_id"),
    sa.column("name"),
    sa.column("search_key"),
    sa.column("below_bytes"),
    sa.column("below_segments"),
    sa.column("trashed_at"),
    sa.column("trashed_from"),
    sa.column("trash_id"),
)
set_row = (
    sa.update(node)
    .where(node.c.id == sa.bindparam("node_id"))
    .values({name: sa.bindparam(name) for name in ("search_key", "below_bytes", "below_segments")})
)

OWNER = (
    "char(57344 + {0}.owner_id / 40960000, 57344 + {0}.owner_id / 6400 % 6400, 57344 + {0}.owner_id % 6400)"
)
ADD = "INSERT INTO node_search (rowid, name) VALUES (new.id, " + OWNER.format("new") + " || new.search_key);"
REMOVE = (
    "INSERT INTO node_search (node_search, rowid, name) VALUES ('delete', old.id, "
    + OWNER.format("old")
    + " || old.search_key);"
)


def upgrade() -> None:
    """Add the columns, fill them, then create their indexes."""
    op.add_column("node", sa.Column("search_key", folded_text(), nullable=False, server_default=""))
    op.add_column("node", sa.Column("below_bytes", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("node", sa.Column("below_segments", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("node", sa.Column("trashed_from", sa.String(1024)))
    op.add_column("node", sa.Column("trash_id", sa.String(32)))
    if not context_is_offline():
        for (owner_id,) in op.get_bind().execute(sa.select(node.c.owner_id).distinct()).all():
            fill(op.get_bind(), owner_id)
    make_partial_index("ix_node_by_search_key", ["owner_id", "search_key", "id"], "trashed_at IS NULL")
    make_partial_index("ix_node_trash", ["owner_id", "trashed_at", "trash_id"], "trashed_at IS NOT NULL")
    op.create_index("uq_node_trash_id", "node", ["trash_id"], unique=True)
    if op.get_context().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
        op.execute("CREATE INDEX ix_node_search ON node USING gin (owner_id, search_key gin_trgm_ops)")
    else:
        make_full_text_table()


def downgrade() -> None:
    """Drop the columns; trashed nodes stay trashed, below the root."""
    if op.get_context().dialect.name == "sqlite":
        for event in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER node_search_{event}")
        op.execute("DROP TABLE node_search")
    else:
        op.drop_index("ix_node_search", "node")
    for index in ("uq_node_trash_id", "ix_node_trash", "ix_node_by_search_key"):
        op.drop_index(index, "node")
    for column in ("trash_id", "trashed_from", "below_segments", "below_bytes", "search_key"):
        op.drop_column("node", column)


def folded_text() -> sa.types.TypeEngine[Any]:
    """Return the type of a text that is compared byte by byte."""
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def context_is_offline() -> bool:
    """Return whether the SQL is only printed, so that no rows can be read."""
    return bool(op.get_context().as_sql)


def make_partial_index(name: str, columns: list[str], condition: str) -> None:
    """Create a partial index."""
    op.create_index(
        name, "node", columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition)
    )


def make_full_text_table() -> None:
    """Create SQLite's index of trigrams and its triggers, and fill it."""
    op.execute(
        "CREATE VIRTUAL TABLE node_search USING fts5 "
        "(name, content='', columnsize=0, detail=none, tokenize='trigram case_sensitive 1')"
    )
    op.execute(f"CREATE TRIGGER node_search_insert AFTER INSERT ON node BEGIN {ADD} END")
    op.execute(f"CREATE TRIGGER node_search_delete AFTER DELETE ON node BEGIN {REMOVE} END")
    op.execute(
        f"CREATE TRIGGER node_search_update AFTER UPDATE OF search_key ON node BEGIN {REMOVE} {ADD} END"
    )
    op.execute(
        "INSERT INTO node_search (rowid, name) SELECT id, "
        + OWNER.format("node")
        + " || search_key FROM node"
    )


def fill(connection: sa.Connection, owner_id: int) -> None:
    """Fill the columns of one user's nodes."""
    rows = connection.execute(
        sa.select(node.c.id, node.c.parent_id, node.c.name, node.c.trashed_at).where(
            node.c.owner_id == owner_id
        )
    ).all()
    names = {row.id: row.name for row in rows}
    parents = {row.id: row.parent_id for row in rows}
    reaches = reaches_of(names, parents)
    values = [
        {"node_id": node_id, "search_key": search_key(name)}
        | dict(zip(("below_bytes", "below_segments"), reaches.get(node_id, (0, 0)), strict=True))
        for node_id, name in names.items()
    ]
    for start in range(0, len(values), BATCH):
        connection.execute(set_row, values[start : start + BATCH])
    root = next((node_id for node_id, parent_id in parents.items() if parent_id is None), None)
    for row in rows:
        if row.trashed_at is not None and row.parent_id is not None:
            path = "/".join(reversed([names[above] for above in walk_up(row.id, parents)]))
            connection.execute(
                sa.update(node)
                .where(node.c.id == row.id)
                .values(trashed_from=path, trash_id=secrets.token_hex(16), parent_id=root or row.parent_id)
            )


def walk_up(node_id: int, parents: dict[int, int | None]) -> Iterator[int]:
    """Yield a node and the folders above it, except the root."""
    here: int | None = node_id
    while here is not None and parents.get(here) is not None:
        yield here
        here = parents[here]


def reaches_of(names: dict[int, str], parents: dict[int, int | None]) -> dict[int, tuple[int, int]]:
    """Return the bytes and segments of the longest path below each folder."""
    reaches: dict[int, tuple[int, int]] = {}
    for node_id in names:
        size = -1
        for segments, here in enumerate(walk_up(node_id, parents), 1):
            size += 1 + len(names[here].encode())
            folder = parents[here]
            assert folder is not None  # `walk_up` ends below the root
            known = reaches.get(folder, (0, 0))
            reaches[folder] = (max(known[0], size), max(known[1], segments))
    return reaches


def search_key(name: str) -> str:
    """Return the search key of a name, as in the release of this revision."""
    decomposed = unicodedata.normalize("NFKD", name.casefold()).replace("и\u0306", "й")
    return "".join(char for char in decomposed if not unicodedata.combining(char))[:255]
