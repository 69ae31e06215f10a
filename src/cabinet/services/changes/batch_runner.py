"""What is done to many nodes in a batch of transactions: all of it, or nothing.

Rule: what fails in the middle is taken back before that is told; what cannot be taken back now, for
the disk is full, say, is taken back by a sweep.
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
from cabinet.services.changes.selections import Gone
from cabinet.services.kernel.clock import Clock

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Done:
    """A batch that is done: how many entries it was about, and the id by which it can be undone."""

    batch_id: str
    count: int


class BatchRunner:
    """Runs the batches of one scope, which read or change the spaces `beside` it as well."""

    def __init__(self, session: Session, clock: Clock, scope: Scope, beside: Collection[int] = ()) -> None:
        self._session = session
        self._clock = clock
        self._scope = scope
        self._beside = beside
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
        """Run a batch: `act` on what `find` returns, which raises when that is not there.

        When `act` raises `Gone`, and `find` finds all the same, raises `SelectionChanged`.
        """
        self._recovery.recover(self._scope.space_id)
        self._recovery.make_room(self._scope.space_id, keep=undoes)
        found = find()
        run = BatchRun(self._session, self._clock, self._scope, kind, undoes, self._beside)
        try:
            act(run, found)
            if not run.is_over:
                run.enter(end)
        except Gone as error:
            self._take_back(run)
            find()
            # Something else has arrived in its place.
            raise SelectionChanged(count=count) from error
        except Exception:
            self._take_back(run)
            raise
        return Done(run.id, count)

    def _take_back(self, run: BatchRun) -> None:
        with suppress(CabinetError, DBAPIError):
            self._recovery.take_back(run.id)
