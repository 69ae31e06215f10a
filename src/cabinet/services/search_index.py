"""What finds a part of a name among a million: the second place with SQL of one database.

A name is found by its trigrams, every three letters that follow each other. PostgreSQL has such an
index; on SQLite it is a full-text table without the text, which triggers keep in step with the
nodes. What an index finds is a candidate: the name itself has the last word.

Rule: the migrations make the same index; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import DDL, event, select, text
from sqlalchemy.orm import Session

from cabinet.models import Node

# Letters that a look-up by trigrams needs at least, and trigrams beyond which more tell nothing.
TRIGRAM = 3
_TRIGRAMS = 24

# The owner, as three characters for private use before each name: a trigram as any other, so that
# another user's million names cost a search nothing. Enough for 6400^3 users.
_PRIVATE_USE, _PRIVATE_USES = 0xE000, 6400
_OWNER = (
    f"char({_PRIVATE_USE} + {{0}}.owner_id / {_PRIVATE_USES * _PRIVATE_USES}, "
    f"{_PRIVATE_USE} + {{0}}.owner_id / {_PRIVATE_USES} % {_PRIVATE_USES}, "
    f"{_PRIVATE_USE} + {{0}}.owner_id % {_PRIVATE_USES})"
)
_ADD = (
    "INSERT INTO node_search (rowid, name) VALUES (new.id, " + _OWNER.format("new") + " || new.search_key);"
)
_REMOVE = (
    "INSERT INTO node_search (node_search, rowid, name) VALUES ('delete', old.id, "
    + _OWNER.format("old")
    + " || old.search_key);"
)

FOR_SQLITE = (
    """CREATE VIRTUAL TABLE node_search USING fts5
    (name, content='', columnsize=0, detail=none, tokenize='trigram case_sensitive 1')""",
    f"CREATE TRIGGER node_search_insert AFTER INSERT ON node BEGIN {_ADD} END",
    f"CREATE TRIGGER node_search_delete AFTER DELETE ON node BEGIN {_REMOVE} END",
    f"CREATE TRIGGER node_search_update AFTER UPDATE OF search_key ON node BEGIN {_REMOVE} {_ADD} END",
)
FOR_POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE EXTENSION IF NOT EXISTS btree_gin",
    "CREATE INDEX ix_node_search ON node USING gin (owner_id, search_key gin_trgm_ops)",
)

for _dialect, _statements in (("sqlite", FOR_SQLITE), ("postgresql", FOR_POSTGRESQL)):
    for _statement in _statements:
        _ddl: DDL = DDL(_statement.replace("%", "%%"))  # type: ignore[no-untyped-call]  # of SQLAlchemy
        event.listen(Node.__table__, "after_create", _ddl.execute_if(dialect=_dialect))


# CROSS JOIN: the index is asked first, whatever SQLite thinks of it. It asks for no more than trigrams
# can tell: were the names compared here, one statement could look at a million that only seem alike.
_ON_SQLITE = select(Node).from_statement(
    text(
        "SELECT node.* FROM node_search CROSS JOIN node ON node.id = node_search.rowid "
        "WHERE node_search MATCH :trigrams AND node_search.rowid < :before "
        "AND node.owner_id = :owner_id "
        "ORDER BY node_search.rowid DESC LIMIT :limit"
    )
)


def find_containing(session: Session, owner_id: int, key: str, before: int, limit: int) -> Sequence[Node]:
    """Return nodes of a user that may have `key` in the name, with ids below `before`, the newest first.

    `key` has `TRIGRAM` letters or more. They have all its trigrams, perhaps in another order. Whether
    they, or a folder above them, are in the trash is not looked at.
    """
    asked = {"owner_id": owner_id, "before": before, "limit": limit}
    if session.get_bind().dialect.name == "sqlite":
        return session.scalars(_ON_SQLITE, asked | {"trigrams": _trigrams(owner_id, key)}).all()
    has_key = Node.search_key.contains(key, autoescape=True)
    found = select(Node).where(Node.owner_id == owner_id, Node.id < before, has_key)
    return session.scalars(found.order_by(Node.id.desc()).limit(limit)).all()


def _trigrams(owner_id: int, key: str) -> str:
    """Return what the full-text table is asked: all of these three letters, wherever they stand."""
    owner = (
        owner_id // _PRIVATE_USES**2,
        owner_id // _PRIVATE_USES % _PRIVATE_USES,
        owner_id % _PRIVATE_USES,
    )
    wanted = ["".join(chr(_PRIVATE_USE + digit) for digit in owner)]
    wanted += [key[start : start + TRIGRAM] for start in range(len(key) - TRIGRAM + 1)][:_TRIGRAMS]
    return " AND ".join('"' + trigram.replace('"', '""') + '"' for trigram in wanted)
