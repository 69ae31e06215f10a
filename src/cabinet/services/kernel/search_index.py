"""What finds words among a million names: the second place with SQL of one database.

A name is indexed by its grams: each letter of it, and each pair of letters that follow each other
in a word. PostgreSQL keeps them in a GIN index over a function; on SQLite they are a full-text table
without the text, which triggers keep in step with the nodes. What an index finds is a candidate: the
name itself has the last word.

One more token tells the space and the block of ids that a node is in. A look-up asks for one block,
so it takes a bounded time, however many names have the same grams in another order, and a million
names of another space cost it nothing.

Rule: `grams`, `BLOCK_BITS` and the tokens never change without a migration that fills the index
anew, for what is indexed is removed by the same tokens. The migrations make the same index; a test
compares the two.
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

# 65,536 ids: a look-up for 24 grams that all of them have took 0.2 s on SQLite, and 16 for nothing
# among a million names a millisecond.
BLOCK_BITS = 16

# Grams that a look-up asks for at most; more tell hardly anything.
_GRAMS = 24

# Larger than any id.
END = 2**62

# Bytes of a page of the index on SQLite. Every 64 pages that are written it merges as many on each
# level, within one statement, and reads far more where deleting makes them void: with the 4050 that
# it takes by itself, one such statement took 0.35 s among a million deletions, and with 1000 0.04.
PAGE_SIZE = 1000

# Seconds that one look-up may take on PostgreSQL, whose disk may be cold or busy. On SQLite a block
# bounds it, which is read in this process.
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
    # The first of its names is from when each user had one tree: another would build the index anew.
    # The cost keeps the planner from computing grams of row after row where the index has them.
    f"""CREATE OR REPLACE FUNCTION grams(owner_id bigint, id bigint, search_key text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
    SELECT ('u' || owner_id || 'b' || (id >> {BLOCK_BITS})) || array_remove(letters, ' ')
    || ARRAY(SELECT one || next FROM unnest(letters, letters[2:]) AS pair(one, next)
    WHERE one <> ' ' AND next <> ' ')
    FROM (SELECT string_to_array(search_key, NULL)) AS name(letters) $$""",
    # Not in a list of pending entries first: every look-up would read it, and every 4 MiB of it some
    # transaction would have to put into the index, which takes it a second.
    "CREATE INDEX ix_node_search ON node USING gin (grams(space_id, id, search_key)) WITH (fastupdate = off)",
)
# What is left of it on PostgreSQL once its tables are dropped.
DROP_FUNCTION = "DROP FUNCTION IF EXISTS grams(bigint, bigint, text)"

for _dialect, _statements in (("sqlite", FOR_SQLITE), ("postgresql", FOR_POSTGRESQL)):
    for _statement in _statements:
        _ddl: DDL = DDL(_statement.replace("%", "%%"))  # type: ignore[no-untyped-call]  # of SQLAlchemy
        event.listen(Node.__table__, "after_create", _ddl.execute_if(dialect=_dialect))

# CROSS JOIN: the index is asked first, whatever SQLite thinks of it. It asks for no more than grams
# can tell: were the names compared here, one statement could look at all that only seem alike.
_ON_SQLITE = select(Node).from_statement(
    text(
        "SELECT node.* FROM node_search CROSS JOIN node ON node.id = node_search.rowid "
        "WHERE node_search MATCH :tokens AND node_search.rowid < :before AND node.space_id = :space_id "
        "ORDER BY node_search.rowid DESC LIMIT :limit"
    )
)
# MATERIALIZED: the planner is not tempted to walk the ids, whose order is wanted, without the index.
_ON_POSTGRESQL = select(Node).from_statement(
    text(
        "WITH hit AS MATERIALIZED (SELECT id FROM node "
        "WHERE grams(space_id, id, search_key) @> CAST(:tokens AS text[]) AND id < :before) "
        "SELECT node.* FROM node WHERE space_id = :space_id "
        "AND id IN (SELECT id FROM hit ORDER BY id DESC LIMIT :limit) ORDER BY id DESC"
    )
)


# For the rest of the transaction, so that it is taken back behind the look-up.
_LIMIT = text("SELECT set_config('statement_timeout', :milliseconds, true)")
_NO_LIMIT = text("SET LOCAL statement_timeout TO DEFAULT")


class TookTooLong(Exception):
    """A look-up has taken its time and was given up; the transaction is over."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Nodes, the newest first, and the id below which the rest is, or None where there is none."""

    nodes: Sequence[Node]
    rest: int | None


def register(connection: Any) -> None:
    """Teach a connection of the SQLite driver what the triggers call; without it they raise."""
    connection.create_function("grams", 1, grams, deterministic=True)


def grams(search_key: str) -> str:
    """Return the letters and pairs of letters of a name, in hex, as the full-text table has them."""
    found = chain.from_iterable(
        (word[at], word[at : at + 2]) for word in search_key.split(" ") for at in range(len(word))
    )
    return " ".join(_to_token(gram) for gram in dict.fromkeys(found))


def find_candidates(
    session: Session, space_id: int, words: Iterable[str], before: int, limit: int
) -> Candidates:
    """Return up to `limit` nodes of a space that may have all `words` in their names, with ids below `before`.

    They have the grams of the words, perhaps in another order. Whether they, or a folder above them,
    are in the trash is not looked at. One block is asked, so there may be none and still a rest.
    Raises `TookTooLong`.
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
        if getattr(error.orig, "sqlstate", None) != _CANCELED:
            raise
        session.rollback()
        raise TookTooLong from error
    session.execute(_NO_LIMIT)
    return nodes


def _grams_of(words: Iterable[str]) -> list[str]:
    """Return what a name has to have: the pairs of each word in turn, or its single letter."""
    each = ([word[at : at + 2] for at in range(max(1, len(word) - 1))] for word in words)
    in_turn = chain.from_iterable(zip_longest(*each))
    return list(dict.fromkeys(gram for gram in in_turn if gram))[:_GRAMS]


def _to_token(gram: str) -> str:
    return gram.encode().hex()
