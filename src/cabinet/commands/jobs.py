"""`flask jobs`: the background jobs and their last runs.

Rule: a list changes nothing; a manual run is recorded like any other.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import click

from cabinet.commands._support import OperatorGroup, json_option, print_array, print_json
from cabinet.jobs import JOBS, job_threads_of
from cabinet.jobs.registry import Job, RunOptions, run_job
from cabinet.jobs.runner import LEADER, lock_of, try_hold
from cabinet.services.maintenance.job_runs import JobRun, to_line
from cabinet.serving import preparing
from cabinet.terminal.report import note, say
from cabinet.terminal.text import escape_controls
from cabinet.web.pages import to_rfc3339
from cabinet.web.runtime import application, runtime
from cabinet.web.services import job_runs

# Seconds that `serve` waits for running jobs at its end; service managers wait three times as long.
GRACE = 30.0

group = OperatorGroup("jobs", help="List and run background jobs, or serve them in a separate process.")


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The status of a job; `state` is never, running, interrupted, done or failed."""

    name: str
    description: str
    state: str
    last_run_at: datetime | None
    took_seconds: float | None
    error: str | None


@group.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the jobs: the last run, its duration, and the error if it failed."""
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
        note("No process is running the jobs.")


@group.command("run")
@click.argument("name", metavar="NAME")
@json_option
def run(name: str, as_json: bool) -> None:
    """Run a job now in this process and wait for it; `list` shows the names."""
    job = next((each for each in JOBS if each.name == name), None)
    if job is None:
        names = ", ".join(each.name for each in JOBS)
        raise click.BadParameter(f"there is no job “{name}”; the jobs are {names}.", param_hint="NAME")
    with try_hold(runtime().locker, lock_of(job)) as is_alone:
        if not is_alone:
            raise click.ClickException(f"The job “{name}” is already running.")
        try:
            run_job(application(), job, RunOptions())
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
    """Run the jobs in this process until it is stopped, as JOBS=apart requires.

    Any number of such processes may run: one of them starts the jobs, another one takes over when it
    ends, and all of them create thumbnails.
    """
    job_threads = job_threads_of(application())
    preparing.prepare(job_threads.app, to_serve=True)
    if job_threads.is_inside:
        note("JOBS is inside: a server on this instance runs the jobs as well.")
    # Like Ctrl-C: it ends the wait below, and a second one ends the wait for running jobs.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        job_threads.start_apart()
        note("Running the jobs.")
        while True:
            signal.pause()
    except KeyboardInterrupt:
        job_threads.stop()
        if not job_threads.join(GRACE):
            note("A job did not end in time and is aborted.")


def _statuses() -> Iterator[JobStatus]:
    runs = job_runs().last()
    for job in JOBS:
        last = runs.get(job.name, JobRun())
        yield JobStatus(
            job.name, job.description, _state(job, last), last.started_at, last.took_seconds, last.error
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
