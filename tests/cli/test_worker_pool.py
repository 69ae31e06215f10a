"""The worker pool: parallel jobs, errors and Ctrl-C."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from cabinet.client.failures import Stopped
from cabinet.client.wire.cancellation import Cancellation
from cabinet.client.worker_pool import Job, WorkerPool

# Seconds: reached only if a test hangs.
PATIENCE = 60


def test_all_jobs_are_executed() -> None:
    done: list[int] = []
    WorkerPool(3, Cancellation()).run(partial(done.append, number) for number in range(100))

    assert sorted(done) == list(range(100))


def test_jobs_are_limited_to_the_pool_size() -> None:
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


def test_a_pool_of_one_keeps_the_order() -> None:
    done: list[int] = []
    WorkerPool(1, Cancellation()).run(partial(done.append, number) for number in range(50))

    assert done == list(range(50))


def test_jobs_are_planned_only_shortly_ahead() -> None:
    planned: list[int] = []
    done: list[int] = []
    ahead: list[int] = []

    def plan() -> Iterator[Job]:
        for number in range(100):
            ahead.append(len(planned) - len(done))
            planned.append(number)
            yield partial(done.append, number)

    WorkerPool(2, Cancellation()).run(plan())
    # Two running jobs, and two waiting ones.
    assert max(ahead) <= 4


def test_the_first_error_cancels_all_jobs_and_is_raised() -> None:
    cancellation = Cancellation()

    def fail() -> None:
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        WorkerPool(2, cancellation).run([lambda: cancellation.wait(PATIENCE), fail, lambda: None])
    assert cancellation.is_set


def test_an_error_while_planning_cancels_all_jobs() -> None:
    cancellation = Cancellation()

    def plan() -> Iterator[Job]:
        yield lambda: cancellation.wait(PATIENCE)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        WorkerPool(2, cancellation).run(plan())
    assert cancellation.is_set


def test_cancellation_ends_network_waits() -> None:
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
