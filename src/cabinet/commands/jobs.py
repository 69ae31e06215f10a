"""`flask jobs`: what runs beside the requests, when it did last, and how that ended.

Rule: a list changes nothing; a run by hand is noted as any other.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import click

from cabinet.commands._support import OperatorGroup, json_option, print_array, print_json
from cabinet.jobs import JOBS, beside_of
from cabinet.jobs.registry import Call, Job, perform
from cabinet.jobs.runner import LEADER, lock_of, try_hold
from cabinet.services.maintenance.job_runs import JobRun, to_line
from cabinet.serving import preparing
from cabinet.terminal.report import note, say
from cabinet.terminal.text import escape_controls
from cabinet.web.pages import to_rfc3339
from cabinet.web.runtime import application, runtime
from cabinet.web.services import job_runs

# Seconds that the end of `serve` waits for what runs; service managers wait for three times as long.
GRACE = 30.0

group = OperatorGroup("jobs", help="List and run what is done beside the requests, or serve it apart.")


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What is told of one job; `state` is never, running, interrupted, done or failed."""

    name: str
    meaning: str
    state: str
    last_run_at: datetime | None
    took_seconds: float | None
    error: str | None


@group.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the jobs: when each ran last, how long it took, and why it failed if it did."""
    statuses = list(_statuses())
    if as_json:
        print_array("jobs", map(asdict, statuses))
    else:
        width = max(len(status.name) for status in statuses)
        say(f"{'NAME':<{width}}  {'LAST RUN':<20}  {'TOOK':>8}  STATE")
        for status in statuses:
            last = "" if status.last_run_at is None else to_rfc3339(status.last_run_at.replace(microsecond=0))
            took = "" if status.took_seconds is None else f"{status.took_seconds:.1f} s"
            state = f"{status.state}: {status.error}" if status.error else status.state
            say(f"{status.name:<{width}}  {last:<20}  {took:>8}  {state}")
    if _is_free(LEADER):
        note("No process runs them now.")


@group.command("run")
@click.argument("name", metavar="NAME")
@json_option
def run(name: str, as_json: bool) -> None:
    """Run one job now, here, and wait for it; `list` tells their names."""
    job = next((each for each in JOBS if each.name == name), None)
    if job is None:
        names = ", ".join(each.name for each in JOBS)
        raise click.BadParameter(f"there is no job “{name}”; there are {names}.", param_hint="NAME")
    with try_hold(runtime().locker, lock_of(job)) as is_alone:
        if not is_alone:
            raise click.ClickException(f"The job “{name}” is running already.")
        try:
            perform(application(), job, Call())
        except Exception as error:
            raise click.ClickException(
                escape_controls(f"The job “{name}” failed: {to_line(error)}")
            ) from error
    if as_json:
        print_json(asdict(next(status for status in _statuses() if status.name == name)))
    else:
        say(f"“{name}” is done.")


@group.command("serve", prepare=False)
def serve() -> None:
    """Run the jobs in this process until it is ended, as a server with JOBS=apart needs it.

    Any number of such processes may run: one of them begins the jobs, the next one takes over when
    it ends, and all of them make thumbnails.
    """
    beside = beside_of(application())
    preparing.prepare(beside.app, to_serve=True)
    if beside.is_inside:
        note("JOBS is inside: a server on this instance runs them, too.")
    # As Ctrl-C: it ends the wait below, and a second one ends the wait for what runs.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        beside.start_apart()
        note("Running the jobs.")
        while True:
            signal.pause()
    except KeyboardInterrupt:
        beside.stop()
        if not beside.join(GRACE):
            note("A job did not end in time and is broken off.")


def _statuses() -> Iterator[JobStatus]:
    runs = job_runs().last()
    for job in JOBS:
        last = runs.get(job.name, JobRun())
        yield JobStatus(
            job.name, job.meaning, _state(job, last), last.started_at, last.took_seconds, last.error
        )


def _state(job: Job[Any], last: JobRun) -> str:
    if last.started_at is None:
        return "never"
    if last.took_seconds is None:
        return "interrupted" if _is_free(lock_of(job)) else "running"
    return "failed" if last.error else "done"


def _is_free(lock: str) -> bool:
    with try_hold(runtime().locker, lock) as is_free:
        return is_free
