"""Group chunks into blocks, and hash and write each block while the next one is received.

The request's thread only receives. A small pool, shared by all uploads of the process, hashes
each full block and passes it to the backend; both release the GIL. A body of one block or less is
processed in the request's thread, because a thread switch costs more than it saves.

A resumed upload continues inside a block: the bytes of that block that are already written are
hashed again, but not written again.

A partial block can be flushed at any time: its buffered bytes are written and hashed. This happens
when the sender stalls, and after each chunk while memory is scarce.

Rule: at most `BLOCKS_IN_FLIGHT` blocks of one upload are in the pool while one more is being filled.
Buffered bytes are counted in `UPLOAD_MEMORY` until they are written or the upload ends.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias, TypeVar

from cabinet.storage.chunks import Chunk
from cabinet.storage.content_hash import BLOCK_SIZE, DIGEST_SIZE, combine
from cabinet.storage.memory import UPLOAD_MEMORY

# A third block made no upload faster on two cores, and brought eight concurrent uploads above 160 MiB.
BLOCKS_IN_FLIGHT = 2

# A vectored write takes at most IOV_MAX (1024 on Linux) buffers. Pieces shorter than 16 KiB are
# therefore copied together, so that a block has at most 256 long pieces and one copied piece
# before, between and after them. A body in full chunks is never copied.
SHORT_PIECE = 16 << 10
PIECES_PER_BLOCK = 2 * (BLOCK_SIZE // SHORT_PIECE) + 1

T = TypeVar("T")

Piece: TypeAlias = bytes | bytearray | memoryview

# Writes the pieces, in order, at an offset; called from several threads at once.
WriteBlock: TypeAlias = Callable[[int, Sequence[Piece]], None]


@dataclass(frozen=True, slots=True)
class SizeAndHash:
    """The size in bytes and the content hash of a complete upload."""

    size: int
    content_hash: str


@cache
def _pool() -> ThreadPoolExecutor:
    """Return this process's thread pool; it is created on first use, so after any fork."""
    return ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1), thread_name_prefix="block")


os.register_at_fork(after_in_child=_pool.cache_clear)


def in_background(work: Callable[[], T]) -> Future[T]:
    """Run `work` in the pool; it must not wait for other work of the pool."""
    return _pool().submit(work)


class _Block:
    """At most `BLOCK_SIZE` bytes. `_pieces` are not yet hashed or written; `head` is already both."""

    def __init__(self, head: bytes = b"") -> None:
        self._hash = hashlib.sha256(head)
        self._done = len(head)
        self._pieces: list[Piece] = []
        self.size = len(head)

    def add(self, piece: Piece) -> None:
        """Buffer the next bytes."""
        self.size += len(piece)
        UPLOAD_MEMORY.add(len(piece))
        last = self._pieces[-1] if self._pieces else None
        if len(piece) >= SHORT_PIECE:
            self._pieces.append(piece)
        elif isinstance(last, bytearray):
            last += piece
        else:
            self._pieces.append(bytearray(piece))

    def digest(self) -> bytes:
        """Return the digest of the bytes so far, or empty bytes for an empty block."""
        digest = self._hash.copy()
        for piece in self._pieces:
            digest.update(piece)
        return digest.digest() if self.size else b""

    def flush(self, write_block: WriteBlock, start: int) -> None:
        """Write and hash the buffered bytes, and release them; `start` is the offset of the block."""
        if self._pieces:
            # Hashed only after the write: after a full disk the same bytes are written again.
            write_block(start + self._done, self._pieces)
            for piece in self._pieces:
                self._hash.update(piece)
            self.discard()

    def discard(self) -> None:
        """Release the buffered bytes, written or not."""
        UPLOAD_MEMORY.add(self._done - self.size)
        self._done = self.size
        self._pieces = []


