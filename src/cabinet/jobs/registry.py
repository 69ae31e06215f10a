"""What a job is, and how one is run: noted before and after, whoever runs it.

Rule: a job is safe beside a running server and beside itself, and looks now and then whether it is
to stop.
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
class Call:
    """How a job is run: `urgent` where somebody asked for it and waits for what it frees."""

    urgent: bool = False
    stop: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[T]):
    """One kind of work beside the requests. All functions are called in the context of the application.

    `every` says how many seconds after its last run it comes again by itself, 0 that the runner never
    runs it; `has_work` is a cheap look whether there is anything to do then. After a run it rests for
    `rest` times as long as that took, whoever asks.
    """

    name: str
    meaning: str
    run: Callable[[Call], T]
    every: Callable[[], float]
    has_work: Callable[[], bool] = _always
    rest: float = 0


def perform(app: Flask, job: Job[T], call: Call) -> T:
    """Run a job in this thread, and note when that was, how long it took and why it failed.

    Returns what the job returns and raises what it raises. One that was interrupted stays noted as
    begun.
    """
    with app.app_context():
        job_runs().begin(job.name, urgent=call.urgent)
    began = time.monotonic()
    try:
        with app.app_context():
            bind_stop(db.session(), call.stop)
            done = job.run(call)
    except Interrupted:
        raise
    except Exception as error:
        _note_end(app, job, began, error)
        raise
    _note_end(app, job, began)
    return done


def _note_end(app: Flask, job: Job[T], began: float, error: Exception | None = None) -> None:
    with app.app_context():
        job_runs().end(job.name, time.monotonic() - began, error)
