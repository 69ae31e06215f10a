"""Jobs in real processes: one leader, inside the servers or in a separate process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cabinet.jobs.runner import LEADER
from cabinet.storage.local.locks import path_of
from tests.conftest import StartDevelopment, StartProduction
from tests.support.images import picture
from tests.support.operators import flask_command
from tests.support.people import Person
from tests.support.servers import Server
from tests.support.waiting import wait_until

pytestmark = pytest.mark.database

SWEEPS: dict[str, Any] = {"SWEEP_EVERY_SECONDS": 1}


def leaders_of(instance: Path) -> list[int]:
    """Return the processes that hold the lock of the leader."""
    try:
        inode = f":{path_of(instance, LEADER).stat().st_ino}"
    except FileNotFoundError:
        return []
    locks = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return [int(found[4]) for found in locks if found[1] == "FLOCK" and found[5].endswith(inode)]


def leader_of(server: Server) -> int:
    """Return the process that leads, once there is one."""
    instance = server.folder / "instance"
    (leader,) = wait_until(lambda: leaders_of(instance), what="a leader")
    return leader


def swept_at(server: Server) -> datetime | None:
    engine = sa.create_engine(server.database_url)
    try:
        with engine.connect() as connection:
            run = sa.text("SELECT started_at FROM job WHERE name = 'sweep' AND took_seconds IS NOT NULL")
            found: datetime | None = connection.scalar(run.columns(started_at=sa.DateTime(timezone=True)))
            return found
    finally:
        engine.dispose()


@contextmanager
def jobs_served(server: Server) -> Iterator[Server]:
    """Run `flask jobs serve` beside a server, with the server's settings."""
    served = Server(flask_command("jobs", "serve"), server.folder, server.environment)
    served.log = server.folder / "jobs.log"
    served.spawn()
    try:
        yield served
    finally:
        served.stop()


def test_one_of_two_workers_leads_without_requests_and_is_replaced_when_killed(
    start_production: StartProduction,
) -> None:
    server = start_production(SWEEPS, workers=2)
    first = leader_of(server)
    assert first in server.workers
    before = wait_until(lambda: swept_at(server), what="a sweep")

    os.kill(first, signal.SIGKILL)

    second = wait_until(lambda: [pid for pid in leaders_of(server.folder / "instance") if pid != first])
    assert len(second) == 1
    assert wait_until(lambda: (swept_at(server) or before) > before, what="a sweep of the next leader")
    server.send_signal(signal.SIGTERM)
    assert wait_until(lambda: server.exit_code is not None, what="the end of the server")
    assert server.exit_code == 0


def test_a_development_server_leads_after_its_first_request(start_development: StartDevelopment) -> None:
    server = start_development(SWEEPS)

    assert leader_of(server) == server.pid
    wait_until(lambda: swept_at(server), what="a sweep")


def test_a_separate_job_process_leads_and_makes_thumbnails(
    start_production: StartProduction,
) -> None:
    server = start_production({"JOBS": "apart", **SWEEPS})
    person = Person(server)
    person.store("a.png", picture("PNG", 400, 200))
    assert person.send("GET", "/thumbnails/a.png").status == 202
    assert leaders_of(server.folder / "instance") == []

    with jobs_served(server) as one, jobs_served(server) as other:
        first = leader_of(server)
        assert first in {one.pid, other.pid}
        wait_until(lambda: person.send("GET", "/thumbnails/a.png").status == 200, what="a thumbnail")
        wait_until(lambda: swept_at(server), what="a sweep")
        ending, staying = (one, other) if first == one.pid else (other, one)
        ending.send_signal(signal.SIGTERM)
        assert wait_until(lambda: ending.exit_code is not None, what="the end of the leader")
        assert ending.exit_code == 0
        assert leader_of(server) == staying.pid
    assert not path_of(server.folder / "instance", LEADER).exists()
    assert "Traceback" not in (server.folder / "jobs.log").read_text()
