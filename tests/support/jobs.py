"""Manually driven jobs: a leader that checks when told to, and runs each job in the calling thread.

Rule: no time passes by itself, and no thread is started.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Flask

from cabinet.jobs import JOBS, job_threads_of
from cabinet.jobs.registry import Job
from cabinet.jobs.runner import Runner
from cabinet.services.maintenance.job_runs import JobRun
from cabinet.web.services import job_runs
from tests.support.services import START


class JobClock:
    """Replaces the module `time`, and the clock of an application."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.wall = START

    def monotonic(self) -> float:
        return self.now

    def __call__(self) -> datetime:
        return self.wall

    def advance(self, seconds: float) -> None:
        """Advance by this much."""
        self.now += seconds
        self.wall += timedelta(seconds=seconds)


def run_here(_name: str, work: Callable[[], None]) -> None:
    """Do the work at once, in this thread."""
    work()


def leader_of(app: Flask, jobs: Sequence[Job[Any]] = JOBS) -> Runner:
    """Return the job runner of a process that has just started to serve."""
    return Runner(app, jobs, job_threads_of(app).locker, threading.Event(), run_here)


def run_waiting_jobs(app: Flask) -> None:
    """Do what requests have asked for so far."""
    leader_of(app).tick()


def last_runs(app: Flask) -> dict[str, JobRun]:
    """Return the state of every job that ever ran."""
    with app.app_context():
        return dict(job_runs().last())
