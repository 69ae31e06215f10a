"""File locks: exclusive and shared, with timeouts, and on files that are removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cabinet.storage.file_locks import FLAGS, LockTaken, acquire, is_at, locked, open_locked, release

HOLDER = """
import sys, time
from pathlib import Path
from cabinet.storage.file_locks import locked
with locked(Path(sys.argv[1]), timeout=0):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_an_exclusive_lock_excludes_all_others(path: Path, timeout: float) -> None:
    for shared in (False, True):
        with (
            locked(path, timeout=0),
            pytest.raises(LockTaken),
            locked(path, timeout=timeout, shared=shared),
        ):
            pytest.fail("two hold the lock")
    with locked(path, timeout=0):
        pass


def test_shared_holders_exclude_an_exclusive_one(path: Path) -> None:
    with (
        locked(path, timeout=0, shared=True),
        locked(path, timeout=0, shared=True),
        pytest.raises(LockTaken),
        locked(path, timeout=0),
    ):
        pytest.fail("the lock is held shared")


@pytest.mark.parametrize("timeout", [60, None])
def test_a_waiter_acquires_the_lock_once_it_is_released(path: Path, timeout: float | None) -> None:
    began = threading.Event()

    def wait() -> bool:
        began.set()
        with locked(path, timeout=timeout):
            return True

    with ThreadPoolExecutor(1) as pool:
        with locked(path, timeout=0):
            waiting = pool.submit(wait)
            assert began.wait(60)
        assert waiting.result(60)


def test_killing_the_holder_releases_the_lock(path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockTaken), locked(path, timeout=0):
            pytest.fail("another process holds the lock")
        holder.send_signal(signal.SIGKILL)
        holder.wait(60)

    with locked(path, timeout=0):
        pass


def test_release_unlocks_despite_a_duplicated_descriptor(path: Path) -> None:
    descriptor = os.open(path, FLAGS, 0o600)
    copy = os.dup(descriptor)
    try:
        acquire(descriptor, timeout=0)
        with pytest.raises(LockTaken), locked(path, timeout=0):
            pytest.fail("the lock is held")
        release(descriptor)

        with locked(path, timeout=0) as own:
            assert is_at(own, path)
    finally:
        os.close(copy)


def test_a_lock_file_has_mode_0600_and_symlinks_are_not_followed(path: Path, tmp_path: Path) -> None:
    with locked(path, timeout=0) as descriptor:
        assert os.fstat(descriptor).st_mode & 0o777 == 0o600
    (tmp_path / "link").symlink_to(path)

    with pytest.raises(OSError, match="symbolic"), locked(tmp_path / "link", timeout=0):
        pytest.fail("the link was followed")


def test_a_removed_lock_file_is_created_again(path: Path) -> None:
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


def test_an_error_of_the_look_callback_leaves_the_file_unlocked(path: Path) -> None:
    def refuse(_status: os.stat_result) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        open_locked(path, FLAGS, 0o600, refuse)

    with locked(path, timeout=0):
        pass
