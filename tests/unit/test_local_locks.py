"""The files of the locks of a local disk: there while they are held, and never left for long."""

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
from cabinet.storage.file_locks import FLAGS, LockTaken, open_locked, release, take
from cabinet.storage.local import locks
from cabinet.storage.local.locks import FOLDER, LOOK_OUT, WAIT, LocalLocker
from tests.support.lock_storm import storm

HASH = hashlib.sha256(b"a").hexdigest()
WAITING = HASH + WAIT

CHILD = """
import sys
from pathlib import Path
from cabinet.storage.local.locks import LocalLocker
print("begun", flush=True)
with LocalLocker(Path(sys.argv[1])).hold("a", patience=float(sys.argv[2])):
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
def child(root: Path, patience: float) -> Iterator[subprocess.Popen[str]]:
    """Give a process that takes the lock, or waits for it; it is killed on leaving."""
    command = [sys.executable, "-c", CHILD, str(root), str(patience)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        try:
            yield process
        finally:
            process.kill()


def leave_a_holder(root: Path) -> None:
    """Leave what a process leaves that is killed while it has the lock."""
    with child(root, 0) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"


def leave_a_waiter(root: Path) -> None:
    """Leave what a process leaves that is killed while it waits; whoever lets go then finds nobody."""
    asked = threading.Event()
    with LocalLocker(root).hold("a", patience=0, let_go=asked.set), child(root, 60):
        assert asked.wait(60)


@pytest.mark.parametrize("together", [False, True])
def test_a_lock_has_a_file_of_its_owner_alone_while_it_is_held_and_no_longer(
    locker: LocalLocker, folder: Path, together: bool
) -> None:
    with (
        locker.hold("a", patience=0, together=together),
        locker.hold("b", patience=0, together=together),
    ):
        assert HASH in left(folder)
        assert len(left(folder)) == 2
        assert (folder / HASH).stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700

    assert left(folder) == set()


def test_of_those_who_hold_a_lock_together_the_last_one_removes_its_file(
    locker: LocalLocker, folder: Path
) -> None:
    with locker.hold("a", patience=0, together=True):
        with locker.hold("a", patience=0, together=True):
            pass
        assert left(folder) == {HASH}
        with pytest.raises(LockTaken), locker.hold("a", patience=0):
            pytest.fail("somebody holds it together with others")
    assert left(folder) == set()


def test_of_two_who_let_go_at_once_neither_removes_the_file_of_whoever_comes_next(
    locker: LocalLocker, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is held together is lost for a moment before it is held alone."""
    comes_next = ExitStack()

    def take_late(descriptor: int, *, patience: float) -> None:
        monkeypatch.undo()
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        with locker.hold("a", patience=0):
            pass
        comes_next.enter_context(locker.hold("a", patience=0))
        take(descriptor, patience=patience)

    with comes_next:
        with locker.hold("a", patience=0, together=True):
            monkeypatch.setattr(locks, "take", take_late)
        assert left(folder) == {HASH}
    assert left(folder) == set()


@pytest.mark.parametrize("patience", [0, 0.05])
def test_whoever_does_not_get_a_lock_leaves_nothing_and_the_holder_its_file(
    locker: LocalLocker, folder: Path, patience: float
) -> None:
    with (
        locker.hold("a", patience=0),
        pytest.raises(LockTaken),
        locker.hold("a", patience=patience),
    ):
        pytest.fail("two have it")
    with locker.hold("a", patience=0):
        assert left(folder) == {HASH}
    assert left(folder) == set()


def test_a_storm_of_threads_and_processes_leaves_no_file(tmp_path: Path, folder: Path) -> None:
    assert storm(tmp_path.as_uri(), tmp_path, 60) > 60

    assert left(folder) == set()


@pytest.mark.long
def test_a_long_storm_leaves_no_file(tmp_path: Path, folder: Path) -> None:
    assert storm(tmp_path.as_uri(), tmp_path, 3000) > 3000

    assert left(folder) == set()


def test_what_a_killed_holder_left_goes_with_the_next_one(
    tmp_path: Path, locker: LocalLocker, folder: Path
) -> None:
    leave_a_holder(tmp_path)
    assert left(folder) == {HASH}

    with locker.hold("a", patience=0):
        pass

    assert left(folder) == set()


def test_what_a_killed_waiter_left_has_nobody_let_go_and_goes_with_the_next_look(
    tmp_path: Path, locker: LocalLocker, folder: Path
) -> None:
    leave_a_waiter(tmp_path)
    assert left(folder) == {WAITING}
    asked = threading.Event()

    with locker.hold("a", patience=0, let_go=asked.set):
        was_asked = asked.wait(LOOK_OUT * 5)

    assert not was_asked
    assert left(folder) == set()


def test_whoever_waits_after_another_one_was_killed_is_told_of(tmp_path: Path, locker: LocalLocker) -> None:
    leave_a_waiter(tmp_path)
    leave_a_holder(tmp_path)
    begun, asked = threading.Event(), threading.Event()

    def work() -> None:
        with locker.hold("a", patience=60, let_go=asked.set):
            begun.set()
            assert asked.wait(60)

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        assert begun.wait(60)
        with locker.hold("a", patience=60):
            assert asked.is_set()
        working.result(60)


def test_the_patience_of_whoever_waits_ends_although_the_holder_was_stopped_while_it_looked(
    locker: LocalLocker, folder: Path
) -> None:
    with locker.hold("a", patience=0):
        looking = open_locked(folder / WAITING, FLAGS, 0o600)
        try:
            with pytest.raises(LockTaken), locker.hold("a", patience=0.1):
                pytest.fail("two have it")
        finally:
            release(looking)


def test_tidying_takes_what_was_left_and_nothing_that_is_held_or_waited_for(
    tmp_path: Path, locker: LocalLocker, folder: Path
) -> None:
    folder.mkdir()
    for other in ("b" * 64, "c" * 64):
        (folder / other).touch()
        (folder / (other + WAIT)).touch()
    asked = threading.Event()
    with locker.hold("a", patience=0, let_go=asked.set), child(tmp_path, 60):
        assert asked.wait(60)
        locker.tidy()

        assert left(folder) == {HASH, WAITING}
        with pytest.raises(LockTaken), locker.hold("a", patience=0):
            pytest.fail("two have it")
    locker.tidy()
    assert left(folder) == set()


def test_tidying_leaves_alone_what_is_no_lock(locker: LocalLocker, folder: Path, tmp_path: Path) -> None:
    locker.tidy()
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / HASH).mkdir()
    (folder / WAITING).symlink_to(tmp_path / "elsewhere")

    locker.tidy()

    assert left(folder) == {"notes.txt", HASH, WAITING}
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_somebody_removed_is_made_anew(locker: LocalLocker, folder: Path) -> None:
    with locker.hold("a", patience=0):
        pass
    folder.rmdir()

    with locker.hold("a", patience=0):
        assert left(folder) == {HASH}


def test_a_place_where_no_file_can_be_made_is_told_as_a_fault_of_the_storage(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")

    with pytest.raises(StorageFault), LocalLocker(tmp_path).hold("a", patience=0):
        pytest.fail("it is held by nothing")
