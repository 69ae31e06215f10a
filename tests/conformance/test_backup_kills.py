"""A backup killed at each of its steps: the previous or the new one is complete.

One process forks for every step, and each child is killed by SIGKILL at that step. It is a separate process,
because forking a process with threads may deadlock.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cabinet.services.backups import backups
from cabinet.services.backups.backups import Backups
from cabinet.services.kernel.clock import utc_now
from cabinet.services.kernel.database import for_writing
from cabinet.services.maintenance.sweep import Housekeeping, Retention
from cabinet.storage.copying import CopyResult
from cabinet.storage.local.plain import PlainStore
from cabinet.storage.protocols import BlobStore
from tests.support.faults import python
from tests.support.services import Workbench, workbench

KEEP = Retention(trash=timedelta(0), unneeded=timedelta(0), staged=timedelta(0), ended=timedelta(0))

# All calls by which a backup changes the disk.
STEPS = ("open", "mkdir", "link", "replace", "unlink", "fsync", "fdatasync", "pwrite", "pwritev")


class ElsewhereStore(PlainStore):
    """A store whose blobs can only be copied, as from another filesystem."""

    def link_from(self, source: BlobStore, content_hashes: Any) -> list[str]:
        return []


def open_elsewhere(root: Path, *, make: bool) -> ElsewhereStore:
    store = ElsewhereStore(root)
    if make:
        store.make()
    return store


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("can_link", [True, False])
def test_a_kill_at_any_step_leaves_a_complete_backup(tmp_path: Path, can_link: bool, every: int) -> None:
    program = f"from {__name__} import kill; kill({str(tmp_path)!r}, {can_link}, {every})"
    ran = subprocess.run(python(program), capture_output=True, text=True, check=False, timeout=100)

    assert ran.returncode == 0, ran.stderr
    killed, before, after = map(int, ran.stdout.split())
    assert killed == before + after
    assert min(before, after) > 5 // every


def kill(place: str, can_link: bool, every: int) -> None:
    """Kill a backup at each step, or at some of them, from the first one to the last.

    Print how often a backup was killed, and after how many of these the old and the new one were there.
    """
    folder = Path(place)
    if not can_link:
        backups.backup_folder.open_folder = open_elsewhere  # type: ignore[attr-defined]
    with workbench(folder) as bench:
        with for_writing(bench.engine).begin() as connection:
            connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
            connection.execute(text("INSERT INTO alembic_version VALUES ('0')"))
        with bench.session() as session:
            user = bench.register(session)
            for name in "abc":
                bench.upload(session, user, name, name.encode())
            create(bench, folder / "before")
            bench.accounts(session).delete(user.username)
            Housekeeping(session, bench.store, bench.locker, bench.clock, KEEP).sweep()
            bench.clock.advance(days=1)
            Housekeeping(session, bench.store, bench.locker, bench.clock, KEEP).sweep()
            bench.upload(session, bench.register(session), "d", b"d")
        bench.engine.dispose()
        print(*outcomes(bench, folder, every))  # noqa: T201 - what the test reads


def create(bench: Workbench, root: Path) -> None:
    Backups(bench.engine, bench.store, bench.locker, root.parent, utc_now).create(
        root, "0", [], lambda taken: None
    )


def outcomes(bench: Workbench, folder: Path, every: int) -> tuple[int, int, int]:
    found = {3: 0, 1: 0}
    for step in count(1, every):
        root = folder / f"killed-{step}"
        shutil.copytree(folder / "before", root)
        if not is_killed(lambda root=root: create(bench, root), step):  # type: ignore[misc]
            return (step - 1) // every, found[3], found[1]
        manifest, lost = backups.verify(root, watch)
        assert lost == []
        found[manifest.counts.blobs] += 1
        check_renewed(bench, root)
        shutil.rmtree(root)
    raise AssertionError


def check_renewed(bench: Workbench, root: Path) -> None:
    """See that what a killed backup has left is no obstacle to the next one, and goes with it."""
    create(bench, root)
    bench.engine.dispose()
    manifest, lost = backups.verify(root, watch)
    assert (lost, manifest.counts.blobs) == ([], 1)
    assert len([path for path in root.rglob("*") if path.is_file()]) == 5


def watch(taken: CopyResult) -> None:
    assert taken.blob.size == 1


def is_killed(work: Callable[[], None], step: int) -> bool:
    """Run `work` in a child that is killed at the given step; return whether it got that far."""
    child = os.fork()
    if child == 0:
        left = [step]
        for name in STEPS:
            setattr(os, name, dying(getattr(os, name), left))
        try:
            work()
            os._exit(0)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, -signal.SIGKILL}, f"the backup failed before step {step}"
    return code != 0


def dying(real: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)

    return call
