"""Lock files on a local disk: they exist while locks are held, and leftovers are removed."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from cabinet.errors import StorageFault
from cabinet.storage.file_locks import FLAGS, LockTaken, acquire, open_locked, release
from cabinet.storage.local import locks
from cabinet.storage.local.locks import FOLDER, WAIT, WAITER_CHECK_SECONDS, LocalLocker
from tests.support.lock_storm import storm

HASH = hashlib.sha256(b"a").hexdigest()
WAITING = HASH + WAIT

CHILD = """
import sys
from pathlib import Path
from cabinet.storage.local.locks import LocalLocker
print("begun", flush=True)
with LocalLocker(Path(sys.argv[1])).hold("a", timeout=float(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def locker(tmp_path: Path) -> LocalLocker:
    return LocalLocker(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / FOLDER


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@contextmanager
def child(root: Path, timeout: float) -> Iterator[subprocess.Popen[str]]:
    """Yield a process that acquires the lock, or waits for it; it is killed on leaving."""
    command = [sys.executable, "-c", CHILD, str(root), str(timeout)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        try:
            yield process
        finally:
            process.kill()


def leave_a_holder(root: Path) -> None:
    """Leave the file of a process that was killed while it held the lock."""
    with child(root, 0) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"


def leave_a_waiter(root: Path) -> None:
    """Leave the files of a process that was killed while it waited."""
    asked = threading.Event()
    with LocalLocker(root).hold("a", timeout=0, request_release=asked.set), child(root, 60):
        assert asked.wait(60)


@pytest.mark.parametrize("shared", [False, True])
def test_a_private_lock_file_exists_only_while_the_lock_is_held(
    locker: LocalLocker, folder: Path, shared: bool
) -> None:
    with (
        locker.hold("a", timeout=0, shared=shared),
        locker.hold("b", timeout=0, shared=shared),
    ):
        assert HASH in left(folder)
        assert len(left(folder)) == 2
        assert (folder / HASH).stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700

    assert left(folder) == set()


def test_the_last_shared_holder_removes_the_lock_file(locker: LocalLocker, folder: Path) -> None:
    with locker.hold("a", timeout=0, shared=True):
        with locker.hold("a", timeout=0, shared=True):
            pass
        assert left(folder) == {HASH}
        with pytest.raises(LockTaken), locker.hold("a", timeout=0):
            pytest.fail("the lock is held shared")
    assert left(folder) == set()


def test_concurrent_releases_do_not_remove_the_file_of_the_next_holder(
    locker: LocalLocker, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Converting a shared lock to an exclusive one gives it up for a moment."""
    comes_next = ExitStack()

    def acquire_late(descriptor: int, *, timeout: float) -> None:
        monkeypatch.undo()
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        with locker.hold("a", timeout=0):
            pass
        comes_next.enter_context(locker.hold("a", timeout=0))
        acquire(descriptor, timeout=timeout)

    with comes_next:
        with locker.hold("a", timeout=0, shared=True):
            monkeypatch.setattr(locks, "acquire", acquire_late)
        assert left(folder) == {HASH}
    assert left(folder) == set()


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_a_failed_attempt_leaves_only_the_file_of_the_holder(
    locker: LocalLocker, folder: Path, timeout: float
) -> None:
    with (
        locker.hold("a", timeout=0),
        pytest.raises(LockTaken),
        locker.hold("a", timeout=timeout),
    ):
        pytest.fail("two hold the lock")
    with locker.hold("a", timeout=0):
        assert left(folder) == {HASH}
    assert left(folder) == set()


def test_contention_of_threads_and_processes_leaves_no_file(tmp_path: Path, folder: Path) -> None:
    assert storm(tmp_path.as_uri(), tmp_path, 60) > 60

    assert left(folder) == set()


@pytest.mark.long
def test_long_contention_leaves_no_file(tmp_path: Path, folder: Path) -> None:
    assert storm(tmp_path.as_uri(), tmp_path, 3000) > 3000

    assert left(folder) == set()


def test_the_next_holder_removes_the_file_of_a_killed_one(
    tmp_path: Path, locker: LocalLocker, folder: Path
) -> None:
    leave_a_holder(tmp_path)
    assert left(folder) == {HASH}

    with locker.hold("a", timeout=0):
        pass

    assert left(folder) == set()


def test_the_file_of_a_killed_waiter_requests_no_release_and_is_removed(
    tmp_path: Path, locker: LocalLocker, folder: Path
) -> None:
    leave_a_waiter(tmp_path)
    assert left(folder) == {WAITING}
    asked = threading.Event()

    with locker.hold("a", timeout=0, request_release=asked.set):
        was_asked = asked.wait(WAITER_CHECK_SECONDS * 5)

    assert not was_asked
    assert left(folder) == set()


def test_a_waiter_is_noticed_after_another_waiter_was_killed(tmp_path: Path, locker: LocalLocker) -> None:
    leave_a_waiter(tmp_path)
    leave_a_holder(tmp_path)
    begun, asked = threading.Event(), threading.Event()

    def work() -> None:
        with locker.hold("a", timeout=60, request_release=asked.set):
            begun.set()
            assert asked.wait(60)

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        assert begun.wait(60)
        with locker.hold("a", timeout=60):
            assert asked.is_set()
        working.result(60)


def test_a_wait_times_out_while_the_holder_is_stopped_in_its_check(locker: LocalLocker, folder: Path) -> None:
    with locker.hold("a", timeout=0):
        looking = open_locked(folder / WAITING, FLAGS, 0o600)
        try:
            with pytest.raises(LockTaken), locker.hold("a", timeout=0.1):
                pytest.fail("two hold the lock")
        finally:
            release(looking)


def test_remove_stale_removes_leftovers_and_keeps_files_in_use(
    tmp_path: Path, locker: LocalLocker, folder: Path
) -> None:
    folder.mkdir()
    for other in ("b" * 64, "c" * 64):
        (folder / other).touch()
        (folder / (other + WAIT)).touch()
    asked = threading.Event()
    with locker.hold("a", timeout=0, request_release=asked.set), child(tmp_path, 60):
        assert asked.wait(60)
        locker.remove_stale()

        assert left(folder) == {HASH, WAITING}
        with pytest.raises(LockTaken), locker.hold("a", timeout=0):
            pytest.fail("two hold the lock")
    locker.remove_stale()
    assert left(folder) == set()


def test_remove_stale_ignores_entries_that_are_no_locks(
    locker: LocalLocker, folder: Path, tmp_path: Path
) -> None:
    locker.remove_stale()
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / HASH).mkdir()
    (folder / WAITING).symlink_to(tmp_path / "elsewhere")

    locker.remove_stale()

    assert left(folder) == {"notes.txt", HASH, WAITING}
    assert not (tmp_path / "elsewhere").exists()


def test_a_removed_lock_folder_is_created_again(locker: LocalLocker, folder: Path) -> None:
    with locker.hold("a", timeout=0):
        pass
    folder.rmdir()

    with locker.hold("a", timeout=0):
        assert left(folder) == {HASH}


def test_an_unwritable_lock_folder_is_a_storage_fault(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")

    with pytest.raises(StorageFault), LocalLocker(tmp_path).hold("a", timeout=0):
        pytest.fail("the lock is held without a file")
