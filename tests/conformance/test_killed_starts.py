"""Starts and upgrades killed at any system call: the next start completes them."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import MakeApp
from tests.support.database_under_test import without_tables
from tests.support.databases import (
    HEAD,
    REBUILD_USER,
    add_revision,
    at_revision,
    common,
    revision_of,
    rows_of,
)
from tests.support.faults import python
from tests.support.servers import server_environment
from tests.support.strace import Point, killed_at, points, read_log, traced

# Starts with other migrations than its own if given.
START_WITH = """
import sys
from pathlib import Path
from cabinet import create_app
from cabinet.serving import preparing
if len(sys.argv) > 1:
    preparing.find_migrations = lambda: Path(sys.argv[1])
create_app()
"""


class Start:
    """The start of a server on an instance folder, to be killed at any call that concerns that folder."""

    def __init__(self, instance: Path, log: Path, *arguments: str, database: str | None = None) -> None:
        self._instance = instance
        self._log = log
        self._command = python(START_WITH, *arguments)
        # Fixed, so that every run asks the kernel for the same things in the same order.
        settings = {"DATABASE_URL": database or without_tables(instance)}
        self._environment = {**server_environment(instance, settings), "PYTHONHASHSEED": "0"}

    def run(self) -> None:
        subprocess.run(self._command, env=self._environment, check=True, capture_output=True, timeout=100)

    def points(self, every: int) -> list[Point]:
        """Run to the end, and return one of `every` so many points at which that run could have died."""
        command = traced(self._command, self._log)
        subprocess.run(command, env=self._environment, check=True, capture_output=True, timeout=100)
        calls = points(read_log(self._log))
        return [point for call, point in calls.items() if str(self._instance) in call.arguments][::every]

    def kill(self, point: Point) -> None:
        command = killed_at(self._command, self._log, point)
        ended = subprocess.run(command, env=self._environment, check=False, capture_output=True, timeout=100)
        assert ended.returncode == -signal.SIGKILL, (point, ended)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_first_start_killed_anywhere_is_completed_by_the_next(tmp_path: Path) -> None:
    log = tmp_path / "calls"
    for number, point in enumerate(Start(tmp_path / "whole", log).points(every=20)):
        instance = tmp_path / str(number)
        database = without_tables(instance)
        start = Start(instance, log, database=database)
        start.kill(point)

        start.run()

        assert revision_of(database) == HEAD
        assert len((instance / "secret_key").read_text().strip()) >= 32


@pytest.mark.sqlite("its file")
@pytest.mark.long
@pytest.mark.timeout(1800)
def test_an_upgrade_killed_anywhere_is_completed_by_the_next_start(
    make_app: MakeApp, database: Path, migrations: Path, tmp_path: Path
) -> None:
    before = at_revision(make_app, database, HEAD)
    old = tmp_path / "old"
    shutil.copytree(database.parent, old)
    add_revision(migrations, REBUILD_USER)

    def again() -> Start:
        shutil.rmtree(database.parent)
        shutil.copytree(old, database.parent)
        return Start(database.parent, tmp_path / "calls", str(migrations))

    for point in again().points(every=4):
        start = again()
        start.kill(point)

        start.run()

        after = rows_of(database)
        assert revision_of(database) == "9998"
        assert common(after, before) == common(before, after)
