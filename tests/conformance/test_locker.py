"""What every locker promises: `Locker`, clause by clause.

Rule: nothing here knows what a lock is made of.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from cabinet.storage.file_locks import LockTaken
from cabinet.storage.opening import BACKENDS, open_locker, open_store
from cabinet.storage.protocols import Locker
from tests.support.lock_storm import storm

HOLDER = """
import sys
from cabinet.storage.opening import open_locker
with open_locker(sys.argv[1]).hold("a", patience=float(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


def local(folder: Path) -> str:
    url = folder.as_uri()
    open_store(url)
    return url


# Scheme of the URL -> what makes an empty place below a folder of the test.
LOCKERS: dict[str, Callable[[Path], str]] = {"file": local}


@pytest.fixture(params=sorted(LOCKERS))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return LOCKERS[request.param](tmp_path)


@pytest.fixture
def locker(url: str) -> Locker:
    return open_locker(url)


@pytest.fixture
def elsewhere(url: str) -> Locker:
    """Return the locks as another process has them."""
    return open_locker(url)


def test_every_locker_is_under_test() -> None:
    assert LOCKERS.keys() == BACKENDS.keys()


@pytest.mark.parametrize("patience", [0, 0.05])
def test_one_at_a_time_holds_a_lock_alone(locker: Locker, elsewhere: Locker, patience: float) -> None:
    for together in (False, True):
        with (
            locker.hold("a", patience=0),
            pytest.raises(LockTaken),
            elsewhere.hold("a", patience=patience, together=together),
        ):
            pytest.fail("two have it")
    with elsewhere.hold("a", patience=0):
        pass


def test_a_lock_is_not_held_twice_within_one_process_either(locker: Locker) -> None:
    with locker.hold("a", patience=0), pytest.raises(LockTaken), locker.hold("a", patience=0):
        pytest.fail("two have it")


def test_many_hold_a_lock_together_and_nobody_alone_meanwhile(locker: Locker, elsewhere: Locker) -> None:
    with (
        locker.hold("a", patience=0, together=True),
        elsewhere.hold("a", patience=0, together=True),
        pytest.raises(LockTaken),
        locker.hold("a", patience=0),
    ):
        pytest.fail("somebody holds it together with others")


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("patience", [60, None])
def test_whoever_has_patience_gets_the_lock(
    locker: Locker, elsewhere: Locker, patience: float | None, together: bool
) -> None:
    began, entered = threading.Event(), threading.Event()

    def wait() -> None:
        began.set()
        with elsewhere.hold("a", patience=patience, together=together):
            entered.set()

    with ThreadPoolExecutor(1) as pool:
        with locker.hold("a", patience=0):
            waiting = pool.submit(wait)
            assert began.wait(60)
            came_between = entered.wait(0.1)
        waiting.result(60)

    assert entered.is_set()
    assert not came_between


def test_whoever_comes_next_has_the_holder_let_go_once(locker: Locker, elsewhere: Locker) -> None:
    begun, asked = threading.Event(), threading.Event()
    order: list[str] = []

    def let_go() -> None:
        order.append("asked")
        asked.set()

    def work() -> None:
        with locker.hold("a", patience=0, let_go=let_go):
            begun.set()
            assert asked.wait(60)
            order.append("first")

    first = threading.Thread(target=work)
    first.start()
    try:
        assert begun.wait(60)
        with elsewhere.hold("a", patience=20):
            order.append("second")
    finally:
        asked.set()
        first.join(60)

    assert order == ["asked", "first", "second"]


def test_whoever_has_waited_is_asked_only_by_those_who_come_after(locker: Locker, elsewhere: Locker) -> None:
    """It marked that it waits, and must not take its own mark for that of somebody else."""
    asked = threading.Event()

    def wait() -> bool:
        with elsewhere.hold("a", patience=60, let_go=asked.set):
            return asked.wait(0.3)

    with ThreadPoolExecutor(1) as pool:
        began = threading.Event()
        with locker.hold("a", patience=0, let_go=began.set):
            waiting = pool.submit(wait)
            assert began.wait(60)
        assert waiting.result(60) is False


def test_nobody_is_asked_to_let_go_when_nobody_waits(locker: Locker, elsewhere: Locker) -> None:
    asked = threading.Event()

    with (
        locker.hold("a", patience=0, let_go=asked.set),
        pytest.raises(LockTaken),
        elsewhere.hold("a", patience=0),
    ):
        pytest.fail("two have it")
    with locker.hold("a", patience=0, let_go=asked.set):
        pass

    assert not asked.is_set()


def test_locks_of_different_names_do_not_stand_in_each_others_way(locker: Locker) -> None:
    names = [f"upload {number}" for number in range(100)]

    with ExitStack() as locks:
        held = [locks.enter_context(locker.hold(name, patience=0)) for name in names]

        assert len(held) == len(names)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 10_000, "имя\0/"])
def test_any_text_is_a_name(locker: Locker, name: str) -> None:
    with locker.hold(name, patience=0), pytest.raises(LockTaken), locker.hold(name, patience=0):
        pytest.fail("two have it")


def test_a_lock_ends_with_the_process_that_is_killed(locker: Locker, url: str) -> None:
    command = [sys.executable, "-c", HOLDER, url, "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockTaken), locker.hold("a", patience=0):
            pytest.fail("another process has it")
        holder.send_signal(signal.SIGKILL)
        holder.wait(60)

    with locker.hold("a", patience=0):
        pass


def test_whoever_waits_gets_the_lock_of_a_process_that_is_killed(locker: Locker, url: str) -> None:
    def take() -> bool:
        with locker.hold("a", patience=60):
            return True

    command = [sys.executable, "-c", HOLDER, url, "0"]
    with (
        ThreadPoolExecutor(1) as pool,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder,
    ):
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        waiting = pool.submit(take)
        holder.send_signal(signal.SIGKILL)
        assert waiting.result(60)


def test_nobody_is_asked_to_let_go_for_a_process_that_was_killed_while_it_waited(
    locker: Locker, url: str
) -> None:
    asked, again = threading.Event(), threading.Event()
    command = [sys.executable, "-c", HOLDER, url, "60"]
    with (
        locker.hold("a", patience=0, let_go=asked.set),
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as waiter,
    ):
        assert asked.wait(60)
        waiter.send_signal(signal.SIGKILL)

    with locker.hold("a", patience=0, let_go=again.set):
        assert not again.wait(0.3)


def test_a_lock_that_many_take_and_let_go_of_at_once_is_never_had_by_two(url: str, tmp_path: Path) -> None:
    assert storm(url, tmp_path, 60) > 60


def test_tidying_up_takes_no_lock_from_anybody(locker: Locker, elsewhere: Locker) -> None:
    with locker.hold("a", patience=0), locker.hold("b", patience=0, together=True):
        elsewhere.tidy()
        for name in ("a", "b"):
            with pytest.raises(LockTaken), elsewhere.hold(name, patience=0):
                pytest.fail("two have it")
