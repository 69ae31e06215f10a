"""The recovery of changes that a process left half done: taken back, or forgotten once they cannot be undone.

Rule: found by a look, for whoever left them can tell nobody.
"""

from __future__ import annotations

from cabinet.jobs.registry import Call, Job
from cabinet.web.services import housekeeping

EVERY = 60.0


def recover(_call: Call) -> int:
    """Settle all of them, and tell how many they were."""
    return housekeeping().recover()


def _every() -> float:
    return EVERY


def _has_work() -> bool:
    return housekeeping().has_left_behind()


JOB = Job(
    name="recovery",
    meaning="takes back what a process left half done, and forgets what cannot be undone any more",
    run=recover,
    every=_every,
    has_work=_has_work,
)
