"""The search index over names, with database-specific SQL.

A name is indexed by its n-grams: each letter, and each pair of adjacent letters in a word. PostgreSQL
has a GIN index over a function; on SQLite they are in a contentless FTS5 table, which triggers keep
in sync with the nodes. The index finds candidates; callers compare the names themselves.

An additional token names the space and the block of ids of a node. A query searches one block, so
its time is bounded, however many names have the same n-grams in another order, and names in other
spaces cost nothing.

Rule: `grams`, `BLOCK_BITS` and the tokens never change without a migration that rebuilds the index,
because entries are removed by the same tokens. The migrations create the same index; a test compares
the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from sqlalchemy import DDL, event, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cabinet.models import Node

# 65,536 ids: a query for 24 grams that all names of a block have took 0.2 s on SQLite; 16 queries
# without a match among a million names took a millisecond.
BLOCK_BITS = 16

# The maximum number of grams in a query; more hardly narrow the result.
_GRAMS = 24

# Larger than any id.
END = 2**62

# Bytes of a page of the index on SQLite. After every 64 written pages it merges as many on each level
# within one statement, and reads far more of them after deletions: with the default of 4050, one such
# statement took 0.35 s among a million deletions, with 1000 it took 0.04 s.
PAGE_SIZE = 1000

# The maximum seconds of a query on PostgreSQL, whose disk may be cold or busy. On SQLite, the size of
# a block limits the time.
LONGEST = 5.0
_CANCELED = "57014"

_TEXT = f"'u' || {{0}}.space_id || 'b' || ({{0}}.id >> {BLOCK_BITS}) || ' ' || grams({{0}}.search_key)"
_ADD = f"INSERT INTO node_search (rowid, grams) VALUES (new.id, {_TEXT.format('new')});"
_REMOVE = (
    f"INSERT INTO node_search (node_search, rowid, grams) VALUES ('delete', old.id, {_TEXT.format('old')});"
)

FOR_SQLITE = (
    """CREATE VIRTUAL TABLE node_search USING fts5
    (grams, content='', columnsize=0, detail=none, tokenize='ascii')""",
    f"INSERT INTO node_search (node_search, rank) VALUES ('pgsz', {PAGE_SIZE})",
    f"CREATE TRIGGER node_search_insert AFTER INSERT ON node BEGIN {_ADD} END",
    f"CREATE TRIGGER node_search_delete AFTER DELETE ON node BEGIN {_REMOVE} END",
    f"CREATE TRIGGER node_search_update AFTER UPDATE OF id, space_id, search_key ON node BEGIN {_REMOVE} {_ADD} END",
)
FOR_POSTGRESQL = (
    # The parameter's old name `owner_id` is kept: another one would rebuild the index. The high cost
    # keeps the planner from computing grams row by row instead of using the index.
    f"""CREATE OR REPLACE FUNCTION grams(owner_id bigint, id bigint, search_key text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
    SELECT ('u' || owner_id || 'b' || (id >> {BLOCK_BITS})) || array_remove(letters, ' ')
    || ARRAY(SELECT one || next FROM unnest(letters, letters[2:]) AS pair(one, next)
    WHERE one <> ' ' AND next <> ' ')
    FROM (SELECT string_to_array(search_key, NULL)) AS name(letters) $$""",
    # Without fastupdate: every query would scan its list of pending entries, and every 4 MiB of it a
    # transaction would have to merge them into the index, which takes a second.
    "CREATE INDEX ix_node_search ON node USING gin (grams(space_id, id, search_key)) WITH (fastupdate = off)",
)
# Drops what remains of the index on PostgreSQL after its tables are dropped.
DROP_FUNCTION = "DROP FUNCTION IF EXISTS grams(bigint, bigint, text)"

for _dialect, _statements in (("sqlite", FOR_SQLITE), ("postgresql", FOR_POSTGRESQL)):
    for _statement in _statements:
        _ddl: DDL = DDL(_statement.replace("%", "%%"))  # type: ignore[no-untyped-call]  # of SQLAlchemy
        event.listen(Node.__table__, "after_create", _ddl.execute_if(dialect=_dialect))

# CROSS JOIN forces SQLite to use the index first. Names are not compared here, because one statement
# could then read any number of false candidates.
_ON_SQLITE = select(Node).from_statement(
    text(
        "SELECT node.* FROM node_search CROSS JOIN node ON node.id = node_search.rowid "
        "WHERE node_search MATCH :tokens AND node_search.rowid < :before AND node.space_id = :space_id "
        "ORDER BY node_search.rowid DESC LIMIT :limit"
    )
)
# MATERIALIZED keeps the planner from scanning ids in the wanted order instead of using the index.
_ON_POSTGRESQL = select(Node).from_statement(
    text(
        "WITH hit AS MATERIALIZED (SELECT id FROM node "
        "WHERE grams(space_id, id, search_key) @> CAST(:tokens AS text[]) AND id < :before) "
        "SELECT node.* FROM node WHERE space_id = :space_id "
        "AND id IN (SELECT id FROM hit ORDER BY id DESC LIMIT :limit) ORDER BY id DESC"
    )
)


# It applies to the connection, because a query has no transaction, so it is reset after the query.
_LIMIT = text("SELECT set_config('statement_timeout', :milliseconds, false)")
_NO_LIMIT = text("RESET statement_timeout")


class TookTooLong(Exception):
    """A query exceeded its time limit and was canceled."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Nodes, newest first, and the id below which to continue, or None at the end."""

    nodes: Sequence[Node]
    rest: int | None


def register(connection: Any) -> None:
    """Register the function that the triggers call on a connection of the SQLite driver."""
    connection.create_function("grams", 1, grams, deterministic=True)


def grams(search_key: str) -> str:
    """Return the letters and pairs of letters of a name, in hex, as in the full-text table."""
    found = chain.from_iterable(
        (word[at], word[at : at + 2]) for word in search_key.split(" ") for at in range(len(word))
    )
    return " ".join(_to_token(gram) for gram in dict.fromkeys(found))


def find_candidates(
    session: Session, space_id: int, words: Iterable[str], before: int, limit: int
) -> Candidates:
    """Return up to `limit` nodes of a space that may have all `words` in their names, with ids below `before`.

    Their names have the grams of the words, perhaps in another order. The trash is not excluded. Only
    one block is searched, so the result may be empty and not yet the end. Raises `TookTooLong`.
    """
    newest = session.scalar(select(func.max(Node.id)).where(Node.space_id == space_id, Node.id < before))
    if newest is None:
        return Candidates([], None)
    block = newest >> BLOCK_BITS
    asked = {"space_id": space_id, "before": before, "limit": limit}
    token, wanted = f"u{space_id}b{block}", _grams_of(words)
    if session.get_bind().dialect.name == "sqlite":
        tokens = [token, *(_to_token(gram) for gram in wanted)]
        nodes = session.scalars(
            _ON_SQLITE, asked | {"tokens": " AND ".join(f'"{each}"' for each in tokens)}
        ).all()
    else:
        nodes = _look_up_in_time(session, asked | {"tokens": [token, *wanted]})
    return Candidates(nodes, nodes[-1].id if len(nodes) == limit else block << BLOCK_BITS)


def _look_up_in_time(session: Session, asked: dict[str, Any]) -> Sequence[Node]:
    session.execute(_LIMIT, {"milliseconds": str(int(LONGEST * 1000))})
    try:
        nodes = session.scalars(_ON_POSTGRESQL, asked).all()
    except DBAPIError as error:
        if not error.connection_invalidated:
            session.execute(_NO_LIMIT)
        if getattr(error.orig, "sqlstate", None) != _CANCELED:
            raise
        raise TookTooLong from error
    session.execute(_NO_LIMIT)
    return nodes


def _grams_of(words: Iterable[str]) -> list[str]:
    """Return the grams to search for: pairs of each word in turn, or the letter of a one-letter word."""
    each = ([word[at : at + 2] for at in range(max(1, len(word) - 1))] for word in words)
    in_turn = chain.from_iterable(zip_longest(*each))
    return list(dict.fromkeys(gram for gram in in_turn if gram))[:_GRAMS]


def _to_token(gram: str) -> str:
    return gram.encode().hex()
