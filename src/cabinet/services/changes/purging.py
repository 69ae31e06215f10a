"""Removing for ever: something that is live, things in the trash, the whole trash.

What one transaction may remove goes at once. Of more, all is hidden first, which is all that its
owner sees of it; once that is decided their usage falls, and `removal.py` removes the rows.

Rule: all of it is hidden or nothing, and of what is hidden for good nothing is seen again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError, NotFound
from cabinet.models import BatchItem, BatchKind, BatchState, Node, Space
from cabinet.services.access.scope import Scope
from cabinet.services.changes.batch_runner import BatchRunner, Done
from cabinet.services.changes.batches import STEP, BatchRun, StepLog
from cabinet.services.changes.selections import get_trashed
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import writing
from cabinet.services.tree.removal import Removal, is_small, measure, note_hidden, purge, trashed_between
from cabinet.services.tree.trash_marks import shows
from cabinet.services.tree.tree import Tree

_Found = TypeVar("_Found")


class Purging:
    """What can be removed for ever."""

    def __init__(self, session: Session, clock: Clock, scope: Scope) -> None:
        self._session = session
        self._clock = clock
        self._scope = scope
        self._tree = Tree(session, scope)

    def purge_live(self, find: Callable[[], tuple[Node, tuple[str, ...]]]) -> None:
        """Remove the live node that `find` returns with its path, under the lock of the space, or raises."""
        with writing(self._session):
            self._tree.root(lock=True)
            node, _names = find()
            if is_small(self._session, [node.id]):
                self._tree.take(node)
                purge(self._session, self._scope.space_id, [node.id])
                return

        def hide(run: BatchRun, _found: None) -> None:
            """Hide the node; taken back, it lies where it was."""
            with run.step() as log:
                node, names = find()
                # Two notes: taken back it is in the trash, and then where it was.
                log.relocating(node, names)
                self._tree.trash(node, names, self._clock())
                _hide(log, [node])

        self._hide(lambda: None, hide)

    def purge_trashed(self, find: Callable[[], Sequence[int]]) -> None:
        """Remove what `find` returns the row ids of, which is in the trash, or raises."""
        with writing(self._session):
            self._tree.root(lock=True)
            node_ids = find()
            if is_small(self._session, node_ids):
                purge(self._session, self._scope.space_id, node_ids)
                return
        self.purge_all(find, len(node_ids))

    def purge_all(self, find: Callable[[], Sequence[int]], count: int) -> Done:
        """Remove `count` things in the trash as `purge_trashed` does, where those may be very many."""

        def hide(run: BatchRun, node_ids: Sequence[int]) -> None:
            if len(node_ids) < count:
                raise NotFound
            for some in run.steps_of(node_ids):
                with run.step() as log:
                    _hide(log, get_trashed(self._session, self._scope.space_id, some))

        return self._hide(find, hide, count)

    def empty(self, up_to: datetime | None = None) -> int:
        """Remove everything in the trash, or what came there up to a time; return how many things."""
        found = select(Node.id).where(shows(self._scope.space_id))
        if up_to is not None:
            found = found.where(Node.trashed_at <= up_to)
        with writing(self._session):
            self._tree.root(lock=True)
            node_ids = self._session.scalars(found.order_by(Node.trashed_at).limit(STEP + 1)).all()
            if is_small(self._session, node_ids):
                purge(self._session, self._scope.space_id, node_ids)
                return len(node_ids)
            space = self._session.get_one(Space, self._scope.space_id)
            # Not the clock's time, which may have been set back since.
            newest = found.with_only_columns(Node.trashed_at).order_by(Node.trashed_at.desc()).limit(1)
            before, space.trash_hidden_to = space.trash_hidden_to, self._session.scalar(newest)
            hidden = trashed_between(self._scope.space_id, before, space.trash_hidden_to)
            note_hidden(self._session)
        count = self._session.scalar(select(func.count()).select_from(hidden.subquery())) or 0
        # It is decided; what cannot be settled now is settled by whoever removes it.
        with suppress(CabinetError, DBAPIError):
            Removal(self._session).settle(self._scope.space_id)
        return count

    def _hide(
        self, find: Callable[[], _Found], hide: Callable[[BatchRun, _Found], None], count: int = 0
    ) -> Done:
        """Hide what `find` returns, and decide that it is removed."""

        def act(run: BatchRun, found: _Found) -> None:
            hide(run, found)
            # What is hidden does not change, so it is measured while others write.
            run.freed = measure(self._session, select(BatchItem.node_id).where(BatchItem.batch_id == run.id))

        runner = BatchRunner(self._session, self._clock, self._scope)
        done = runner.run(BatchKind.PURGE, find, act, count, BatchState.COMMITTED)
        note_hidden(self._session)
        return done


def _hide(log: StepLog, nodes: Sequence[Node]) -> None:
    """Hide nodes in the trash, in a step of a batch."""
    for node in nodes:
        log.relocating(node, ())
        node.trash_id = None
