"""Permanent deletion: of a live node, of items in the trash, or of the whole trash.

A small amount is deleted in one transaction. A larger one is hidden first, which is all that its owner
notices; once that is committed, the usage falls, and `removal.py` deletes the rows.

Rule: all is hidden or nothing, and what is hidden for good never becomes visible again.
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
from cabinet.models import BatchItem, BatchKind, BatchState, Node, Space, Verb
from cabinet.services.access.scope import Scope
from cabinet.services.activity.recording import deeds_of, record
from cabinet.services.changes.batch_runner import BatchRunner, Done
from cabinet.services.changes.batches import STEP, BatchRun, StepLog
from cabinet.services.changes.selections import get_trashed
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import writing
from cabinet.services.tree.removal import Removal, is_small, mark_hidden, measure, purge, trashed_between
from cabinet.services.tree.trash_marks import shows
from cabinet.services.tree.tree import Tree

_Found = TypeVar("_Found")


class Purging:
    """Permanent deletion in one scope."""

    def __init__(self, session: Session, clock: Clock, scope: Scope) -> None:
        self._session = session
        self._clock = clock
        self._scope = scope
        self._tree = Tree(session, scope)

    def purge_live(self, find: Callable[[], tuple[Node, tuple[str, ...]]]) -> None:
        """Delete a live node; `find` returns it with its path under the lock of the space, or raises."""
        with writing(self._session):
            self._tree.root(lock=True)
            node, _names = find()
            if is_small(self._session, [node.id]):
                record(self._session, self._scope, self._clock(), deeds_of(Verb.DELETED, [node]))
                self._tree.detach(node)
                purge(self._session, self._scope.space_id, [node.id])
                return

        def hide(run: BatchRun, _found: None) -> None:
            """Hide the node; if reverted, it returns to its place."""
            with run.step() as log:
                node, names = find()
                run.tell(self._scope, deeds_of(Verb.DELETED, [node]))
                # Two records: reverting them puts it into the trash first, and then back to its place.
                log.record_move(node, names)
                self._tree.trash(node, names, self._clock())
                _hide(log, [node])

        self._hide(lambda: None, hide)

    def purge_trashed(self, find: Callable[[], Sequence[int]]) -> None:
        """Delete trashed nodes; `find` returns their row ids, or raises."""
        with writing(self._session):
            self._tree.root(lock=True)
            node_ids = find()
            if is_small(self._session, node_ids):
                purge(self._session, self._scope.space_id, node_ids)
                return
        self.purge_all(find, len(node_ids))

    def purge_all(self, find: Callable[[], Sequence[int]], count: int) -> Done:
        """Delete `count` trashed nodes as `purge_trashed` does, where there may be very many."""

        def hide(run: BatchRun, node_ids: Sequence[int]) -> None:
            if len(node_ids) < count:
                raise NotFound
            for some in run.steps_of(node_ids):
                with run.step() as log:
                    _hide(log, get_trashed(self._session, self._scope.space_id, some))

        return self._hide(find, hide, count)

    def empty(self, up_to: datetime | None = None) -> int:
        """Delete everything in the trash, or all that was trashed up to a time; return how many items."""
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
            # Not the current time: the clock may have been set back since.
            newest = found.with_only_columns(Node.trashed_at).order_by(Node.trashed_at.desc()).limit(1)
            before, space.trash_hidden_to = space.trash_hidden_to, self._session.scalar(newest)
            hidden = trashed_between(self._scope.space_id, before, space.trash_hidden_to)
            mark_hidden(self._session)
        count = self._session.scalar(select(func.count()).select_from(hidden.subquery())) or 0
        # It is committed; if settling fails now, removal does it later.
        with suppress(CabinetError, DBAPIError):
            Removal(self._session).release_hidden(self._scope.space_id)
        return count

    def _hide(
        self, find: Callable[[], _Found], hide: Callable[[BatchRun, _Found], None], count: int = 0
    ) -> Done:
        """Hide the result of `find`, and commit to its removal."""

        def act(run: BatchRun, found: _Found) -> None:
            hide(run, found)
            # Hidden rows do not change, so they are measured while others write.
            run.freed = measure(self._session, select(BatchItem.node_id).where(BatchItem.batch_id == run.id))

        runner = BatchRunner(self._session, self._clock, self._scope)
        done = runner.run(BatchKind.PURGE, find, act, count, BatchState.COMMITTED)
        mark_hidden(self._session)
        return done


def _hide(log: StepLog, nodes: Sequence[Node]) -> None:
    """Hide trashed nodes, in a step of a batch."""
    for node in nodes:
        log.record_move(node, ())
        node.trash_id = None
