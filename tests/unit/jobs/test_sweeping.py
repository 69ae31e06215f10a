"""The jobs that clean up: recovery, sweeps, and purges when space is short.

Rule: time is a fake clock, and the leader's checks are called directly.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from cabinet.jobs import sweep
from cabinet.jobs.runner import GRACE
from cabinet.services.changes import batches
from cabinet.services.changes.batches import BatchRun
from cabinet.services.kernel.clock import utc_now
from cabinet.services.maintenance.job_runs import JobRuns
from cabinet.services.maintenance.sweep import Housekeeping
from cabinet.storage.reserve import DiskSpace
from tests.conftest import MakeApp
from tests.support.jobs import JobClock, last_runs, leader_of
from tests.support.visitors import Program
from tests.unit.jobs.conftest import EVERY

pytestmark = pytest.mark.database


def blobs_in(app: Flask) -> list[str]:
    return [blob.key for blob in app.extensions["cabinet"].store.iter_blobs()]


def test_scheduled_sweeps_can_be_turned_off(make_app: MakeApp, clock: JobClock, sweeps: list[float]) -> None:
    app = make_app(SWEEP_EVERY_SECONDS=0, DISK_RESERVE=1 << 62)
    leader = leader_of(app)
    app.test_client().post("/login", data={"username": "nobody", "password": "wrong"})
    clock.advance(10 * EVERY)
    leader.tick()

    assert sweeps == []
    assert "sweep" not in last_runs(app)


def test_recovery_does_not_wait_for_the_next_sweep(
    app: Flask, clock: JobClock, sweeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    app.extensions["cabinet"].clock = utc_now
    alice = Program(app, "alice")
    alice.put("/files/a/f", b"content")
    with monkeypatch.context() as patch:
        patch.setattr(BatchRun, "enter", lambda _run, _state: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            alice.request("POST", "/trash", json={"folder": "a", "count": 1})
    leader = leader_of(app)
    clock.advance(GRACE)
    leader.tick()
    assert alice.paths() == ["a"]
    app.extensions["cabinet"].clock = lambda: utc_now() + batches.LEASE
    clock.advance(GRACE)

    leader.tick()

    assert len(sweeps) == 1
    assert alice.paths() == ["a", "a/f"]


def test_a_sweep_removes_expired_data(make_app: MakeApp, clock: JobClock) -> None:
    app = make_app(SWEEP_EVERY_SECONDS=int(EVERY), TRASH_KEEP_DAYS=0, SWEEP_GRACE_SECONDS=0)
    leader = leader_of(app)
    alice = Program(app, "alice")
    alice.put("/files/f", b"content")
    alice.delete("/files/f")
    assert blobs_in(app)
    clock.advance(GRACE)

    leader.tick()

    assert alice.get("/me").get_json()["usage"] == 0
    assert blobs_in(app) == []


def test_below_the_reserve_a_purge_frees_space_at_once_with_pauses_between_sweeps(
    make_app: MakeApp, clock: JobClock, sweeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = Program(make_app(), "alice")
    alice.put("/files/f", b"content")
    app = make_app(SWEEP_EVERY_SECONDS=int(EVERY), DISK_RESERVE=1 << 62)
    leader = leader_of(app)
    alice.client = app.test_client(use_cookies=False)
    alice.get("/files")
    leader.tick()
    assert sweeps == []
    took = 5.0
    run = Housekeeping.sweep

    def take_long(self: Housekeeping) -> object:
        clock.advance(took)
        return run(self)

    monkeypatch.setattr(Housekeeping, "sweep", take_long)

    alice.delete("/files/f")
    leader.tick()
    alice.delete("/trash")
    leader.tick()
    clock.advance(sweep.REST * took)
    assert len(sweeps) == 1
    leader.tick()
    leader.tick()

    assert len(sweeps) == 2
    assert blobs_in(app) == []


def test_for_an_hour_after_a_refused_upload_a_purge_frees_space_at_once(
    make_app: MakeApp, clock: JobClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cabinet.jobs import triggers

    app = make_app(SWEEP_EVERY_SECONDS=int(EVERY))
    leader = leader_of(app)
    alice = Program(app, "alice")
    alice.put("/files/f", b"content")
    too_much = {"CONTENT_LENGTH": str(1 << 39)}
    with pytest.MonkeyPatch.context() as small:
        small.setattr(DiskSpace, "_beyond_reserve", lambda room, folder: 1 << 38)
        assert alice.request("PUT", "/files/g", environ_overrides=too_much).status_code == 507

    def empty_trash() -> list[str]:
        alice.delete("/files/f")
        alice.delete("/trash")
        clock.advance(sweep.REST)
        leader.tick()
        return blobs_in(app)

    at_once = empty_trash()
    alice.put("/files/f", b"content")
    leader.tick()
    later = (Path(app.instance_path) / "refused.mark").stat().st_mtime + triggers.FULL_FOR
    monkeypatch.setattr("cabinet.jobs.triggers.time.time", lambda: later)

    assert at_once == []
    assert len(empty_trash()) == 1


def test_many_uploads_look_at_the_disk_once_a_second(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    now = 0.0

    def look() -> bool:
        looks.append(now)
        return True

    alice = Program(app, "alice")
    monkeypatch.setattr("cabinet.jobs.triggers.has_room", look)
    monkeypatch.setattr("cabinet.jobs.triggers.time.monotonic", lambda: now)
    for now in (100.0, 100.5, 101.0, 101.1):
        assert alice.put(f"/files/{now}", b"content").status_code == 201
    now = 101.2
    alice.delete("/files/100.0")

    assert looks == [100.0, 101.0, 101.2]


def test_a_request_succeeds_when_a_job_cannot_be_requested(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    alice = Program(app, "alice")
    monkeypatch.setattr("cabinet.jobs.triggers.has_room", lambda: False)
    monkeypatch.setattr(
        JobRuns, "request", lambda *_: (_ for _ in ()).throw(OperationalError("", {}, Exception("away")))
    )

    assert alice.put("/files/f", b"content").status_code == 201
    assert "cannot request a job" in caplog.text
