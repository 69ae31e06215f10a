"""The locks job: removes the locks of WebDAV that have expired.

Rule: an expired lock binds nothing, so nothing waits for it.
"""

from __future__ import annotations

from cabinet.jobs.registry import Job, RunOptions
from cabinet.services.dav.locks import delete_expired, has_expired
from cabinet.web.runtime import runtime
from cabinet.web.services import database

EVERY = 60.0 * 60


def delete(_options: RunOptions) -> int:
    """Delete all expired locks, and return their number."""
    return delete_expired(database(), runtime().clock())


def _every() -> float:
    return EVERY


def _has_work() -> bool:
    return has_expired(database(), runtime().clock())


JOB = Job(
    name="locks",
    description="removes expired locks of WebDAV",
    run=delete,
    every=_every,
    has_work=_has_work,
)
