"""The activity job: deletes events that are too old, with their notices.

Rule: nothing waits for it, and requests never ask for it.
"""

from __future__ import annotations

from datetime import timedelta

from cabinet.jobs.registry import Job, RunOptions
from cabinet.services.activity.expiry import delete_old, has_old
from cabinet.web.runtime import runtime, setting
from cabinet.web.services import database

EVERY = 60.0 * 60


def delete(_options: RunOptions) -> int:
    """Delete all old events, and return their number."""
    return delete_old(database(), runtime().clock() - _keep())


def _keep() -> timedelta:
    return timedelta(days=setting("ACTIVITY_KEEP_DAYS"))


def _every() -> float:
    return EVERY


def _has_work() -> bool:
    return has_old(database(), runtime().clock() - _keep())


JOB = Job(
    name="activity",
    description="removes records of what happened in shares and team spaces long ago",
    run=delete,
    every=_every,
    has_work=_has_work,
)
