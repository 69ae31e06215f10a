"""A change of many nodes in several transactions, each of which notes what it did.

Between two of them others write. Whoever fails in the middle takes back what was done; a process
that was killed leaves that to the next sweep, which knows it by a promise that it did not renew.

Rule: what a step changes and the note of it are one transaction; what is noted can be reverted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from cabinet.errors import NotFound, Unavailable
from cabinet.models import Base, Batch, BatchItem, BatchKind, BatchState, ItemRole, Node
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import Pace, execute_counted, publishing
from cabinet.services.kernel.ids import new_id
from cabinet.services.tree.names import join_path
from cabinet.services.tree.reach import measuring
from cabinet.services.tree.removal import Measured
from cabinet.services.tree.roots import begun_in
from cabinet.services.tree.space_lock import lock_spaces
from cabinet.services.tree.trash_marks import shows
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import use

# Nodes that one transaction changes at most.
STEP = 200

# How long what was done to many can be undone.
KEEP = timedelta(hours=24)

# A step takes far less, and waits for those before it at most half of it.
ALIVE = timedelta(seconds=60)

_T = TypeVar("_T")

# Past the mapper: 200 rows at once.
_INSERT_ITEMS = insert(Base.metadata.tables["batch_item"])


class StepLog:
    """What one step does to its nodes, in order."""

    def __init__(self, batch_id: str, position: int) -> None:
        self._batch_id = batch_id
        self._start = position
        self._rows: list[dict[str, Any]] = []
        self._open: dict[int, tuple[dict[str, Any], Node]] = {}

    @property
    def position(self) -> int:
        """The number that the next note gets."""
        return self._start + len(self._rows)

    def relocating(self, node: Node, path: tuple[str, ...]) -> None:
        """Note a node as it is, which is about to get another place; live ones are at `path`."""
        self._close(node.id)
        before = {
            "parent_id": node.parent_id,
            "path": node.trashed_from or join_path(path),
            "trash_id": node.trash_id,
            "trashed_at": node.trashed_at,
        }
        self._note(node, ItemRole.RELOCATED, before)

    def made(self, node: Node, role: ItemRole, path: tuple[str, ...]) -> None:
        """Note a node that was not there before."""
        nowhere = {"parent_id": None, "path": join_path(path), "trash_id": None, "trashed_at": None}
        self._note(node, role, nowhere)

    def _note(self, node: Node, role: ItemRole, before: dict[str, Any]) -> None:
        row = {"batch_id": self._batch_id, "position": self.position, "node_id": node.id, "role": role}
        self._rows.append(row | before | {"new_trash_id": None})
        self._open[node.id] = (self._rows[-1], node)

    def _close(self, node_id: int) -> None:
        """Complete the note of a node, which is where this note says that it went."""
        if node_id in self._open:
            row, node = self._open.pop(node_id)
            row["new_trash_id"] = node.trash_id

    def write(self, session: Session) -> None:
        """Write the notes."""
        for node_id in list(self._open):
            self._close(node_id)
        if self._rows:
            session.execute(_INSERT_ITEMS, self._rows)


class BatchRun:
    """A batch under way, in the process that does it; `beside` are other spaces that it reads or changes."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        scope: Scope,
        kind: BatchKind,
        undoes: str | None = None,
        beside: Collection[int] = (),
    ) -> None:
        self.id = new_id()
        self._spaces = {scope.space_id, *beside}
        self._session = session
        self._clock = clock
        self._scope = scope
        self._tree = Tree(session, scope)
        self._kind = kind
        self._undoes = undoes
        self._position = 0
        self._is_begun = False
        self.is_over = False
        # The seconds of its last step.
        self.took = 0.0
        # What the usage of its space loses when it is committed.
        self.freed = Measured()

    @contextmanager
    def step(self, *, is_last: bool = False) -> Iterator[StepLog]:
        """Run the body as one transaction of the batch, under the locks of its space and those beside it.

        With `is_last` the batch is done when that has committed. Raises `Unavailable` when this batch has
        been taken back, for its process seemed dead.
        """
        log = StepLog(self.id, self._position)
        with publishing(self._session):
            begun = time.monotonic()
            lock_spaces(self._session, self._spaces)
            self._renew(self._tree.root(lock=True))
            yield log
            self._session.flush()
            log.write(self._session)
            if is_last:
                self._end(BatchState.DONE, log.position)
        self._is_begun, self._position, self.is_over = True, log.position, is_last
        self.took = time.monotonic() - begun

    def take_step(self, act: Callable[[StepLog], _T], *, is_last: bool = False) -> _T:
        """Run `act`, which looks up how far folders reach, as a `step`: again once more is known of that."""

        def transact() -> _T:
            with self.step(is_last=is_last) as log:
                return act(log)

        return measuring(self._session, transact)

    def steps_of(self, node_ids: Sequence[int]) -> Iterator[Sequence[int]]:
        """Yield ids for one step after the other, as many as a step has time for."""
        pace, start = Pace(STEP), 0
        while start < len(node_ids):
            some = node_ids[start : start + pace.size]
            start += len(some)
            yield some
            pace.adjust(self.took)

    def _renew(self, root: Node) -> None:
        """Promise to be alive for a while longer."""
        alive_until = self._clock() + ALIVE
        if self._is_begun:
            set_state(
                self._session, self.id, {BatchState.RUNNING}, BatchState.RUNNING, expires_at=alive_until
            )
            return
        if self._undoes is not None:
            # So that nobody else undoes it; it is not to grow too old on the way.
            ends = self._clock() + KEEP
            set_state(self._session, self._undoes, {BatchState.DONE}, BatchState.UNDOING, expires_at=ends)
        row = Batch(id=self.id, space_id=self._scope.space_id, kind=self._kind, state=BatchState.RUNNING)
        row.root_id, row.user_id = root.id, self._scope.actor.user_id
        row.length, row.undoes, row.expires_at = 0, self._undoes, alive_until
        self._session.add(row)
        self._session.flush()

    def enter(self, state: BatchState) -> None:
        """Let the batch be done, or committed to be."""
        with publishing(self._session):
            lock_spaces(self._session, [self._scope.space_id])
            if not self._is_begun:
                # There was nothing to do.
                self._renew(self._tree.root())
            self._end(state, self._position)

    def _end(self, state: BatchState, length: int) -> None:
        ends = self._clock() + (KEEP if state is BatchState.DONE else ALIVE)
        changed = {"length": length, "expires_at": ends}
        set_state(self._session, self.id, {BatchState.RUNNING}, state, **changed)
        use(self._session, self._scope, -self.freed.size, entries=-self.freed.entries)
        if self._undoes is not None and state is BatchState.DONE:
            # Neither is of use to anybody any more.
            used_up = update(Batch).where(Batch.id.in_([self.id, self._undoes]))
            execute_counted(self._session, used_up.values(state=BatchState.DONE, expires_at=self._clock()))


