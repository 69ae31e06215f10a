"""Several jobs at a time: how many, what an error does, and that Ctrl-C ends them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from cabinet.client.failures import Stopped
from cabinet.client.wire.cancellation import Cancellation
from cabinet.client.worker_pool import Job, WorkerPool

# Seconds: nothing here takes long unless it hangs.
PATIENCE = 60


def test_all_jobs_are_done() -> None:
    done: list[int] = []
    WorkerPool(3, Cancellation()).run(partial(done.append, number) for number in range(100))

    assert sorted(done) == list(range(100))


def test_so_many_at_a_time_and_no_more() -> None:
    together = threading.Barrier(3, timeout=PATIENCE)
    running: set[int] = set()
    most: list[int] = []

    def job() -> None:
        running.add(threading.get_ident())
        together.wait()
        most.append(len(running))
        together.wait()
        running.discard(threading.get_ident())

    WorkerPool(3, Cancellation()).run([job] * 9)
    assert max(most) == 3


def test_the_jobs_of_a_crew_of_one_keep_their_order() -> None:
    done: list[int] = []
    WorkerPool(1, Cancellation()).run(partial(done.append, number) for number in range(50))

    assert done == list(range(50))


def test_no_more_is_planned_than_can_soon_be_begun() -> None:
    planned: list[int] = []
    done: list[int] = []
    ahead: list[int] = []

    def plan() -> Iterator[Job]:
        for number in range(100):
            ahead.append(len(planned) - len(done))
            planned.append(number)
            yield partial(done.append, number)

    WorkerPool(2, Cancellation()).run(plan())
    # Two that run, and two that wait for them.
    assert max(ahead) <= 4


def test_the_first_error_ends_all_and_is_raised() -> None:
    cancellation = Cancellation()

    def fail() -> None:
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        WorkerPool(2, cancellation).run([lambda: cancellation.wait(PATIENCE), fail, lambda: None])
    assert cancellation.is_set


def test_an_error_while_planning_ends_all() -> None:
    cancellation = Cancellation()

    def plan() -> Iterator[Job]:
        yield lambda: cancellation.wait(PATIENCE)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        WorkerPool(2, cancellation).run(plan())
    assert cancellation.is_set


def test_a_stop_ends_a_wait_for_the_network() -> None:
    cancellation = Cancellation()
    here, there = socket.socketpair()
    with here, there:
        cancellation.watch(here)
        cancellation.cancel()

        assert here.recv(1) == b""
        with pytest.raises(Stopped):
            cancellation.watch(there)
    with pytest.raises(Stopped):
        cancellation.check()
