"""Records of jobs: the last run of each, its result, and whether another run was requested.

Rule: the rows are informational; a job runs even if its row cannot be written.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import StorageFault, StorageFull, Unavailable
from cabinet.models import JobRecord
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import publishing

# The maximum length of a stored error; the log has the full text.
LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class JobRun:
    """The last run of a job; without `took_seconds` it is running, or its process was killed."""

    started_at: datetime | None = None
    took_seconds: float | None = None
    error: str | None = None
    wanted_at: datetime | None = None


class JobRuns:
    """Reads and writes the records of jobs."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def last(self) -> Mapping[str, JobRun]:
        """Return the last run of every job that ever ran or was requested, by name."""
        runs = {
            row.name: JobRun(row.started_at, row.took_seconds, row.error, row.wanted_at)
            for row in self._session.scalars(select(JobRecord))
        }
        self._session.rollback()
        return runs

    def request(self, name: str) -> None:
        """Request a run soon, in the process that runs jobs; it starts after this call."""
        row = self._session.get(JobRecord, name)
        is_requested = row is not None and row.wanted_at is not None
        self._session.rollback()
        if not is_requested:
            self._write(name, wanted_at=self._clock())

    def record_start(self, name: str, *, urgent: bool = False) -> None:
        """Record the start of a run; an `urgent` one fulfills the requests made so far."""
        asked: dict[str, None] = {"wanted_at": None} if urgent else {}
        self._write(name, started_at=self._clock(), took_seconds=None, error=None, **asked)

    def record_end(self, name: str, took_seconds: float, error: Exception | None = None) -> None:
        """Record the end of a run, and its error if it failed."""
        self._write(name, took_seconds=took_seconds, error=None if error is None else to_line(error))

    def record(
        self, name: str, started_at: datetime, took_seconds: float, error: Exception | None = None
    ) -> None:
        """Record a finished run that had no `record_start`; requests stay open."""
        self._write(
            name,
            started_at=started_at,
            took_seconds=took_seconds,
            error=None if error is None else to_line(error),
        )

    def _write(self, name: str, **values: datetime | float | str | None) -> None:
        with suppress(StorageFull, StorageFault, Unavailable), publishing(self._session):
            row = self._session.get(JobRecord, name)
            if row is None:
                row = JobRecord(name=name)
                self._session.add(row)
            for column, value in values.items():
                setattr(row, column, value)


def to_line(error: Exception) -> str:
    """Return an error as one line of text that every database can store."""
    lines = f"{type(error).__name__}: {error}".encode("utf-8", "replace").decode().split("\n", 1)
    return lines[0].replace("\0", "")[:LONGEST_ERROR]
