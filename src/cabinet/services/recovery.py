"""What becomes of a batch that its process does not finish: somebody else takes it back.

One that was running is taken back. One that is done is forgotten when it can no longer be undone. A
purge that has hidden all it is about is finished by `removal.py`, for nothing of it is seen again.

Rule: a batch whose process may be alive is left alone; as little in a transaction as in the batch's own.
"""

from __future__ import annotations

import time
from contextlib import suppress

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError, Unavailable
from cabinet.models import Batch, BatchItem, BatchState
from cabinet.services.batches import ALIVE, STEP, StepLog, forget_items, read_items, set_state
from cabinet.services.clock import Clock
from cabinet.services.database import execute_counted, let_others_write, writing
from cabinet.services.publishing import publishing
from cabinet.services.reverting import Reverting
from cabinet.services.tree import Tree

_UNDECIDED = {BatchState.RUNNING, BatchState.REVERTING}
_END = 2**31 - 1


class Recovery:
    """Settles batches, of any user; safe beside a running server and beside itself."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def recover(self, owner_id: int | None = None) -> int:
        """Settle what is left behind, of one user or of all, and return how many batches that were."""
        old = select(Batch.id, Batch.state).where(
            Batch.expires_at <= self._clock(), Batch.state != BatchState.COMMITTED
        )
        if owner_id is not None:
            # Those that are done are in nobody's way.
            old = old.where(Batch.owner_id == owner_id, Batch.state != BatchState.DONE)
        settled = 0
        for batch_id, state in self._session.execute(old).all():
            # What cannot be settled now keeps nobody from settling the others.
            with suppress(CabinetError):
                if state in _UNDECIDED:
                    self._claim(batch_id)
                    self._revert(batch_id)
                else:
                    self._forget(batch_id)
                settled += 1
        self._session.rollback()
        return settled

    def take_back(self, batch_id: str) -> None:
        """Take back what a batch of this process has done so far; there may be nothing."""
        with publishing(self._session):
            alive_until = self._clock() + ALIVE
            with suppress(Unavailable):  # its first step has failed, or somebody else takes it back
                set_state(
                    self._session,
                    batch_id,
                    {BatchState.RUNNING},
                    BatchState.REVERTING,
                    expires_at=alive_until,
                )
        self._revert(batch_id)

    def _claim(self, batch_id: str) -> None:
        """Take over a batch; raises `Unavailable` when its process, or another sweep, is alive after all."""
        with writing(self._session):
            now = self._clock()
            stale = update(Batch).where(
                Batch.id == batch_id, Batch.state.in_(_UNDECIDED), Batch.expires_at <= now
            )
            changed = stale.values(state=BatchState.REVERTING, expires_at=now + ALIVE)
            if not execute_counted(self._session, changed):
                raise Unavailable

    def _revert(self, batch_id: str) -> None:
        is_left = True
        while is_left:
            begun = time.monotonic()
            with publishing(self._session):
                is_left = self._revert_some(batch_id)
            let_others_write(self._session, time.monotonic() - begun)

    def _revert_some(self, batch_id: str) -> bool:
        """Take back the last changes of a batch; tells whether there may be more."""
        batch = self._locked(batch_id, BatchState.REVERTING)
        if batch is None:
            return False
        items = read_items(self._session, batch_id, _END)
        if not items:
            if batch.undoes is not None:
                undone = update(Batch).where(Batch.id == batch.undoes, Batch.state == BatchState.UNDOING)
                execute_counted(self._session, undone.values(state=BatchState.DONE))
            self._session.delete(batch)
            return False
        positions = [item.position for item in items]
        unwritten = StepLog(batch_id, 0)
        tree = Tree(self._session, batch.owner_id)
        Reverting(self._session, tree, unwritten, self._clock(), batch.owner_id).take_back(items)
        forget_items(self._session, batch_id, positions)
        batch.expires_at = self._clock() + ALIVE
        return True

    def _forget(self, batch_id: str) -> None:
        """Forget a batch that can no longer be undone, a part of its items at a time."""
        is_left = True
        while is_left:
            begun = time.monotonic()
            with writing(self._session):
                items = select(BatchItem.position).where(BatchItem.batch_id == batch_id)
                positions = self._session.scalars(items.limit(5 * STEP)).all()
                forget_items(self._session, batch_id, positions)
                is_left = bool(positions)
                if not is_left:
                    self._session.execute(delete(Batch).where(Batch.id == batch_id))
            let_others_write(self._session, time.monotonic() - begun)

    def _locked(self, batch_id: str, state: BatchState) -> Batch | None:
        """Return a batch that is in a state, under the lock of its owner's root."""
        owner_id = self._session.scalar(select(Batch.owner_id).where(Batch.id == batch_id))
        if owner_id is None:
            return None
        Tree(self._session, owner_id).root(lock=True)
        return self._session.scalar(select(Batch).where(Batch.id == batch_id, Batch.state == state))
