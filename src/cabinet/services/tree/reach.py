"""The exact length of the longest path below a folder, where the stored value may be too high.

It is needed under the lock of a space, while every other writer of SQLite waits. So a transaction examines
only a few nodes, however many folders it asks about. A folder with more nodes below it is measured outside of
the transaction, which then runs again; a measurement is valid as long as the tag of the folder shows that
nothing below it has changed.

Rule: a value used by a transaction is correct when it commits; its cost never depends on how much is below.
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

# Nodes examined by one transaction: some 20 ms.
MAX_EXAMINED = 5000

# Times that a folder is measured for one transaction; if it keeps changing, it is reported as busy.
_TRIES = 5

_KNOWN = "cabinet_reach"

_T = TypeVar("_T")


class Unmeasured(Exception):
    """A transaction needs the reach of some folders that have too many nodes below them to examine."""

    def __init__(self, folder_ids: Collection[int], without: frozenset[int]) -> None:
        super().__init__(folder_ids)
        self.folder_ids = folder_ids
        self.without = without


@dataclass(frozen=True, slots=True)
class _Measured:
    """The reach of a folder at a tag, in bytes and segments, not counting the nodes `without`."""

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
        """Begin to place folders, while the nodes `leaving` move away."""
        self.leaving = leaving
        # Collected before the first folder moves: it may move into the next one and change its tag.
        self.holding = {
            folder.id: (found.size, found.segments)
            for folder in folders
            if (found := self.measured.get(folder.id))
            and (found.tag, found.without) == (folder.tree_tag, leaving)
        }


def measuring(session: Session, transact: Callable[[], _T]) -> _T:
    """Run `transact`, a transaction that looks up reaches; repeat it after measuring what it lacks.

    Raises `Unavailable` if the tree changes faster than it can be measured.
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
    """Run `act` by `measuring`, as the body of `publishing`."""

    def transact() -> _T:
        with publishing(session):
            return act()

    return measuring(session, transact)


@contextmanager
def arriving(session: Session, nodes: Iterable[Node], leaving: Iterable[Node] = ()) -> Iterator[None]:
    """Place nodes in the body, in a transaction of `measuring`, while the nodes `leaving` move away.

    Reaches are computed without those. If one folder has to be measured, all are measured at once.
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
    """Set the exact reach of a folder, inside `arriving`; raises `Unmeasured`."""
    known: _Known = session.info[_KNOWN]
    found = known.holding.get(folder.id)
    if found is None:
        room = MAX_EXAMINED - known.looked_at
        count = count_below(session, [folder.id], room)
        known.looked_at += min(count, room)
        if count > room:
            raise Unmeasured([folder.id], known.leaving)
        found = session.execute(longest_below(folder.id, known.leaving)).one()
    folder.below_bytes, folder.below_segments = found


def _measure(session: Session, folder_id: int, without: frozenset[int]) -> _Measured:
    # The tag first: a later change changes it. No folder has a negative tag.
    tag = session.scalar(select(Node.tree_tag).where(Node.id == folder_id))
    size, segments = session.execute(longest_below(folder_id, without)).one()
    return _Measured(-1 if tag is None else tag, size or 0, segments or 0, without)
