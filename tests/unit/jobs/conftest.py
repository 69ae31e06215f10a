"""Fixtures for jobs: a fake clock, and a list of the sweeps."""

from __future__ import annotations

import pytest
from flask import Flask

from cabinet.jobs import runner
from cabinet.services.maintenance.sweep import Housekeeping
from tests.conftest import MakeApp
from tests.support.jobs import JobClock

EVERY = 3600.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> JobClock:
    clock = JobClock()
    monkeypatch.setattr(runner, "time", clock)
    return clock


@pytest.fixture
def app(make_app: MakeApp, clock: JobClock) -> Flask:
    app = make_app(SWEEP_EVERY_SECONDS=int(EVERY))
    app.extensions["cabinet"].clock = clock
    return app


@pytest.fixture
def sweeps(clock: JobClock, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list that records the time of each sweep; the sweeps do run."""
    seen: list[float] = []
    run = Housekeeping.sweep

    def note(self: Housekeeping) -> object:
        seen.append(clock.now)
        return run(self)

    monkeypatch.setattr(Housekeeping, "sweep", note)
    return seen
