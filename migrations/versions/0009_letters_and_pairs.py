"""Search for words of one and two letters: an index of letters and pairs replaces the trigrams.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LIVE = sa.text("trashed_at IS NULL")

# Bytes of new entries that SQLite holds in memory while it fills the table, and what it does by
# itself: a million names take 10 s in place of 21.
FILLING, USUAL = 64 << 20, 1 << 20

GRAMS = "'u' || {0}.owner_id || 'b' || ({0}.id >> 16) || ' ' || grams({0}.search_key)"
OWNER = (
    "char(57344 + {0}.owner_id / 40960000, 57344 + {0}.owner_id / 6400 % 6400, 57344 + {0}.owner_id % 6400)"
)
TRIGRAMS = OWNER + " || {0}.search_key"

FUNCTION = """CREATE OR REPLACE FUNCTION grams(owner_id bigint, id bigint, search_key text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
    SELECT ('u' || owner_id || 'b' || (id >> 16)) || array_remove(letters, ' ')
    || ARRAY(SELECT one || next FROM unnest(letters, letters[2:]) AS pair(one, next)
    WHERE one <> ' ' AND next <> ' ')
    FROM (SELECT string_to_array(search_key, NULL)) AS name(letters) $$"""


def upgrade() -> None:
    """Create and fill the new index, and drop those that only the old search used."""
    op.create_index("ix_node_by_owner", "node", ["owner_id", "id"])
    op.drop_index("ix_node_owner_id", "node")
    op.drop_index("ix_node_by_search_key", "node")
    if op.get_context().dialect.name == "postgresql":
        op.drop_index("ix_node_search", "node")
        op.execute(FUNCTION)
        op.execute(
            "CREATE INDEX ix_node_search ON node USING gin (grams(owner_id, id, search_key)) WITH (fastupdate = off)"
        )
    else:
        drop_full_text_table()
        make_full_text_table("grams", "ascii", GRAMS, "id, owner_id, search_key")


def downgrade() -> None:
    """Create the index of trigrams and the index of name prefixes again."""
    if op.get_context().dialect.name == "postgresql":
        op.drop_index("ix_node_search", "node")
        op.execute("DROP FUNCTION grams(bigint, bigint, text)")
        op.execute("CREATE INDEX ix_node_search ON node USING gin (owner_id, search_key gin_trgm_ops)")
    else:
        drop_full_text_table()
        make_full_text_table("name", "trigram case_sensitive 1", TRIGRAMS, "search_key")
    op.create_index(
        "ix_node_by_search_key",
        "node",
        ["owner_id", "search_key", "id"],
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_index("ix_node_owner_id", "node", ["owner_id"])
    op.drop_index("ix_node_by_owner", "node")


def drop_full_text_table() -> None:
    """Drop SQLite's index of names and its triggers."""
    for event in ("insert", "delete", "update"):
        op.execute(f"DROP TRIGGER node_search_{event}")
    op.execute("DROP TABLE node_search")


def make_full_text_table(column: str, tokenizer: str, content: str, changed: str) -> None:
    """Create SQLite's index of names and its triggers, and fill it."""
    into = f"INSERT INTO node_search (rowid, {column})"
    add = f"{into} VALUES (new.id, {content.format('new')});"
    remove = f"INSERT INTO node_search (node_search, rowid, {column}) VALUES ('delete', old.id, {content.format('old')});"
    op.execute(
        f"CREATE VIRTUAL TABLE node_search USING fts5 "
        f"({column}, content='', columnsize=0, detail=none, tokenize='{tokenizer}')"
    )
    op.execute(f"CREATE TRIGGER node_search_insert AFTER INSERT ON node BEGIN {add} END")
    op.execute(f"CREATE TRIGGER node_search_delete AFTER DELETE ON node BEGIN {remove} END")
    op.execute(
        f"CREATE TRIGGER node_search_update AFTER UPDATE OF {changed} ON node BEGIN {remove} {add} END"
    )
    op.execute(f"INSERT INTO node_search (node_search, rank) VALUES ('hashsize', {FILLING})")
    op.execute(f"{into} SELECT id, {content.format('node')} FROM node ORDER BY id")
    op.execute(f"INSERT INTO node_search (node_search, rank) VALUES ('hashsize', {USUAL})")
