"""Who has to go first when connections or memory run out, and the threads that come and go.

Rule: no sockets; a thread is waited for by what it does.
"""

from __future__ import annotations

import threading
from concurrent.futures import wait

import pytest

from cabinet.serving.crew import Crew
from cabinet.serving.waiting import Stage, Waiter, WaitingRoom
from cabinet.storage.memory import MemoryBudget
from tests.support.waiting import wait_until


def waiter(address: str, received: bytes = b"") -> Waiter:
    return Waiter(None, address, Stage.HEAD, 0.0, bytearray(received))


def test_the_longest_waiting_of_the_address_with_most_goes_first() -> None:
    room = WaitingRoom(MemoryBudget(1000))
    office = [waiter("office") for _ in range(3)]
    flood = [waiter("flood") for _ in range(4)]
    for one in [*office, *flood]:
        room.enter(one)

    gone = []
    while (first := room.first_to_go()) is not None:
        gone.append(first)
        room.leave(first)

    assert gone[0] is flood[0]
    # The two take turns once they have as many.
    assert sorted(map(id, gone[1:3])) == sorted(map(id, [office[0], flood[1]]))
    assert len(gone) == 7
    assert len(room) == 0


def test_whoever_holds_most_bytes_lets_go_first_and_not_the_silent() -> None:
    memory = MemoryBudget(1000)
    room = WaitingRoom(memory)
    for _ in range(10):
        room.enter(waiter("office"))
    small, large = waiter("small", b"x" * 400), [waiter("large", b"x" * 350) for _ in range(2)]
    for one in [small, large[0]]:
        room.enter(one)
    assert room.first_to_let_go() is None

    room.enter(large[1])

    assert memory.held == 1100
    assert room.first_to_let_go() is large[0]
    room.leave(large[0])
    assert room.first_to_let_go() is None
    assert memory.held == 750


def test_what_waits_keeps_half_of_the_memory_whatever_uploads_hold() -> None:
    memory = MemoryBudget(1000)
    memory.add(5000)
    room = WaitingRoom(memory)
    one, another = waiter("a", b"x" * 500), waiter("b", b"x")
    room.enter(one)
    assert room.first_to_let_go() is None

    room.enter(another)

    assert room.first_to_let_go() is one


def test_what_is_dropped_or_renamed_is_counted_once() -> None:
    memory = MemoryBudget(10)
    room = WaitingRoom(memory)
    one = waiter("proxy", b"x" * 100)
    room.enter(one)
    room.rename(one, "client")
    one.received += b"yy"
    room.recount(one)
    assert (memory.held, room.held) == (102, 102)

    one.received.clear()
    room.recount(one)
    assert room.first_to_let_go() is None
    room.leave(one)

    assert (memory.held, room.held, len(room)) == (0, 0, 0)


def threads() -> int:
    return sum(thread.name == "request" for thread in threading.enumerate())


def test_threads_come_when_they_are_needed_and_go_when_they_are_not() -> None:
    crew = Crew(3, rest=0.05)
    go = threading.Event()
    futures = [crew.submit(go.wait) for _ in range(7)]
    assert threads() == 3

    go.set()

    assert [future.result() for future in futures] == [True] * 7
    wait_until(lambda: threads() == 0, what="an empty crew")
    assert crew.submit(lambda: 1).result() == 1
    crew.shutdown()
    wait_until(lambda: threads() == 0, what="an empty crew")


def test_one_thread_does_what_comes_one_after_the_other() -> None:
    crew = Crew(8)
    names = set()
    for _ in range(20):
        names.add(crew.submit(threading.get_ident).result())
        # A result is told a moment before its thread rests.
        wait_until(lambda: bool(crew._resting))
    crew.shutdown()

    assert len(names) == 1


def test_an_error_is_the_futures_and_ends_no_thread() -> None:
    crew = Crew(1)
    failed = crew.submit(lambda: 1 // 0)
    wait([failed])

    assert isinstance(failed.exception(), ZeroDivisionError)
    assert crew.submit(lambda: 2).result() == 2
    crew.shutdown()
    with pytest.raises(RuntimeError):
        crew.submit(lambda: 3)
