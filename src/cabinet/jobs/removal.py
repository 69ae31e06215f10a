"""The removal of what was purged or deleted: hidden at once by a request, removed row by row here.

Rule: asked for by the request; what a process that died has forgotten to ask for is found by a look.
"""

from __future__ import annotations

from cabinet.jobs.registry import Call, Job
from cabinet.web.services import housekeeping

EVERY = 60.0


def remove(_call: Call) -> int:
    """Remove all of it, and tell how many files and folders that were."""
    return housekeeping().remove_hidden()


def _every() -> float:
    return EVERY


def _has_work() -> bool:
    return housekeeping().has_hidden()


JOB = Job(
    name="removal",
    meaning="removes the rows of what was purged, and of deleted accounts",
    run=remove,
    every=_every,
    has_work=_has_work,
)
