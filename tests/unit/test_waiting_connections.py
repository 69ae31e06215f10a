"""Eviction when connections or memory run out, and the thread pool.

Rule: no sockets; a thread is awaited by its effects.
"""

from __future__ import annotations

import threading
from concurrent.futures import wait

import pytest

from cabinet.serving.thread_pool import ThreadPool
from cabinet.serving.waiting_connections import Stage, WaitingConnection, WaitingConnections
from cabinet.storage.memory import MemoryBudget
from tests.support.waiting import wait_until


def waiter(address: str, received: bytes = b"") -> WaitingConnection:
    return WaitingConnection(None, address, Stage.HEAD, 0.0, bytearray(received))


def test_the_oldest_of_the_address_with_most_connections_is_evicted_first() -> None:
    waiting = WaitingConnections(MemoryBudget(1000))
    office = [waiter("office") for _ in range(3)]
    flood = [waiter("flood") for _ in range(4)]
    for one in [*office, *flood]:
        waiting.add(one)

    gone = []
    while (first := waiting.next_to_evict()) is not None:
        gone.append(first)
        waiting.remove(first)

    assert gone[0] is flood[0]
    # The two take turns once they have as many.
    assert sorted(map(id, gone[1:3])) == sorted(map(id, [office[0], flood[1]]))
    assert len(gone) == 7
    assert len(waiting) == 0


def test_the_address_with_most_bytes_is_evicted_first_for_memory() -> None:
    memory = MemoryBudget(1000)
    waiting = WaitingConnections(memory)
    for _ in range(10):
        waiting.add(waiter("office"))
    small, large = waiter("small", b"x" * 400), [waiter("large", b"x" * 350) for _ in range(2)]
    for one in [small, large[0]]:
        waiting.add(one)
    assert waiting.next_to_evict_for_memory() is None

    waiting.add(large[1])

    assert memory.held == 1100
    assert waiting.next_to_evict_for_memory() is large[0]
    waiting.remove(large[0])
    assert waiting.next_to_evict_for_memory() is None
    assert memory.held == 750


def test_waiting_connections_may_always_use_half_of_the_memory() -> None:
    memory = MemoryBudget(1000)
    memory.add(5000)
    waiting = WaitingConnections(memory)
    one, another = waiter("a", b"x" * 500), waiter("b", b"x")
    waiting.add(one)
    assert waiting.next_to_evict_for_memory() is None

    waiting.add(another)

    assert waiting.next_to_evict_for_memory() is one


def test_bytes_are_counted_once_after_a_drop_or_a_change_of_address() -> None:
    memory = MemoryBudget(10)
    waiting = WaitingConnections(memory)
    one = waiter("proxy", b"x" * 100)
    waiting.add(one)
    waiting.change_address(one, "client")
    one.received += b"yy"
    waiting.recount(one)
    assert (memory.held, waiting.held) == (102, 102)

    one.received.clear()
    waiting.recount(one)
    assert waiting.next_to_evict_for_memory() is None
    waiting.remove(one)

    assert (memory.held, waiting.held, len(waiting)) == (0, 0, 0)


def threads() -> int:
    return sum(thread.name == "request" for thread in threading.enumerate())


def test_threads_start_on_demand_and_end_when_idle() -> None:
    pool = ThreadPool(3, idle_seconds=0.05)
    go = threading.Event()
    futures = [pool.submit(go.wait) for _ in range(7)]
    assert threads() == 3

    go.set()

    assert [future.result() for future in futures] == [True] * 7
    wait_until(lambda: threads() == 0, what="an empty pool")
    assert pool.submit(lambda: 1).result() == 1
    pool.shutdown()
    wait_until(lambda: threads() == 0, what="an empty pool")


def test_memory_is_trimmed_when_half_of_the_threads_have_ended() -> None:
    trims: list[int] = []
    pool = ThreadPool(8, idle_seconds=0.05, on_shrunk=lambda: trims.append(threading.get_ident()))
    go = threading.Event()
    futures = [pool.submit(go.wait) for _ in range(8)]
    assert not trims

    go.set()
    wait(futures)

    wait_until(lambda: threads() == 0, what="an empty pool")
    assert len(trims) == 4  # at 4, 2, 1 and 0 threads
    pool.shutdown()


def test_sequential_tasks_use_one_thread() -> None:
    pool = ThreadPool(8)
    names = set()
    for _ in range(20):
        names.add(pool.submit(threading.get_ident).result())
        # A result is set a moment before its thread becomes idle.
        wait_until(lambda: bool(pool._idle))
    pool.shutdown()

    assert len(names) == 1


def test_an_error_goes_to_the_future_and_the_thread_survives() -> None:
    pool = ThreadPool(1)
    failed = pool.submit(lambda: 1 // 0)
    wait([failed])

    assert isinstance(failed.exception(), ZeroDivisionError)
    assert pool.submit(lambda: 2).result() == 2
    pool.shutdown()
    with pytest.raises(RuntimeError):
        pool.submit(lambda: 3)
