"""The connections that wait in the poller, by whose they are, and which of them has to go first.

Rule: no sockets and no clock; the worker says what came and what time it is. An eviction costs
about the same with ten connections as with ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from heapq import heapify, heappop, heappush
from typing import Any

from cabinet.storage.memory import MemoryBudget
from cabinet.web.framing import Chunked, Head


class Stage(Enum):
    """What a connection waits for."""

    HANDSHAKE = auto()  # of TLS
    HEAD = auto()
    BODY = auto()
    ANSWERS = auto()  # its peer has not taken those before, and another one would keep a thread waiting
    THREAD = auto()  # it has all that it needs, but every thread is busy
    END = auto()  # it was answered; what still comes is read and forgotten until the peer closes


# Of these a request is still on its way.
SENDING = {Stage.HEAD, Stage.BODY}


@dataclass(eq=False, slots=True)
class Waiter:
    """One connection that no thread has; `conn` is gunicorn's, `deadline` a moment of the monotonic clock."""

    conn: Any
    address: str
    stage: Stage
    deadline: float
    # What has come of the next request; how much of it was searched for an end, and is counted here.
    received: bytearray = field(default_factory=bytearray)
    searched: int = 0
    counted: int = 0
    head: Head | None = None
    # Of a chunked body, fed with what lies behind the head and before `searched`.
    chunks: Chunked | None = None
    drained: int = 0
    # Whether it had an answer before, and so has time until it sends anything.
    is_kept: bool = False
    is_watched: bool = False


class _Crowd:
    """Waiters by address, each with a weight, the first that came first."""

    def __init__(self) -> None:
        self._members: dict[str, dict[Waiter, None]] = {}
        self._weights: dict[str, int] = {}
        # The heaviest address first; an entry counts while it says what `_weights` says.
        self._ranks: list[tuple[int, str]] = []

    def add(self, waiter: Waiter, weight: int) -> None:
        """Let `waiter` weigh so much more."""
        self._members.setdefault(waiter.address, {})[waiter] = None
        self._weigh(waiter.address, self._weights.get(waiter.address, 0) + weight)

    def remove(self, waiter: Waiter, weight: int) -> None:
        """Forget `waiter`, which weighed so much."""
        members = self._members.get(waiter.address, {})
        if waiter not in members:
            return
        del members[waiter]
        if members:
            self._weigh(waiter.address, self._weights[waiter.address] - weight)
        else:
            del self._members[waiter.address], self._weights[waiter.address]

    def longest_of_heaviest(self) -> Waiter | None:
        """Return the member that came first of the address that weighs most."""
        while self._ranks:
            weight, address = self._ranks[0]
            if self._weights.get(address) == -weight:
                return next(iter(self._members[address]))
            heappop(self._ranks)
        return None

    def _weigh(self, address: str, weight: int) -> None:
        self._weights[address] = weight
        heappush(self._ranks, (-weight, address))
        if len(self._ranks) > 64 + 4 * len(self._weights):
            self._ranks = [(-weight, address) for address, weight in self._weights.items()]
            heapify(self._ranks)


class WaitingRoom:
    """All connections that wait; the bytes that they hold are counted in `memory`."""

    def __init__(self, memory: MemoryBudget) -> None:
        self._memory = memory
        self._waiters: dict[Waiter, None] = {}
        self._everybody = _Crowd()
        self._holders = _Crowd()
        self.held = 0

    def __len__(self) -> int:
        return len(self._waiters)

    def __iter__(self) -> Iterator[Waiter]:
        return iter(list(self._waiters))

    def __contains__(self, waiter: Waiter) -> bool:
        return waiter in self._waiters

    def enter(self, waiter: Waiter) -> None:
        """Let `waiter` wait, with what it has received so far."""
        self._waiters[waiter] = None
        self._everybody.add(waiter, 1)
        self.recount(waiter)

    def recount(self, waiter: Waiter) -> None:
        """Count what `waiter` has received, or dropped, meanwhile."""
        size = len(waiter.received) - waiter.counted
        if not size:
            return
        if waiter.received:
            self._holders.add(waiter, size)
        else:
            self._holders.remove(waiter, waiter.counted)
        self._take(waiter, size)

    def rename(self, waiter: Waiter, address: str) -> None:
        """Count `waiter` for another address, whose it has turned out to be."""
        self.leave(waiter)
        waiter.address = address
        self.enter(waiter)

    def leave(self, waiter: Waiter) -> None:
        """Forget `waiter`."""
        del self._waiters[waiter]
        self._everybody.remove(waiter, 1)
        self._holders.remove(waiter, waiter.counted)
        self._take(waiter, -waiter.counted)

    def first_to_go(self) -> Waiter | None:
        """Return the one that waits longest of the address that has most connections here."""
        return self._everybody.longest_of_heaviest()

    def first_to_let_go(self) -> Waiter | None:
        """Return the one that waits longest, with bytes, of the address that has most bytes here.

        None while memory suffices. Uploads under way let go earlier, and what waits keeps half of the
        memory whatever they hold.
        """
        if not self._memory.is_full or self.held <= self._memory.limit // 2:
            return None
        return self._holders.longest_of_heaviest()

    def _take(self, waiter: Waiter, size: int) -> None:
        if size:
            waiter.counted += size
            self.held += size
            self._memory.add(size)
