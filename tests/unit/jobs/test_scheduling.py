"""Jobs: schedules, the leader, and isolation from each other and from requests.

Rule: time is a fake clock, and the leader's checks are called directly.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from cabinet.extensions import db
from cabinet.jobs import job_threads_of, sweep
from cabinet.jobs.registry import Job, RunOptions, run_job
from cabinet.jobs.runner import GRACE, PAUSE, RETRY, TICK, Runner, lock_of, start_thread, try_hold
from cabinet.services.kernel.database import writing
from cabinet.services.maintenance.job_runs import LONGEST_ERROR, JobRuns
from cabinet.storage.local.locks import FOLDER
from tests.conftest import MakeApp
from tests.support.jobs import JobClock, last_runs, leader_of, run_here
from tests.unit.jobs.conftest import EVERY

pytestmark = pytest.mark.database


def job(name: str, run: Callable[[RunOptions], object], **other: Any) -> Job[object]:
    return Job(name=name, description="is a test", run=run, **{"every": lambda: EVERY, **other})


def test_the_first_job_runs_after_the_grace_period(app: Flask, clock: JobClock, sweeps: list[float]) -> None:
    leader = leader_of(app)

    leader.tick()
    assert sweeps == []
    clock.advance(GRACE)
    leader.tick()
    leader.tick()

    assert sweeps == [clock.now]


def test_a_job_is_due_after_its_interval_under_any_leader(
    app: Flask, clock: JobClock, sweeps: list[float]
) -> None:
    leader = leader_of(app)
    clock.advance(GRACE)
    leader.tick()
    clock.advance(EVERY - 2 * GRACE)
    leader.tick()
    another = leader_of(app)
    clock.advance(GRACE)
    another.tick()
    assert len(sweeps) == 1

    clock.advance(GRACE)
    another.tick()

    assert len(sweeps) == 2


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_change_does_not_stop_jobs(
    app: Flask, clock: JobClock, sweeps: list[float], days: int
) -> None:
    leader = leader_of(app)
    clock.advance(GRACE)
    leader.tick()
    clock.advance(RETRY)
    leader.tick()
    assert len(sweeps) == 1
    clock.wall += timedelta(days=days)

    leader.tick()
    leader.tick()

    assert len(sweeps) == 2


def test_a_run_is_recorded_with_start_and_duration(app: Flask, clock: JobClock) -> None:
    leader = leader_of(app)
    clock.advance(GRACE)
    begun = clock.wall
    leader.tick()

    run = last_runs(app)["sweep"]
    assert (run.started_at, run.error, run.wanted_at) == (begun, None, None)
    assert run.took_seconds is not None


@pytest.mark.parametrize(
    "fault",
    [
        OSError("disk"),
        OperationalError("SELECT", {}, Exception("gone")),
        ZeroDivisionError("x" * 9000 + "\0\n"),
    ],
    ids=["disk", "database", "anything"],
)
def test_a_failed_job_is_recorded_and_retried_and_others_run(
    app: Flask, clock: JobClock, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    tried: list[float] = []
    others: list[float] = []

    def fail(_: RunOptions) -> None:
        tried.append(clock.now)
        raise fault

    leader = leader_of(app, [job("bad", fail), job("good", lambda _: others.append(clock.now))])
    clock.advance(GRACE)
    leader.tick()
    leader.tick()
    clock.advance(RETRY)
    leader.tick()

    assert (len(tried), len(others)) == (2, 1)
    noted = last_runs(app)["bad"].error or ""
    assert noted.startswith(f"{type(fault).__name__}: ")
    assert len(noted) <= LONGEST_ERROR
    assert "\0" not in noted
    assert "job bad failed" in caplog.text
    assert app.test_client().get("/readyz").get_json() == {"status": "ok"}


def test_a_hanging_job_delays_neither_other_jobs_nor_the_exit(app: Flask, clock: JobClock) -> None:
    began, may_end, others, stop = (threading.Event() for _ in range(4))
    hung = [0]

    def hang(_: RunOptions) -> None:
        hung[0] += 1
        began.set()
        assert may_end.wait(60)

    jobs = [job("hung", hang), job("other", lambda _: others.set())]
    leader = Runner(app, jobs, job_threads_of(app).locker, stop, start_thread)
    clock.advance(GRACE)
    leader.tick()
    assert others.wait(60)
    assert began.wait(60)
    clock.advance(10 * EVERY)
    leader.tick()
    stop.set()

    assert hung == [1]
    assert not leader.join(0)
    assert last_runs(app)["hung"].took_seconds is None
    may_end.set()
    assert leader.join(60)


def test_a_long_task_stops_between_transactions_when_its_process_stops(app: Flask, clock: JobClock) -> None:
    stop = threading.Event()
    steps: list[int] = []

    def go_on(_: RunOptions) -> None:
        while True:
            steps.append(len(steps))
            stop.set()
            with writing(db.session()):
                pass

    leader = Runner(app, [job("long", go_on)], job_threads_of(app).locker, stop, run_here)
    clock.advance(GRACE)
    leader.tick()

    assert steps == [0]
    run = last_runs(app)["long"]
    assert (run.took_seconds, run.error) == (None, None)
    another = leader_of(app, [job("long", lambda _: steps.append(1))])
    clock.advance(RETRY)
    another.tick()
    assert steps == [0, 1]


def test_a_job_never_runs_twice_concurrently(app: Flask, clock: JobClock, sweeps: list[float]) -> None:
    leader = leader_of(app)
    clock.advance(GRACE)
    with try_hold(job_threads_of(app).locker, lock_of(sweep.JOB)) as is_held:
        assert is_held
        leader.tick()
    assert sweeps == []
    clock.advance(RETRY)
    leader.tick()

    assert len(sweeps) == 1


def test_a_job_without_work_is_checked_again_later(app: Flask, clock: JobClock) -> None:
    looks: list[float] = []
    ran: list[float] = []

    def has_work() -> bool:
        looks.append(clock.now)
        if len(looks) == 1:
            raise ZeroDivisionError
        return len(looks) == 3

    leader = leader_of(app, [job("rare", lambda _: ran.append(clock.now), has_work=has_work)])
    clock.advance(GRACE)
    for _ in range(3):
        leader.tick()
        leader.tick()
        clock.advance(PAUSE)

    assert len(looks) == 3
    assert len(ran) == 1


def test_a_requested_job_runs_once_without_a_check_for_work(app: Flask, clock: JobClock) -> None:
    calls: list[bool] = []
    leader = leader_of(
        app, [job("asked", lambda options: calls.append(options.urgent), has_work=lambda: False)]
    )
    clock.advance(GRACE)
    leader.tick()
    assert calls == []
    with app.app_context():
        for _ in range(2):
            JobRuns(db.session(), clock).request("asked")

    leader.tick()
    leader.tick()

    assert calls == [True]


def test_a_run_by_the_operator_keeps_requests_for_the_leader(
    app: Flask, clock: JobClock, sweeps: list[float]
) -> None:
    with app.app_context():
        JobRuns(db.session(), clock).request("sweep")
    run_job(app, sweep.JOB, RunOptions())
    assert last_runs(app)["sweep"].wanted_at == clock.wall

    leader_of(app).tick()

    assert len(sweeps) == 2
    assert last_runs(app)["sweep"].wanted_at is None


def test_a_job_is_retried_when_no_thread_could_be_started(app: Flask, clock: JobClock) -> None:
    ran: list[float] = []
    threads: list[str] = []

    def start(name: str, work: Callable[[], None]) -> None:
        threads.append(name)
        if len(threads) == 1:
            raise RuntimeError("can't start new thread")
        work()

    jobs = [job("unlucky", lambda _: ran.append(clock.now))]
    leader = Runner(app, jobs, job_threads_of(app).locker, threading.Event(), start)
    for _ in range(2):
        clock.advance(RETRY)
        leader.tick()

    assert ran == [clock.now]


def test_jobs_run_although_the_database_cannot_be_written(app: Flask, clock: JobClock) -> None:
    ran: list[float] = []
    leader = leader_of(app, [job("reads", lambda _: ran.append(clock.now))])
    with app.app_context():
        engine = db.engine
        engine.dispose()
        read_only = {"sqlite": "PRAGMA query_only = ON", "postgresql": "SET TRANSACTION READ ONLY"}

        def deny(connection: Connection) -> None:
            connection.exec_driver_sql(read_only[engine.dialect.name])

        event.listen(engine, "begin", deny)
    clock.advance(GRACE)
    leader.tick()
    leader.tick()
    assert ran == [clock.now]
    clock.advance(RETRY)
    leader.tick()

    assert len(ran) == 2
    assert last_runs(app) == {}
    assert app.test_client().get("/healthz").status_code == 200


def test_an_unavailable_database_is_logged_once_and_retried(
    app: Flask,
    clock: JobClock,
    sweeps: list[float],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leader = leader_of(app)
    clock.advance(GRACE)
    with monkeypatch.context() as patch:
        patch.setattr(
            JobRuns, "last", lambda _: (_ for _ in ()).throw(OperationalError("", {}, Exception("away")))
        )
        for _ in range(5):
            leader.tick()
            clock.advance(TICK)
    assert caplog.text.count("cannot check jobs") == 1

    clock.advance(PAUSE)
    leader.tick()

    assert len(sweeps) == 1


def test_tests_start_no_jobs(make_app: MakeApp) -> None:
    # A test of the runner may have left one that is about to end.
    before = set(threading.enumerate())
    app = make_app(SWEEP_EVERY_SECONDS=1)
    assert app.test_client().get("/healthz").status_code == 200

    assert not (Path(app.instance_path) / FOLDER).exists(), "a lock was taken"
    assert "jobs" not in {thread.name for thread in set(threading.enumerate()) - before}
