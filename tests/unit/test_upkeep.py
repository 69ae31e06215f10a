"""The server tidies up beside its requests: now and then, one process of all, and never in their way.

Rule: the hours between two sweeps are a fake clock.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from cabinet.services.changes import batches
from cabinet.services.changes.batches import BatchRun
from cabinet.services.kernel.clock import utc_now
from cabinet.services.maintenance.sweep import Housekeeping
from cabinet.storage.reserve import Room
from cabinet.web import upkeep
from tests.conftest import MakeApp
from tests.support.visitors import Program

EVERY = 3600


class Clock:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(upkeep, "time", clock)
    return clock


@pytest.fixture
def sweeps(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return when sweeps were run, which really are run."""
    seen: list[float] = []
    sweep = Housekeeping.sweep

    def note(self: Housekeeping) -> object:
        seen.append(clock.now)
        return sweep(self)

    monkeypatch.setattr(Housekeeping, "sweep", note)
    return seen


def settle() -> None:
    for thread in threading.enumerate():
        if thread.name == "sweep":
            thread.join(60)
            assert not thread.is_alive()


def ask(app: Flask) -> None:
    assert app.test_client().get("/healthz").status_code == 200
    settle()


def mark_of(app: Flask, clock: Clock) -> None:
    """Let the file that says when the last sweep was tell the fake time."""
    os.utime(Path(app.instance_path) / "sweep.lock", (clock.now, clock.now))


def test_the_first_request_pays_nothing_and_one_later_starts_a_sweep(
    make_app: MakeApp, clock: Clock, sweeps: list[float]
) -> None:
    app = make_app(SWEEP_EVERY_SECONDS=EVERY)

    ask(app)
    assert sweeps == []
    clock.now += 60
    ask(app)
    assert sweeps == [clock.now]
    ask(app)
    assert len(sweeps) == 1


def test_a_sweep_comes_again_after_its_time(make_app: MakeApp, clock: Clock, sweeps: list[float]) -> None:
    app = make_app(SWEEP_EVERY_SECONDS=EVERY)
    clock.now += 60
    ask(app)
    mark_of(app, clock)

    clock.now += EVERY - 1
    ask(app)
    assert len(sweeps) == 1
    clock.now += 1
    ask(app)
    assert len(sweeps) == 2


def test_what_one_process_has_done_the_others_need_not(
    make_app: MakeApp, clock: Clock, sweeps: list[float]
) -> None:
    one, other = make_app(SWEEP_EVERY_SECONDS=EVERY), make_app(SWEEP_EVERY_SECONDS=EVERY)
    clock.now += 60
    ask(one)
    mark_of(one, clock)
    ask(other)

    assert len(sweeps) == 1


