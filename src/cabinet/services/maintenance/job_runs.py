"""What is known of each job: its last run, how that ended, and whether somebody asks for another.

Rule: a row is a note. Where it cannot be written, the job runs all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import StorageFault, StorageFull, Unavailable
from cabinet.models import Job
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import publishing

# Characters of an error that are kept; the log has all of it.
LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class JobRun:
    """The last run of a job; without `took_seconds` it has not ended, or its process has."""

    started_at: datetime | None = None
    took_seconds: float | None = None
    error: str | None = None
    wanted_at: datetime | None = None


class JobRuns:
    """Reads and writes what is known of jobs."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def last(self) -> Mapping[str, JobRun]:
        """Return the last run of every job that ever ran or was asked for, by the job's name."""
        runs = {
            row.name: JobRun(row.started_at, row.took_seconds, row.error, row.wanted_at)
            for row in self._session.scalars(select(Job))
        }
        self._session.rollback()
        return runs

    def ask(self, name: str) -> None:
        """Ask for a run soon, by whichever process runs jobs; it begins after this."""
        row = self._session.get(Job, name)
        is_asked = row is not None and row.wanted_at is not None
        self._session.rollback()
        if not is_asked:
            self._write(name, wanted_at=self._clock())

    def begin(self, name: str, *, urgent: bool = False) -> None:
        """Note that a run begins; if `urgent`, one that does what was asked for so far."""
        asked: dict[str, None] = {"wanted_at": None} if urgent else {}
        self._write(name, started_at=self._clock(), took_seconds=None, error=None, **asked)

    def end(self, name: str, took_seconds: float, error: Exception | None = None) -> None:
        """Note that the run ended, and why if it failed."""
        self._write(name, took_seconds=took_seconds, error=None if error is None else to_line(error))

    def note(
        self, name: str, started_at: datetime, took_seconds: float, error: Exception | None = None
    ) -> None:
        """Note a run that nobody noted when it began; what was asked for stays asked for."""
        self._write(
            name,
            started_at=started_at,
            took_seconds=took_seconds,
            error=None if error is None else to_line(error),
        )

    def _write(self, name: str, **values: datetime | float | str | None) -> None:
        with suppress(StorageFull, StorageFault, Unavailable), publishing(self._session):
            row = self._session.get(Job, name)
            if row is None:
                row = Job(name=name)
                self._session.add(row)
            for column, value in values.items():
                setattr(row, column, value)


def to_line(error: Exception) -> str:
    """Return what an operator reads of an error: one line, which every database takes."""
    lines = f"{type(error).__name__}: {error}".encode("utf-8", "replace").decode().split("\n", 1)
    return lines[0].replace("\0", "")[:LONGEST_ERROR]
