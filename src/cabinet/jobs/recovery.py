"""The recovery job: rolls back changes that a killed process left incomplete, and removes expired undo data.

Rule: finds its work by polling, because a killed process cannot request it.
"""

from __future__ import annotations

from cabinet.jobs.registry import Job, RunOptions
from cabinet.web.services import housekeeping

EVERY = 60.0


def recover(_options: RunOptions) -> int:
    """Recover all incomplete changes, and return their number."""
    return housekeeping().recover()


def _every() -> float:
    return EVERY


def _has_work() -> bool:
    return housekeeping().needs_recovery()


JOB = Job(
    name="recovery",
    description="rolls back changes that a process left incomplete, and removes expired undo data",
    run=recover,
    every=_every,
    has_work=_has_work,
)