class BlockWriter:
    """Groups the chunks of one upload into blocks, and hashes and writes each block.

    `start` is the offset of the first block, and `head` the bytes of it that are already written.

    Not thread-safe. Call `settle` before closing the file that `write_block` writes to, because
    blocks may still be in flight when an error is raised.
    """

    def __init__(self, write_block: WriteBlock, start: int = 0, head: bytes = b"") -> None:
        self._write_block = write_block
        self._digests = bytearray()
        self._running: deque[Future[bytes]] = deque()
        self._state = threading.Condition()
        self._writing = 0
        self._settled = False
        self._start = start
        self._block = _Block(head)
        self._finished = False

    @property
    def offset(self) -> int:
        """The offset after the last byte taken; not all of these bytes are necessarily written."""
        return self._start + self._block.size

    @property
    def whole_blocks(self) -> int:
        """The number of full blocks written, counted from `start`."""
        return len(self._digests) // DIGEST_SIZE

    def digests(self, skip: int = 0) -> bytes:
        """Return the concatenated digests of the full, written blocks after the first `skip`."""
        return bytes(self._digests[skip * DIGEST_SIZE :])

    def write(self, chunks: Iterable[Chunk]) -> None:
        """Process `chunks` in order; raises what they or `write_block` raise.

        Flushes the buffered bytes on an empty chunk, and before each chunk while memory is scarce.
        """
        self._refuse_when_finished()
        for chunk in chunks:
            if not chunk or UPLOAD_MEMORY.is_scarce:
                self._block.flush(self._write_block, self._start)
            self._take(chunk)

    def _take(self, chunk: Chunk) -> None:
        view = memoryview(chunk)
        while view:
            if self._block.size == BLOCK_SIZE:
                self._hand_over()
            piece = view[: BLOCK_SIZE - self._block.size]
            view = view[len(piece) :]
            self._block.add(piece)

    def flush(self) -> None:
        """Write all bytes taken so far, including the partial block, and wait until that is done."""
        self._refuse_when_finished()
        if self._block.size == BLOCK_SIZE:
            self._hand_over()
        while self._running:
            self._collect()
        self._block.flush(self._write_block, self._start)

    def content_hash(self) -> str:
        """Write everything taken since `start`, and return its content hash."""
        self.flush()
        return combine(self.digests() + self._block.digest())

    def finish(self) -> SizeAndHash:
        """Write the remaining bytes, wait for all blocks, and return the size and the hash.

        Call it once: afterwards, even if it raised, `write` and `finish` raise ValueError.
        """
        self._refuse_when_finished()
        self._finished = True
        size = self.offset
        self._block.flush(self._write_block, self._start)
        last = self._block.digest()
        self._start, self._block = size, _Block()
        while self._running:
            self._collect()
        self._digests += last
        return SizeAndHash(size, combine(bytes(self._digests)))

    def settle(self) -> None:
        """Wait until no thread writes for this upload, and release the buffered bytes; never raises."""
        wait(self._running)
        # A signal may have interrupted `_hand_over` after `submit` and before the append.
        with self._state:
            self._settled = True
            self._state.wait_for(lambda: not self._writing)
        self._block.discard()

    def _refuse_when_finished(self) -> None:
        if self._finished:
            raise ValueError("finished already")

    def _hand_over(self) -> None:
        if len(self._running) == BLOCKS_IN_FLIGHT:
            self._collect()
        self._running.append(_pool().submit(self._run, self._block, self._start))
        self._start += self._block.size
        self._block = _Block()

    def _collect(self) -> None:
        # Removed only afterwards: when a signal interrupts the wait, `settle` still waits for
        # this block, and after an error a later `finish` cannot skip it.
        self._digests += self._running[0].result()
        self._running.popleft()

    def _run(self, block: _Block, start: int) -> bytes:
        with self._state:
            if self._settled:
                block.discard()
                return b""
            self._writing += 1
        try:
            block.flush(self._write_block, start)
            return block.digest()
        finally:
            block.discard()
            with self._state:
                self._writing -= 1
                self._state.notify_all()
