"""The requirements of `Locker`, for every locker.

Rule: the tests know nothing of how a lock is implemented.
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
with open_locker(sys.argv[1]).hold("a", timeout=float(sys.argv[2])):
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


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_an_exclusive_lock_excludes_all_others(locker: Locker, elsewhere: Locker, timeout: float) -> None:
    for shared in (False, True):
        with (
            locker.hold("a", timeout=0),
            pytest.raises(LockTaken),
            elsewhere.hold("a", timeout=timeout, shared=shared),
        ):
            pytest.fail("two hold the lock")
    with elsewhere.hold("a", timeout=0):
        pass


def test_one_process_cannot_hold_an_exclusive_lock_twice(locker: Locker) -> None:
    with locker.hold("a", timeout=0), pytest.raises(LockTaken), locker.hold("a", timeout=0):
        pytest.fail("two hold the lock")


def test_shared_holders_exclude_an_exclusive_one(locker: Locker, elsewhere: Locker) -> None:
    with (
        locker.hold("a", timeout=0, shared=True),
        elsewhere.hold("a", timeout=0, shared=True),
        pytest.raises(LockTaken),
        locker.hold("a", timeout=0),
    ):
        pytest.fail("the lock is held shared")


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("timeout", [60, None])
def test_a_waiter_acquires_the_lock_once_it_is_released(
    locker: Locker, elsewhere: Locker, timeout: float | None, shared: bool
) -> None:
    began, entered = threading.Event(), threading.Event()

    def wait() -> None:
        began.set()
        with elsewhere.hold("a", timeout=timeout, shared=shared):
            entered.set()

    with ThreadPoolExecutor(1) as pool:
        with locker.hold("a", timeout=0):
            waiting = pool.submit(wait)
            assert began.wait(60)
            came_between = entered.wait(0.1)
        waiting.result(60)

    assert entered.is_set()
    assert not came_between


def test_a_waiter_requests_release_once(locker: Locker, elsewhere: Locker) -> None:
    begun, asked = threading.Event(), threading.Event()
    order: list[str] = []

    def request_release() -> None:
        order.append("asked")
        asked.set()

    def work() -> None:
        with locker.hold("a", timeout=0, request_release=request_release):
            begun.set()
            assert asked.wait(60)
            order.append("first")

    first = threading.Thread(target=work)
    first.start()
    try:
        assert begun.wait(60)
        with elsewhere.hold("a", timeout=20):
            order.append("second")
    finally:
        asked.set()
        first.join(60)

    assert order == ["asked", "first", "second"]


def test_a_former_waiter_does_not_request_its_own_release(locker: Locker, elsewhere: Locker) -> None:
    """It must not mistake its own waiter mark for that of another process."""
    asked = threading.Event()

    def wait() -> bool:
        with elsewhere.hold("a", timeout=60, request_release=asked.set):
            return asked.wait(0.3)

    with ThreadPoolExecutor(1) as pool:
        began = threading.Event()
        with locker.hold("a", timeout=0, request_release=began.set):
            waiting = pool.submit(wait)
            assert began.wait(60)
        assert waiting.result(60) is False


def test_release_is_not_requested_without_a_waiter(locker: Locker, elsewhere: Locker) -> None:
    asked = threading.Event()

    with (
        locker.hold("a", timeout=0, request_release=asked.set),
        pytest.raises(LockTaken),
        elsewhere.hold("a", timeout=0),
    ):
        pytest.fail("two hold the lock")
    with locker.hold("a", timeout=0, request_release=asked.set):
        pass

    assert not asked.is_set()


def test_locks_with_different_names_are_independent(locker: Locker) -> None:
    names = [f"upload {number}" for number in range(100)]

    with ExitStack() as locks:
        held = [locks.enter_context(locker.hold(name, timeout=0)) for name in names]

        assert len(held) == len(names)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 10_000, "имя\0/"])
def test_any_text_is_a_name(locker: Locker, name: str) -> None:
    with locker.hold(name, timeout=0), pytest.raises(LockTaken), locker.hold(name, timeout=0):
        pytest.fail("two hold the lock")


def test_killing_the_holder_releases_the_lock(locker: Locker, url: str) -> None:
    command = [sys.executable, "-c", HOLDER, url, "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockTaken), locker.hold("a", timeout=0):
            pytest.fail("another process holds the lock")
        holder.send_signal(signal.SIGKILL)
        holder.wait(60)

    with locker.hold("a", timeout=0):
        pass


def test_a_waiter_acquires_the_lock_of_a_killed_holder(locker: Locker, url: str) -> None:
    def take() -> bool:
        with locker.hold("a", timeout=60):
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


def test_a_killed_waiter_does_not_request_release(locker: Locker, url: str) -> None:
    asked, again = threading.Event(), threading.Event()
    command = [sys.executable, "-c", HOLDER, url, "60"]
    with (
        locker.hold("a", timeout=0, request_release=asked.set),
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as waiter,
    ):
        assert asked.wait(60)
        waiter.send_signal(signal.SIGKILL)

    with locker.hold("a", timeout=0, request_release=again.set):
        assert not again.wait(0.3)


def test_contention_never_gives_a_lock_to_two_holders(url: str, tmp_path: Path) -> None:
    assert storm(url, tmp_path, 60) > 60


def test_remove_stale_keeps_locks_in_use(locker: Locker, elsewhere: Locker) -> None:
    with locker.hold("a", timeout=0), locker.hold("b", timeout=0, shared=True):
        elsewhere.remove_stale()
        for name in ("a", "b"):
            with pytest.raises(LockTaken), elsewhere.hold(name, timeout=0):
                pytest.fail("two hold the lock")
