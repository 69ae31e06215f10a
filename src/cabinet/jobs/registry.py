"""The definition of a job, and how it is run and recorded.

Rule: a job is safe to run beside a server and concurrently with itself, and regularly checks whether
it should stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Generic, TypeVar

from flask import Flask

from cabinet.extensions import db
from cabinet.services.kernel.interruption import Interrupted, bind_stop
from cabinet.web.services import job_runs

T = TypeVar("T")


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The parameters of a run: `urgent` when it was requested, so that space is freed at once; `stop`."""

    urgent: bool = False
    stop: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[T]):
    """One kind of background work. All functions are called in the application context.

    `every` returns the seconds between two scheduled runs, 0 for a job that the runner never runs.
    `has_work` is a cheap check before a scheduled run. After a run the job pauses for `rest` times
    the duration of the run, even when it is requested.
    """

    name: str
    description: str
    run: Callable[[RunOptions], T]
    every: Callable[[], float]
    has_work: Callable[[], bool] = _always
    rest: float = 0


def run_job(app: Flask, job: Job[T], options: RunOptions) -> T:
    """Run a job in this thread, and record its start, duration and error.

    Returns what the job returns and raises what it raises. An interrupted run stays recorded as
    started.
    """
    with app.app_context():
        job_runs().record_start(job.name, urgent=options.urgent)
    began = time.monotonic()
    try:
        with app.app_context():
            bind_stop(db.session(), options.stop)
            done = job.run(options)
    except Interrupted:
        raise
    except Exception as error:
        _record_end(app, job, began, error)
        raise
    _record_end(app, job, began)
    return done


def _record_end(app: Flask, job: Job[T], began: float, error: Exception | None = None) -> None:
    with app.app_context():
        job_runs().record_end(job.name, time.monotonic() - began, error)
