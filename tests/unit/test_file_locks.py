"""Locks of files: alone, together, with patience, and of files that come and go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cabinet.storage.file_locks import FLAGS, LockTaken, is_at, locked, open_locked, release, take

HOLDER = """
import sys, time
from pathlib import Path
from cabinet.storage.file_locks import locked
with locked(Path(sys.argv[1]), patience=0):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.mark.parametrize("patience", [0, 0.05])
def test_a_lock_that_somebody_has_alone_is_taken_for_everybody_else(path: Path, patience: float) -> None:
    for together in (False, True):
        with (
            locked(path, patience=0),
            pytest.raises(LockTaken),
            locked(path, patience=patience, together=together),
        ):
            pytest.fail("two have it")
    with locked(path, patience=0):
        pass


def test_a_lock_is_held_together_by_any_number_and_alone_by_none_of_them(path: Path) -> None:
    with (
        locked(path, patience=0, together=True),
        locked(path, patience=0, together=True),
        pytest.raises(LockTaken),
        locked(path, patience=0),
    ):
        pytest.fail("somebody has it together with others")


@pytest.mark.parametrize("patience", [60, None])
def test_whoever_has_patience_gets_the_lock_once_it_is_free(path: Path, patience: float | None) -> None:
    began = threading.Event()

    def wait() -> bool:
        began.set()
        with locked(path, patience=patience):
            return True

    with ThreadPoolExecutor(1) as pool:
        with locked(path, patience=0):
            waiting = pool.submit(wait)
            assert began.wait(60)
        assert waiting.result(60)


def test_a_lock_ends_with_the_process_that_is_killed(path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockTaken), locked(path, patience=0):
            pytest.fail("another process has it")
        holder.send_signal(signal.SIGKILL)
        holder.wait(60)

    with locked(path, patience=0):
        pass


def test_a_released_lock_is_free_although_a_copy_of_its_descriptor_is_open(path: Path) -> None:
    descriptor = os.open(path, FLAGS, 0o600)
    copy = os.dup(descriptor)
    try:
        take(descriptor, patience=0)
        with pytest.raises(LockTaken), locked(path, patience=0):
            pytest.fail("it is held")
        release(descriptor)

        with locked(path, patience=0) as own:
            assert is_at(own, path)
    finally:
        os.close(copy)


def test_a_lock_file_is_its_owners_and_no_link_is_followed(path: Path, tmp_path: Path) -> None:
    with locked(path, patience=0) as descriptor:
        assert os.fstat(descriptor).st_mode & 0o777 == 0o600
    (tmp_path / "link").symlink_to(path)

    with pytest.raises(OSError, match="symbolic"), locked(tmp_path / "link", patience=0):
        pytest.fail("it was followed")


def test_a_file_that_its_holder_removes_is_made_anew_and_not_locked_under_no_name(path: Path) -> None:
    path.write_bytes(b"old")

    def remove_the_old_one(status: os.stat_result) -> None:
        if status.st_size:
            path.unlink()

    descriptor = open_locked(path, FLAGS, 0o600, remove_the_old_one)
    try:
        assert os.path.samestat(os.fstat(descriptor), path.stat())
        assert path.read_bytes() == b""
        with pytest.raises(LockTaken):
            open_locked(path, FLAGS, 0o600)
    finally:
        os.close(descriptor)


def test_what_whoever_looks_raises_leaves_the_file_unlocked(path: Path) -> None:
    def refuse(_status: os.stat_result) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        open_locked(path, FLAGS, 0o600, refuse)

    with locked(path, patience=0):
        pass
