"""`flask jobs`: the list of jobs, and manual runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from cabinet.jobs import JOBS, job_threads_of
from cabinet.jobs.runner import LEADER, lock_of, try_hold
from cabinet.services.maintenance.sweep import Housekeeping
from cabinet.storage.local.locks import FOLDER
from tests.support.jobs import last_runs
from tests.support.operators import Operator, run_flask

pytestmark = pytest.mark.database

NAMES = ["sweep", "removal", "recovery", "thumbnails", "activity", "locks"]


@pytest.fixture
def operator(app: Flask) -> Operator:
    return Operator(app)


def states(operator: Operator) -> dict[str, str]:
    return {line["name"]: line["state"] for line in operator.document("jobs", "list")["jobs"]}


def test_the_list_shows_last_run_duration_and_state(operator: Operator) -> None:
    never = operator.document("jobs", "list")["jobs"]
    assert [line["name"] for line in never] == NAMES
    assert {line["state"] for line in never} == {"never"}

    operator.run("jobs", "run", "sweep")

    (swept,) = (line for line in operator.document("jobs", "list")["jobs"] if line["name"] == "sweep")
    assert (swept["state"], swept["error"]) == ("done", None)
    assert swept["last_run_at"].endswith("Z")
    assert swept["took_seconds"] >= 0
    head, first, *_ = operator.run("jobs", "list").stdout.splitlines()
    assert head.split() == ["NAME", "LAST", "RUN", "TOOK", "STATE"]
    assert first.split()[0] == "sweep"
    assert first.split()[-1] == "done"


@pytest.mark.parametrize("name", NAMES)
def test_each_job_can_be_run_manually(operator: Operator, name: str) -> None:
    told = operator.document("jobs", "run", name)

    assert (told["name"], told["state"], told["error"]) == (name, "done", None)
    assert states(operator)[name] == "done"


def test_a_failed_job_shows_its_error_and_the_server_stays_ready(
    app: Flask, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Housekeeping) -> None:
        raise OSError("no such \x1b[31mdisk")

    monkeypatch.setattr(Housekeeping, "sweep", fail)

    told = operator.run("jobs", "run", "sweep", code=1)

    assert told.stderr == "Error: The job “sweep” failed: OSError: no such \\x1b[31mdisk\n"
    assert states(operator)["sweep"] == "failed"
    assert "failed: OSError: no such \\x1b[31mdisk" in operator.run("jobs", "list").stdout
    ready = app.test_client().get("/readyz")
    assert (ready.status_code, ready.get_json()) == (200, {"status": "ok"})


def test_a_running_job_differs_from_an_interrupted_one(
    app: Flask, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_: Housekeeping) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Housekeeping, "sweep", die)
    operator.run("jobs", "run", "sweep", code=1)
    assert states(operator)["sweep"] == "interrupted"

    with try_hold(job_threads_of(app).locker, lock_of(JOBS[0])):
        assert states(operator)["sweep"] == "running"
        refused = operator.run("jobs", "run", "sweep", code=1)

    assert refused.stderr == "Error: The job “sweep” is already running.\n"


def test_an_unknown_job_lists_the_known_ones(operator: Operator) -> None:
    told = operator.run("jobs", "run", "swep", code=2)

    assert "sweep, removal, recovery, thumbnails" in told.stderr


def test_the_list_says_whether_a_process_runs_jobs(app: Flask, operator: Operator) -> None:
    alone = operator.run("jobs", "list")
    with try_hold(job_threads_of(app).locker, LEADER):
        led = operator.run("jobs", "list")

    assert alone.stderr == "No process is running the jobs.\n"
    assert led.stderr == ""


def test_a_manual_sweep_is_recorded_as_a_run(app: Flask, operator: Operator) -> None:
    operator.run("storage", "sweep", "--now")

    assert last_runs(app)["sweep"].error is None
    assert states(operator)["sweep"] == "done"


def test_a_command_starts_no_jobs(tmp_path: Path) -> None:
    told = run_flask(tmp_path, "users", "list", environment={"CABINET_SWEEP_EVERY_SECONDS": "1"})

    assert told.returncode == 0
    assert not (tmp_path / "instance" / FOLDER).exists(), "a lock was taken"
