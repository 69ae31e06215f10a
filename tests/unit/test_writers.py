"""The queue of writers: the order, timeouts and killed processes.

Rule: other processes are real ones, stopped and killed by signals; no test waits longer than some milliseconds
for a deadline.
"""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from cabinet.errors import Unavailable
from cabinet.services.kernel import database
from cabinet.services.kernel.database import configure, writing
from cabinet.services.kernel.writers import SUFFIX, WriterQueue
from tests.support.waiting import PATIENCE, wait_until

# Seconds of a queue in which a writer times out.
SOON = 0.01

# A process that takes its turn, says so, and ends it when its input ends.
HOLDER = """
import sys
from cabinet.services.kernel.writers import WriterQueue

with WriterQueue(sys.argv[1], 60).turn():
    print("it is mine", flush=True)
    sys.stdin.read()
"""

# A process that counts on in a table.
COUNTER = """
import sys
from sqlalchemy import create_engine
from cabinet.services.kernel.database import configure
from tests.unit.test_writers import count_on

engine = create_engine(f"sqlite:///{sys.argv[1]}")
configure(engine)
count_on(engine)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cabinet.db"
    path.touch(0o600)
    return path


@pytest.fixture
def queue(file: Path) -> WriterQueue:
    return WriterQueue(str(file), PATIENCE)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


@contextmanager
def holding(file: Path) -> Iterator[subprocess.Popen[str]]:
    """Give a process whose turn it is."""
    command = [sys.executable, "-c", HOLDER, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "it is mine\n"
        try:
            yield process
        finally:
            process.kill()


def is_free(file: Path) -> bool:
    """Return whether another process could write at once."""
    with open(f"{file}{SUFFIX}", "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def take_turn(queue: WriterQueue, act: Callable[[], object] = lambda: None) -> None:
    with queue.turn():
        act()


def wait_in_line(queue: WriterQueue, count: int) -> None:
    wait_until(lambda: len(queue._waiting) == count, what="the queue to be as long")


def test_writers_are_served_in_order(queue: WriterQueue, threads: ThreadPoolExecutor) -> None:
    wrote: list[int] = []
    with queue.turn():
        for number in range(5):
            threads.submit(take_turn, queue, partial(wrote.append, number))
            wait_in_line(queue, number + 1)
        assert wrote == []
    threads.shutdown()

    assert wrote == [0, 1, 2, 3, 4]


def test_a_writer_times_out_and_others_continue(file: Path, threads: ThreadPoolExecutor) -> None:
    queue = WriterQueue(str(file), SOON)
    with queue.turn():
        given_up = threads.submit(take_turn, queue)
        assert isinstance(given_up.exception(), Unavailable)

    threads.submit(take_turn, queue).result()
    assert is_free(file)


def test_a_failed_turn_is_over(queue: WriterQueue, file: Path, threads: ThreadPoolExecutor) -> None:
    def fail() -> None:
        raise KeyError

    with queue.turn():
        failed = threads.submit(take_turn, queue, fail)
        wait_in_line(queue, 1)
        next_one = threads.submit(take_turn, queue)
        wait_in_line(queue, 2)

    assert isinstance(failed.exception(), KeyError)
    next_one.result()
    assert is_free(file)


def test_a_thread_cannot_wait_for_itself(queue: WriterQueue, file: Path) -> None:
    with queue.turn(), pytest.raises(RuntimeError, match="writes already"), queue.turn():
        pytest.fail("it nested")

    with queue.turn():
        assert not is_free(file)


def test_a_second_queue_of_the_same_file_waits_for_the_first(file: Path) -> None:
    link = file.with_name("link.db")
    link.symlink_to(file)
    queue = WriterQueue(str(link), PATIENCE)

    with queue.turn():
        assert not is_free(file)
    assert is_free(file)


def test_a_killed_process_loses_its_turn(queue: WriterQueue, file: Path, threads: ThreadPoolExecutor) -> None:
    with holding(file) as process:
        wrote = threads.submit(take_turn, queue)
        assert not is_free(file)
        process.kill()
        wrote.result()

    assert is_free(file)


def test_behind_a_stopped_process_all_writers_time_out_and_leave_nothing(
    file: Path, threads: ThreadPoolExecutor
) -> None:
    queue = WriterQueue(str(file), SOON)
    with holding(file) as process:
        process.send_signal(signal.SIGSTOP)
        given_up = [threads.submit(take_turn, queue) for _ in range(5)]
        assert {type(future.exception()) for future in given_up} == {Unavailable}
        # However many have given up, one thread waits for the file.
        assert len(fetching()) == 1

        process.send_signal(signal.SIGCONT)
        process.communicate()
    wait_until(lambda: not fetching(), what="nobody to wait any more")

    assert is_free(file)
    threads.submit(take_turn, queue).result()


def test_a_writer_after_a_timed_out_one_inherits_its_turn(file: Path, threads: ThreadPoolExecutor) -> None:
    queue = WriterQueue(str(file), SOON)
    with holding(file) as process:
        assert isinstance(threads.submit(take_turn, queue).exception(), Unavailable)
        queue._seconds = PATIENCE
        was_free: list[bool] = []
        wrote = threads.submit(take_turn, queue, lambda: was_free.append(is_free(file)))
        wait_until(lambda: queue._head is not None and queue._head.wants_file, what="it to wait")
        assert len(fetching()) == 1
        process.communicate()
        wrote.result()

    assert was_free == [False]
    assert is_free(file)


def fetching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "writers"]


def test_the_lock_file_has_the_permissions_of_the_database(file: Path, queue: WriterQueue) -> None:
    file.chmod(0o640)
    with queue.turn():
        pass

    made = file.with_name(f"cabinet.db{SUFFIX}")
    assert (made.stat().st_mode & 0o777, made.read_bytes()) == (0o640, b"")


@pytest.mark.parametrize("obstacle", ["a folder", "a link", "no database"])
def test_without_a_lock_file_threads_still_queue(
    file: Path, threads: ThreadPoolExecutor, obstacle: str
) -> None:
    made = file.with_name(f"cabinet.db{SUFFIX}")
    if obstacle == "a folder":
        made.mkdir()
    elif obstacle == "a link":
        made.symlink_to(file)
    else:
        file.unlink()
    queue = WriterQueue(str(file), SOON)

    with queue.turn():
        assert isinstance(threads.submit(take_turn, queue).exception(), Unavailable)
    threads.submit(take_turn, queue).result()


@pytest.mark.sqlite("its queue")
def test_waiting_writers_hold_no_connection(file: Path, threads: ThreadPoolExecutor) -> None:
    engine = create_engine(f"sqlite:///{file}", pool_size=4)
    configure(engine)

    def write() -> None:
        with Session(engine) as session:
            # Its reading transaction, which a request always has, ends before it waits.
            session.execute(text("SELECT 1"))
            with writing(session):
                session.execute(text("CREATE TABLE IF NOT EXISTS heap (content)"))

    queue = engine.get_execution_options()["cabinet_writers"]
    with Session(engine) as session, writing(session):
        wrote = [threads.submit(write) for _ in range(6)]
        wait_in_line(queue, 6)
        assert engine.pool.checkedout() == 1  # type: ignore[attr-defined]
    for future in wrote:
        future.result()
    engine.dispose()


@pytest.mark.sqlite("its queue")
def test_a_timed_out_writer_changes_nothing_and_can_write_later(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 10)
    engine = create_engine(f"sqlite:///{file}")
    configure(engine)
    with Session(engine) as session:
        with holding(file):
            with pytest.raises(Unavailable) as caught, writing(session):
                pytest.fail("two wrote at once")
            # Readers do not wait.
            assert session.execute(text("SELECT 1")).scalar() == 1
        wait_until(lambda: is_free(file), what="the lock to be free")
        with writing(session):
            session.execute(text("CREATE TABLE heap (content)"))
    engine.dispose()

    assert caught.value.retry_after >= 1


@pytest.mark.sqlite("its queue")
@pytest.mark.parametrize("name", ["", "/", "/:memory:"])
def test_a_database_in_memory_has_no_lock_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    engine = create_engine(f"sqlite://{name}")
    configure(engine)
    with Session(engine) as session, writing(session):
        session.execute(text("CREATE TABLE heap (content)"))
    engine.dispose()

    assert list(tmp_path.iterdir()) == []


def count_on(engine: Engine) -> None:
    for _ in range(20):
        with Session(engine) as session, writing(session):
            counted = session.execute(text("SELECT number FROM counter")).scalar_one()
            session.execute(text("UPDATE counter SET number = :number"), {"number": counted + 1})


@pytest.mark.sqlite("its queue")
def test_no_increment_of_two_processes_is_lost(file: Path) -> None:
    engine = create_engine(f"sqlite:///{file}")
    configure(engine)
    with Session(engine) as session, writing(session):
        session.execute(text("CREATE TABLE counter (number)"))
        session.execute(text("INSERT INTO counter VALUES (0)"))
    command = [sys.executable, "-c", COUNTER, str(file)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
        count_on(engine)
        assert process.wait() == 0

    with engine.connect() as connection:
        assert connection.execute(text("SELECT number FROM counter")).scalar() == 40
    engine.dispose()
