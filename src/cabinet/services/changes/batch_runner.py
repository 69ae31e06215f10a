"""Runs an operation on many nodes as a batch of transactions: all or nothing.

Rule: a batch that fails is reverted before the error is reported; if that fails as well, because the disk is
full, for example, a sweep reverts it later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError, SelectionChanged
from cabinet.models import BatchKind, BatchState
from cabinet.services.access.scope import Scope
from cabinet.services.changes.batches import BatchRun
from cabinet.services.changes.recovery import Recovery
from cabinet.services.changes.selections import SelectedNodeMissing
from cabinet.services.kernel.clock import Clock

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Done:
    """A completed batch: the number of its entries, and the id for undoing it."""

    batch_id: str
    count: int


class BatchRunner:
    """Runs the batches of one scope; they also read or change `other_space_ids`."""

    def __init__(
        self, session: Session, clock: Clock, scope: Scope, other_space_ids: Collection[int] = ()
    ) -> None:
        self._session = session
        self._clock = clock
        self._scope = scope
        self._other_space_ids = other_space_ids
        self._recovery = Recovery(session, clock)

    def run(
        self,
        kind: BatchKind,
        find: Callable[[], _Found],
        act: Callable[[BatchRun, _Found], None],
        count: int = 0,
        end: BatchState = BatchState.DONE,
        undoes: str | None = None,
    ) -> Done:
        """Run a batch: call `act` with the result of `find`, which raises if its target does not exist.

        If `act` raises `SelectedNodeMissing` but `find` then succeeds again, raises `SelectionChanged`.
        """
        self._recovery.recover(self._scope.space_id)
        self._recovery.make_room(self._scope.space_id, keep=undoes)
        found = find()
        run = BatchRun(self._session, self._clock, self._scope, kind, undoes, self._other_space_ids)
        try:
            act(run, found)
            if not run.is_over:
                run.enter(end)
        except SelectedNodeMissing as error:
            self._roll_back(run)
            find()
            # Another node has taken its place.
            raise SelectionChanged(count=count) from error
        except Exception:
            self._roll_back(run)
            raise
        return Done(run.id, count)

    def _roll_back(self, run: BatchRun) -> None:
        with suppress(CabinetError, DBAPIError):
            self._recovery.roll_back(run.id)
