"""The removal job: deletes the rows of purged nodes and deleted accounts, which requests only hide.

Rule: requests ask for a run; work of a process that died before asking is found by polling.
"""

from __future__ import annotations

from cabinet.jobs.registry import Job, RunOptions
from cabinet.web.services import housekeeping

EVERY = 60.0


def remove(_options: RunOptions) -> int:
    """Remove all hidden rows, and return the number of files and folders."""
    return housekeeping().remove_hidden()


def _every() -> float:
    return EVERY


def _has_work() -> bool:
    return housekeeping().has_hidden()


JOB = Job(
    name="removal",
    description="removes the rows of purged files and folders, and of deleted accounts",
    run=remove,
    every=_every,
    has_work=_has_work,
)