def test_what_a_killed_process_left_half_done_does_not_wait_for_the_next_sweep(
    make_app: MakeApp, clock: Clock, sweeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = make_app(SWEEP_EVERY_SECONDS=EVERY), make_app(SWEEP_EVERY_SECONDS=EVERY)
    alice = Program(one, "alice")
    alice.put("/files/a/f", b"content")
    with monkeypatch.context() as patch:
        patch.setattr(BatchRun, "enter", lambda _run, _state: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            alice.request("POST", "/trash", json={"folder": "a", "count": 1})
    clock.now += 60
    ask(one)
    mark_of(one, clock)
    assert alice.paths() == ["a"]
    other.extensions["cabinet"].clock = lambda: utc_now() + batches.ALIVE

    ask(other)

    assert len(sweeps) == 1
    assert alice.paths() == ["a", "a/f"]


def test_two_sweeps_never_run_at_once(make_app: MakeApp, clock: Clock, sweeps: list[float]) -> None:
    app = make_app(SWEEP_EVERY_SECONDS=EVERY)
    clock.now += 60
    with (Path(app.instance_path) / "sweep.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        ask(app)

    assert sweeps == []


def test_a_sweep_frees_what_its_time_has_come_for(make_app: MakeApp, clock: Clock) -> None:
    app = make_app(SWEEP_EVERY_SECONDS=EVERY, TRASH_KEEP_DAYS=0, SWEEP_GRACE_SECONDS=0)
    alice = Program(app, "alice")
    alice.put("/files/f", b"content")
    alice.delete("/files/f")
    assert list(app.extensions["cabinet"].store.iter_blobs())
    clock.now += 60

    ask(app)

    assert alice.get("/me").get_json()["usage"] == 0
    assert list(app.extensions["cabinet"].store.iter_blobs()) == []


@pytest.mark.parametrize(
    "fault", [OSError("disk"), OperationalError("SELECT", {}, Exception("gone"))], ids=["disk", "database"]
)
def test_a_sweep_that_fails_is_logged_and_tried_again(
    make_app: MakeApp,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Exception,
) -> None:
    def fail(_: Housekeeping) -> None:
        raise fault

    app = make_app(SWEEP_EVERY_SECONDS=EVERY)
    sweep = Housekeeping.sweep
    monkeypatch.setattr(Housekeeping, "sweep", fail)
    clock.now += 60
    ask(app)
    assert "the sweep failed" in caplog.text
    mark_of(app, clock)

    monkeypatch.setattr(Housekeeping, "sweep", sweep)
    clock.now += EVERY
    with caplog.at_level("INFO"):
        ask(app)
    assert "swept" in caplog.text


def empty_trash(alice: Program, clock: Clock) -> None:
    for path in ("/files/f", "/trash"):
        alice.delete(path)
        settle()
        clock.now += upkeep.FULL_EVERY


def blobs_in(app: Flask) -> list[str]:
    return [blob.key for blob in app.extensions["cabinet"].store.iter_blobs()]


def test_below_the_reserve_what_is_purged_makes_room_at_once(
    make_app: MakeApp, clock: Clock, sweeps: list[float]
) -> None:
    alice = Program(make_app(), "alice")
    alice.put("/files/f", b"content")
    app = make_app(SWEEP_EVERY_SECONDS=EVERY, DISK_RESERVE=1 << 62)
    alice.client = app.test_client(use_cookies=False)
    alice.get("/files")
    assert sweeps == []

    empty_trash(alice, clock)

    assert len(sweeps) == 2
    assert blobs_in(app) == []


def test_a_refused_upload_lets_what_is_purged_make_room_at_once_for_an_hour(
    make_app: MakeApp, clock: Clock
) -> None:
    app = make_app(SWEEP_EVERY_SECONDS=10 * EVERY)
    alice = Program(app, "alice")
    alice.put("/files/f", b"content")
    too_much = {"CONTENT_LENGTH": str(1 << 39)}
    with pytest.MonkeyPatch.context() as small:
        small.setattr(Room, "_left", lambda room, folder: 1 << 38)
        assert alice.request("PUT", "/files/g", environ_overrides=too_much).status_code == 507
        settle()
    os.utime(Path(app.instance_path) / "refused.mark", (clock.now, clock.now))
    clock.now += upkeep.FULL_EVERY
    empty_trash(alice, clock)
    at_once = blobs_in(app)
    alice.put("/files/f", b"content")
    settle()
    clock.now += upkeep.FULL_FOR
    empty_trash(alice, clock)

    assert at_once == []
    assert len(blobs_in(app)) == 1


def test_a_full_disk_is_swept_by_one_process_at_a_time_and_never_without_a_rest(
    make_app: MakeApp, clock: Clock, sweeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    delays: list[float] = []

    class Timer(threading.Timer):
        def __init__(self, delay: float, function: Callable[[], None]) -> None:
            delays.append(delay)
            super().__init__(0, function)

    monkeypatch.setattr(threading, "Timer", Timer)
    app = make_app(SWEEP_EVERY_SECONDS=EVERY, DISK_RESERVE=1 << 62)
    client = app.test_client()
    for _ in range(2):
        client.post("/login", data={"username": "nobody", "password": "wrong"})
        settle()

    assert delays == [0, upkeep.FULL_EVERY]
    assert len(sweeps) == 2


def test_a_server_may_be_told_never_to_sweep(make_app: MakeApp, clock: Clock, sweeps: list[float]) -> None:
    app = make_app(SWEEP_EVERY_SECONDS=0)
    clock.now += 10 * EVERY
    ask(app)

    assert sweeps == []
    assert not (Path(app.instance_path) / "sweep.lock").exists()