def set_state(
    session: Session, batch_id: str, before: Collection[BatchState], after: BatchState, **changed: Any
) -> None:
    """Change the state of a batch in the caller's transaction; raises `Unavailable` when another did."""
    wanted = update(Batch).where(Batch.id == batch_id, Batch.state.in_(before))
    if not execute_counted(session, wanted.values(state=after, **changed)):
        raise Unavailable


def spaces_of(session: Session, batch_id: str) -> Sequence[int]:
    """Return the spaces in which the nodes of a batch lie; a node never comes into another one."""
    wanted = select(Node.space_id).join(BatchItem, BatchItem.node_id == Node.id).distinct()
    return session.scalars(wanted.where(BatchItem.batch_id == batch_id)).all()


def check_undoable(
    session: Session, clock: Clock, scope: Scope, batch_id: str, kinds: Collection[BatchKind]
) -> int:
    """Return how many items a batch has that can be undone.

    Raises `NotFound` for one of another user or scope, one of another kind, and one that is undone or too old.
    """
    wanted = select(Batch.length).where(
        Batch.id == batch_id,
        *begun_in(Batch, scope),
        Batch.kind.in_(kinds),
        Batch.state == BatchState.DONE,
        Batch.expires_at > clock(),
    )
    length = session.scalar(wanted)
    if length is None:
        raise NotFound
    return length


def find_trashed_by(session: Session, scope: Scope, batch_id: str) -> Sequence[int]:
    """Return the row ids of what a batch moved to the trash and is there yet."""
    wanted = select(Node.id).join(BatchItem, BatchItem.node_id == Node.id)
    here = wanted.where(
        BatchItem.batch_id == batch_id, Node.trash_id == BatchItem.new_trash_id, shows(scope.space_id)
    )
    return session.scalars(here.order_by(BatchItem.position)).all()


def read_items(session: Session, batch_id: str, before: int) -> Sequence[BatchItem]:
    """Return the last items of a batch in front of a position, the last one first, each node once."""
    wanted = select(BatchItem).where(BatchItem.batch_id == batch_id, BatchItem.position < before)
    items: dict[int, BatchItem] = {}
    for item in session.scalars(wanted.order_by(BatchItem.position.desc()).limit(STEP)):
        if item.node_id in items:
            break
        items[item.node_id] = item
    return list(items.values())


def forget_items(session: Session, batch_id: str, positions: Sequence[int]) -> None:
    """Delete items in the caller's transaction."""
    gone = delete(BatchItem).where(BatchItem.batch_id == batch_id, BatchItem.position.in_(positions))
    session.execute(gone, execution_options={"synchronize_session": False})
