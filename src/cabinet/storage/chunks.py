"""Iterators over chunks of a stream: read, limit and hash them as they pass.

A chunk is at most `CHUNK_SIZE` bytes, or a view of so many in a buffer. Nobody changes them while
the chunk or a part of it is referenced, so that blocks can be hashed and written in other threads
without a copy.

An empty chunk means that the sender has stalled: a consumer that buffers chunks flushes them.

Rule: never hold more than one chunk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeAlias, TypeVar

from cabinet.errors import TooLarge, TruncatedBody

# 1 MiB: reading 8 KiB at a time costs a production server five times as much, and more than
# 1 MiB gains nothing but memory.
CHUNK_SIZE = 1 << 20

# One chunk being hashed and one waiting; more made nothing faster.
MAX_PENDING_CHUNKS = 2


Chunk: TypeAlias = bytes | memoryview

C = TypeVar("C", bound=Chunk)
C_co = TypeVar("C_co", bound=Chunk, covariant=True)


class Reader(Protocol[C_co]):
    """An object with a `read` that returns empty bytes at the end, and None when the sender has stalled."""

    def read(self, size: int, /) -> C_co | None: ...


class Hasher(Protocol):
    """An object that consumes bytes in order, such as those of hashlib."""

    def update(self, data: Chunk, /) -> None: ...


def iter_stream(stream: Reader[C], size: int = CHUNK_SIZE) -> Iterator[C | bytes]:
    """Yield chunks until `stream` ends; the stream stays open and belongs to the caller."""
    while (chunk := stream.read(size)) != b"":
        yield chunk or b""


def read_up_to(stream: Reader[Chunk], most: int) -> bytes:
    """Return the next `most` bytes of `stream`, fewer only at its end; short reads are repeated."""
    pieces = []
    while most and (piece := stream.read(most)):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def iter_exactly(stream: Reader[C], length: int, size: int = CHUNK_SIZE) -> Iterator[C | bytes]:
    """Yield chunks of the next `length` bytes of `stream`, and never read past them.

    Raises `TruncatedBody` when the stream ends early; the chunks yielded so far are incomplete.
    """
    remaining = length
    while remaining:
        chunk = stream.read(min(size, remaining))
        if chunk == b"":
            raise TruncatedBody(expected=length, received=length - remaining)
        remaining -= len(chunk or b"")
        yield chunk or b""


def iter_limited(chunks: Iterable[C], limit: int) -> Iterator[C]:
    """Yield `chunks`; raise `TooLarge` instead of yielding byte number `limit` + 1."""
    received = 0
    for chunk in chunks:
        received += len(chunk)
        if received > limit:
            raise TooLarge(limit=limit)
        yield chunk


class BackgroundHasher:
    """Feeds a hasher in a background thread, so that the thread that receives chunks need not wait.

    At most `MAX_PENDING_CHUNKS` are queued. Not thread-safe; call `close` at the end.
    """

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher
        self._running: deque[Future[None]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hash")

    def update(self, data: Chunk, /) -> None:
        """Queue the next bytes; waits while the queue is full."""
        if len(self._running) == MAX_PENDING_CHUNKS:
            self._running.popleft().result()
        self._running.append(self._thread.submit(self._hasher.update, data))

    def close(self) -> None:
        """Wait until the hasher has consumed everything, and end the thread."""
        self._thread.shutdown()


def iter_hashed(chunks: Iterable[C], *hashers: Hasher) -> Iterator[C]:
    """Yield `chunks`, feeding each to all `hashers` first."""
    for chunk in chunks:
        for hasher in hashers:
            hasher.update(chunk)
        yield chunk
