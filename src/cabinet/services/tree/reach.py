"""How far the longest path below a folder reaches, where what is noted of that may be more than the truth.

It is asked for under the lock of a space, and every writer of SQLite waits meanwhile. So a transaction looks
at few nodes, however many folders it asks about. Of a folder with more below it is measured while others
write, and the transaction runs again: what was measured holds as long as the tag of the folder says that
nothing below it has changed.

Rule: what a transaction is told here is the truth when it commits; it never depends on how much is below.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import Unavailable
from cabinet.models import Kind, Node
from cabinet.services.kernel.database import publishing
from cabinet.services.tree.counting import count_below
from cabinet.services.tree.subtree import longest_below

# Nodes that one transaction looks at: some 20 ms.
LOOKED_AT = 5000

# Times that a folder is measured for one transaction: what is changed faster than that is busy.
_TRIES = 5

_KNOWN = "cabinet_reach"

_T = TypeVar("_T")


class Unmeasured(Exception):
    """A transaction has to know how far some folders reach, and may not look at all that is below them."""

    def __init__(self, folder_ids: Collection[int], without: frozenset[int]) -> None:
        super().__init__(folder_ids)
        self.folder_ids = folder_ids
        self.without = without


@dataclass(frozen=True, slots=True)
class _Measured:
    """How far a folder reached, in bytes and segments, when it had a tag; `without` what is elsewhere then."""

    tag: int
    size: int
    segments: int
    without: frozenset[int]


class _Known:
    """What the transactions of one `measuring` know."""

    def __init__(self) -> None:
        self.measured: dict[int, _Measured] = {}
        self.begin()

    def begin(self) -> None:
        """Begin a transaction."""
        self.looked_at = 0
        self.arrive([], frozenset())

    def arrive(self, folders: Iterable[Node], leaving: frozenset[int]) -> None:
        """Begin to place folders; some nodes are leaving where they lie."""
        self.leaving = leaving
        # Told before the first of them moves, which may lie in the next and change its tag.
        self.holding = {
            folder.id: (found.size, found.segments)
            for folder in folders
            if (found := self.measured.get(folder.id))
            and (found.tag, found.without) == (folder.tree_tag, leaving)
        }


def measuring(session: Session, transact: Callable[[], _T]) -> _T:
    """Run `transact`, a transaction that looks up reaches, again whenever it lacks what is to be measured.

    Raises `Unavailable` when that changes faster than it can be measured.
    """
    known = session.info[_KNOWN] = _Known()
    tries: Counter[int] = Counter()
    try:
        while True:
            known.begin()
            try:
                return transact()
            except Unmeasured as lack:
                tries.update(lack.folder_ids)
                if max(tries.values()) > _TRIES:
                    raise Unavailable from lack
                known.measured |= {
                    folder_id: _measure(session, folder_id, lack.without) for folder_id in lack.folder_ids
                }
    finally:
        del session.info[_KNOWN]


def publishing_measured(session: Session, act: Callable[[], _T]) -> _T:
    """Run `act` by `measuring` as `publishing` runs a body."""

    def transact() -> _T:
        with publishing(session):
            return act()

    return measuring(session, transact)


@contextmanager
def arriving(session: Session, nodes: Iterable[Node], leaving: Iterable[Node] = ()) -> Iterator[None]:
    """Let the body place nodes, in a transaction of `measuring`, of which some are leaving where they lie.

    How far a folder reaches is told as it is without those. What one of them lacks is measured of all.
    """
    known: _Known = session.info[_KNOWN]
    folders = [node for node in nodes if node.kind == Kind.FOLDER]
    known.arrive(folders, frozenset(node.id for node in leaving))
    try:
        yield
    except Unmeasured as lack:
        wanted = {folder.id for folder in folders if folder.id not in known.holding}
        raise Unmeasured(wanted.union(lack.folder_ids), lack.without) from None


def look_up_reach(session: Session, folder: Node) -> None:
    """Let a folder be noted to reach as far as it does, while it is `arriving`; raises `Unmeasured`."""
    known: _Known = session.info[_KNOWN]
    found = known.holding.get(folder.id)
    if found is None:
        room = LOOKED_AT - known.looked_at
        count = count_below(session, [folder.id], room)
        known.looked_at += min(count, room)
        if count > room:
            raise Unmeasured([folder.id], known.leaving)
        found = session.execute(longest_below(folder.id, known.leaving)).one()
    folder.below_bytes, folder.below_segments = found


def _measure(session: Session, folder_id: int, without: frozenset[int]) -> _Measured:
    # The tag first: what changes after that changes it. No folder has a negative one.
    tag = session.scalar(select(Node.tree_tag).where(Node.id == folder_id))
    size, segments = session.execute(longest_below(folder_id, without)).one()
    return _Measured(-1 if tag is None else tag, size or 0, segments or 0, without)
