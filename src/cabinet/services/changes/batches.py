"""A change of many nodes in several transactions, each of which logs what it did.

Other writers run between the transactions. If one fails, the process reverts those before it; if the process
was killed, the next sweep does, which recognizes the batch by an expired lease.

Rule: a step and its log are one transaction; everything that is logged can be reverted.
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
from cabinet.services.activity.recording import Deed, record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import BatchSizer, execute_counted, publishing
from cabinet.services.kernel.ids import new_id
from cabinet.services.tree.names import join_path
from cabinet.services.tree.reach import measuring
from cabinet.services.tree.removal import Measured
from cabinet.services.tree.roots import begun_in
from cabinet.services.tree.space_lock import lock_spaces
from cabinet.services.tree.trash_marks import shows
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import add_usage

# The maximum number of nodes that one transaction changes.
STEP = 200

# How long a batch can be undone.
KEEP = timedelta(hours=24)

# The lease of a running batch: a step takes far less, and waits at most half of it for the lock.
LEASE = timedelta(seconds=60)

_T = TypeVar("_T")

# Without the ORM mapper: 200 rows at once.
_INSERT_ITEMS = insert(Base.metadata.tables["batch_item"])


class StepLog:
    """Records what one step does to its nodes, in order."""

    def __init__(self, batch_id: str, position: int) -> None:
        self._batch_id = batch_id
        self._start = position
        self._rows: list[dict[str, Any]] = []
        self._open: dict[int, tuple[dict[str, Any], Node]] = {}

    @property
    def position(self) -> int:
        """The position of the next record."""
        return self._start + len(self._rows)

    def record_move(self, node: Node, path: tuple[str, ...]) -> None:
        """Record the state of a node before it is moved; a live one is at `path`."""
        self._close(node.id)
        before = {
            "parent_id": node.parent_id,
            "path": node.trashed_from or join_path(path),
            "trash_id": node.trash_id,
            "trashed_at": node.trashed_at,
        }
        self._record(node, ItemRole.RELOCATED, before)

    def record_created(self, node: Node, role: ItemRole, path: tuple[str, ...]) -> None:
        """Record a node that did not exist before."""
        nowhere = {"parent_id": None, "path": join_path(path), "trash_id": None, "trashed_at": None}
        self._record(node, role, nowhere)

    def _record(self, node: Node, role: ItemRole, before: dict[str, Any]) -> None:
        row = {"batch_id": self._batch_id, "position": self.position, "node_id": node.id, "role": role}
        self._rows.append(row | before | {"new_trash_id": None})
        self._open[node.id] = (self._rows[-1], node)

    def _close(self, node_id: int) -> None:
        """Complete the last record of a node with where it went."""
        if node_id in self._open:
            row, node = self._open.pop(node_id)
            row["new_trash_id"] = node.trash_id

    def write(self, session: Session) -> None:
        """Write the records."""
        for node_id in list(self._open):
            self._close(node_id)
        if self._rows:
            session.execute(_INSERT_ITEMS, self._rows)


class BatchRun:
    """A batch in progress, in its own process; `other_space_ids` are spaces that it also reads or changes."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        scope: Scope,
        kind: BatchKind,
        undoes: str | None = None,
        other_space_ids: Collection[int] = (),
    ) -> None:
        self.id = new_id()
        self._spaces = {scope.space_id, *other_space_ids}
        self._session = session
        self._clock = clock
        self._scope = scope
        self._tree = Tree(session, scope)
        self._kind = kind
        self._undoes = undoes
        self._position = 0
        self._is_begun = False
        self.is_over = False
        # The duration of its last step, in seconds.
        self.took = 0.0
        # Subtracted from the usage of its space when it is committed.
        self.freed = Measured()
        self._deeds: list[tuple[Scope, Sequence[Deed]]] = []

    @contextmanager
    def step(self, *, is_last: bool = False) -> Iterator[StepLog]:
        """Run the body as one transaction of the batch, under the locks of its space and the others.

        With `is_last` the commit also completes the batch. Raises `Unavailable` if this batch was reverted by
        another process because it seemed dead.
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

    def run_step(self, act: Callable[[StepLog], _T], *, is_last: bool = False) -> _T:
        """Run `act`, which looks up the reach of folders, as a `step`; retry it after measuring them."""

        def transact() -> _T:
            with self.step(is_last=is_last) as log:
                return act(log)

        return measuring(self._session, transact)

    def tell(self, scope: Scope, deeds: Sequence[Deed]) -> None:
        """Record what was done in a scope when the batch is committed: of one that is reverted, nothing is told."""
        self._deeds.append((scope, deeds))

    def steps_of(self, node_ids: Sequence[int]) -> Iterator[Sequence[int]]:
        """Yield ids in groups, as many per step as it has time for."""
        batch_sizer, start = BatchSizer(STEP), 0
        while start < len(node_ids):
            some = node_ids[start : start + batch_sizer.size]
            start += len(some)
            yield some
            batch_sizer.adjust(self.took)

    def _renew(self, root: Node) -> None:
        """Extend the lease."""
        alive_until = self._clock() + LEASE
        if self._is_begun:
            set_state(
                self._session, self.id, {BatchState.RUNNING}, BatchState.RUNNING, expires_at=alive_until
            )
            return
        if self._undoes is not None:
            # This prevents a second undo; and it must not expire on the way.
            ends = self._clock() + KEEP
            set_state(self._session, self._undoes, {BatchState.DONE}, BatchState.UNDOING, expires_at=ends)
        row = Batch(id=self.id, space_id=self._scope.space_id, kind=self._kind, state=BatchState.RUNNING)
        row.root_id, row.user_id, row.share_id = root.id, self._scope.actor.user_id, self._scope.share_id
        row.length, row.undoes, row.expires_at = 0, self._undoes, alive_until
        self._session.add(row)
        self._session.flush()

    def enter(self, state: BatchState) -> None:
        """Complete the batch, or commit it to be completed."""
        with publishing(self._session):
            lock_spaces(self._session, self._spaces)
            if not self._is_begun:
                # No step was needed.
                self._renew(self._tree.root())
            self._end(state, self._position)

    def _end(self, state: BatchState, length: int) -> None:
        ends = self._clock() + (KEEP if state is BatchState.DONE else LEASE)
        changed = {"length": length, "expires_at": ends}
        set_state(self._session, self.id, {BatchState.RUNNING}, state, **changed)
        add_usage(self._session, self._scope, -self.freed.size, entries=-self.freed.entries)
        for scope, deeds in self._deeds:
            record(self._session, scope, self._clock(), deeds)
        if self._undoes is not None and state is BatchState.DONE:
            # Neither can be undone any more.
            used_up = update(Batch).where(Batch.id.in_([self.id, self._undoes]))
            execute_counted(self._session, used_up.values(state=BatchState.DONE, expires_at=self._clock()))


def set_state(
    session: Session, batch_id: str, before: Collection[BatchState], after: BatchState, **changed: Any
) -> None:
    """Change the state of a batch in the caller's transaction; raises `Unavailable` if others did."""
    wanted = update(Batch).where(Batch.id == batch_id, Batch.state.in_(before))
    if not execute_counted(session, wanted.values(state=after, **changed)):
        raise Unavailable


def spaces_of(session: Session, batch_id: str) -> Sequence[int]:
    """Return the spaces that contain the nodes of a batch; a node never changes its space."""
    wanted = select(Node.space_id).join(BatchItem, BatchItem.node_id == Node.id).distinct()
    return session.scalars(wanted.where(BatchItem.batch_id == batch_id)).all()


def check_undoable(
    session: Session, clock: Clock, scope: Scope, batch_id: str, kinds: Collection[BatchKind]
) -> int:
    """Return the number of items of a batch that can be undone.

    Raises `NotFound` for a batch of another user, scope or kind, and for one that was undone or has expired.
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
    """Return the row ids of what a batch moved to the trash and is still there."""
    wanted = select(Node.id).join(BatchItem, BatchItem.node_id == Node.id)
    here = wanted.where(
        BatchItem.batch_id == batch_id, Node.trash_id == BatchItem.new_trash_id, shows(scope.space_id)
    )
    return session.scalars(here.order_by(BatchItem.position)).all()


def read_items(session: Session, batch_id: str, before: int) -> Sequence[BatchItem]:
    """Return the last items of a batch before a position, last first, at most one per node."""
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
