"""Bytes on their way: cut into chunks, counted, limited, hashed as they pass.

A chunk is one `bytes` object of at most `CHUNK_SIZE`. Whoever receives it owns it, and nobody
changes it, so that blocks can be hashed and written elsewhere without a copy.

An empty one says that nothing has come for a while: whoever holds earlier ones back lets them go.

Rule: never hold more than one chunk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from cabinet.errors import TooLarge, TruncatedBody

# 1 MiB: reading 8 KiB at a time costs a production server five times as much, and more than
# 1 MiB gains nothing but memory.
CHUNK_SIZE = 1 << 20

# One that is hashed and one that waits: more does not make it faster.
CHUNKS_BEHIND = 2


class Reader(Protocol):
    """Anything with a `read`, empty at the end; None says that nothing has come for a while."""

    def read(self, size: int, /) -> bytes | None: ...


class Hasher(Protocol):
    """Anything that takes bytes in order, such as the objects of hashlib."""

    def update(self, data: bytes, /) -> None: ...


def iter_stream(stream: Reader, size: int = CHUNK_SIZE) -> Iterator[bytes]:
    """Yield chunks until `stream` ends; the stream stays open and belongs to the caller."""
    while (chunk := stream.read(size)) != b"":
        yield chunk or b""


def read_up_to(stream: Reader, most: int) -> bytes:
    """Return the next `most` bytes of `stream`, fewer only at its end, however it cuts them."""
    pieces = []
    while most and (piece := stream.read(most)):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def iter_exactly(stream: Reader, length: int, size: int = CHUNK_SIZE) -> Iterator[bytes]:
    """Yield chunks of the next `length` bytes of `stream`, and never read past them.

    Raises `TruncatedBody` when the stream ends early: what was yielded until then is not whole.
    """
    remaining = length
    while remaining:
        chunk = stream.read(min(size, remaining))
        if chunk == b"":
            raise TruncatedBody(expected=length, received=length - remaining)
        chunk = chunk or b""
        remaining -= len(chunk)
        yield chunk


def iter_limited(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Pass `chunks` on; raise `TooLarge` instead of passing byte number `limit` + 1."""
    received = 0
    for chunk in chunks:
        received += len(chunk)
        if received > limit:
            raise TooLarge(limit=limit)
        yield chunk


class HasherAside:
    """Feeds a hasher from a thread of its own, so that whoever receives the chunks need not wait.

    At most `CHUNKS_BEHIND` of them are held back for it. Used by one thread; `close` it.
    """

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher
        self._running: deque[Future[None]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hash")

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""
        if len(self._running) == CHUNKS_BEHIND:
            self._running.popleft().result()
        self._running.append(self._thread.submit(self._hasher.update, data))

    def close(self) -> None:
        """Wait until the hasher has all that was taken, and end the thread."""
        self._thread.shutdown()


def iter_hashed(chunks: Iterable[bytes], *hashers: Hasher) -> Iterator[bytes]:
    """Pass `chunks` on and feed each to every one of `hashers` first."""
    for chunk in chunks:
        for hasher in hashers:
            hasher.update(chunk)
        yield chunk
