"""The connections that wait in the poller, grouped by client address, and which to evict first.

Rule: no sockets and no clock; the worker passes in bytes and times. An eviction costs about the
same with ten connections as with ten thousand.
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

    HANDSHAKE = auto()  # the TLS handshake
    HEAD = auto()
    BODY = auto()
    UNREAD_RESPONSES = auto()  # the peer has not read earlier responses, and another one would block a thread
    THREAD = auto()  # the request is ready, but all threads are busy
    LINGERING = auto()  # lingering close: after the response, input is discarded until the peer closes


# Stages in which a request is being received.
SENDING = {Stage.HEAD, Stage.BODY}


@dataclass(eq=False, slots=True)
class WaitingConnection:
    """A connection without a thread; `conn` is gunicorn's, `deadline` is on the monotonic clock."""

    conn: Any
    address: str
    stage: Stage
    deadline: float
    # The received bytes of the next request; how many of them were searched for its end; how many are counted.
    received: bytearray = field(default_factory=bytearray)
    searched: int = 0
    counted: int = 0
    head: Head | None = None
    # The parser of a chunked body; it was fed the bytes between the headers and `searched`.
    chunks: Chunked | None = None
    drained: int = 0
    # Whether the connection is kept alive after an earlier response, and may be idle.
    is_kept: bool = False
    is_watched: bool = False


class _WeightedGroups:
    """Weighted connections by address, in order of arrival."""

    def __init__(self) -> None:
        self._members: dict[str, dict[WaitingConnection, None]] = {}
        self._weights: dict[str, int] = {}
        # A heap with the heaviest address first; entries that differ from `_weights` are stale.
        self._ranks: list[tuple[int, str]] = []

    def add(self, waiter: WaitingConnection, weight: int) -> None:
        """Add `weight` to `waiter`."""
        self._members.setdefault(waiter.address, {})[waiter] = None
        self._weigh(waiter.address, self._weights.get(waiter.address, 0) + weight)

    def remove(self, waiter: WaitingConnection, weight: int) -> None:
        """Remove `waiter` and its `weight`."""
        members = self._members.get(waiter.address, {})
        if waiter not in members:
            return
        del members[waiter]
        if members:
            self._weigh(waiter.address, self._weights[waiter.address] - weight)
        else:
            del self._members[waiter.address], self._weights[waiter.address]

    def oldest_of_heaviest(self) -> WaitingConnection | None:
        """Return the oldest member of the heaviest address."""
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


class WaitingConnections:
    """All waiting connections; their received bytes are counted in `memory`."""

    def __init__(self, memory: MemoryBudget) -> None:
        self._memory = memory
        self._waiters: dict[WaitingConnection, None] = {}
        self._all = _WeightedGroups()
        self._buffering = _WeightedGroups()
        self.held = 0

    def __len__(self) -> int:
        return len(self._waiters)

    def __iter__(self) -> Iterator[WaitingConnection]:
        return iter(list(self._waiters))

    def __contains__(self, waiter: WaitingConnection) -> bool:
        return waiter in self._waiters

    def add(self, waiter: WaitingConnection) -> None:
        """Add `waiter` with the bytes it has received so far."""
        self._waiters[waiter] = None
        self._all.add(waiter, 1)
        self.recount(waiter)

    def recount(self, waiter: WaitingConnection) -> None:
        """Update the count of the bytes of `waiter`."""
        size = len(waiter.received) - waiter.counted
        if not size:
            return
        if waiter.received:
            self._buffering.add(waiter, size)
        else:
            self._buffering.remove(waiter, waiter.counted)
        self._take(waiter, size)

    def change_address(self, waiter: WaitingConnection, address: str) -> None:
        """Move `waiter` to another address, as reported by a proxy."""
        self.remove(waiter)
        waiter.address = address
        self.add(waiter)

    def remove(self, waiter: WaitingConnection) -> None:
        """Remove `waiter`."""
        del self._waiters[waiter]
        self._all.remove(waiter, 1)
        self._buffering.remove(waiter, waiter.counted)
        self._take(waiter, -waiter.counted)

    def next_to_evict(self) -> WaitingConnection | None:
        """Return the connection to evict: the oldest of the address with most connections."""
        return self._all.oldest_of_heaviest()

    def next_to_evict_for_memory(self) -> WaitingConnection | None:
        """Return the connection to evict for memory: the oldest with bytes of the address with most bytes.

        None while memory suffices. Running uploads flush their buffers earlier, and waiting
        connections may always use half of the memory.
        """
        if not self._memory.is_full or self.held <= self._memory.limit // 2:
            return None
        return self._buffering.oldest_of_heaviest()

    def _take(self, waiter: WaitingConnection, size: int) -> None:
        if size:
            waiter.counted += size
            self.held += size
            self._memory.add(size)
