"""Chunks in, blocks out: each block hashed and written while the next one is received.

The request's thread only receives. A small pool, shared by all uploads of the process, hashes
each whole block and hands it to the backend; both release the interpreter lock. A body of one
block or less is done in the request's thread, for a hand-over costs more than it saves.

An upload that is resumed goes on inside a block: the bytes of it that are written already are
hashed again, and not written again.

Whoever holds a block may let go of it at any time: it is hashed as far as it has come, and written.
That happens when nothing comes for a while, and from piece to piece while memory is scarce.

Rule: at most `BLOCKS_IN_FLIGHT` blocks of one upload are in the pool, and one is being filled; what
is held is counted, until it is written or the upload ends.
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

from cabinet.storage.content_hash import BLOCK_SIZE, DIGEST_SIZE, combine
from cabinet.storage.memory import UPLOADS

# Two: a third made no upload faster on two cores and takes eight uploads at once past 160 MiB.
BLOCKS_IN_FLIGHT = 2

# A vectored write takes at most IOV_MAX (1024 on Linux) buffers. What is shorter than 16 KiB is
# therefore gathered by a copy, so that a block has at most 256 long pieces and a gathered one
# before, between and behind them; a body in whole chunks is never copied.
SHORT_PIECE = 16 << 10
PIECES_PER_BLOCK = 2 * (BLOCK_SIZE // SHORT_PIECE) + 1

T = TypeVar("T")

Piece: TypeAlias = bytes | bytearray | memoryview

# Writes the pieces, in their order, at an offset; called from several threads at once.
WriteBlock: TypeAlias = Callable[[int, Sequence[Piece]], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of bytes once all of them are written: how many, and their content hash."""

    size: int
    content_hash: str


@cache
def _pool() -> ThreadPoolExecutor:
    """Return this process's pool, made at its first large upload and so after any fork."""
    return ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1), thread_name_prefix="block")


os.register_at_fork(after_in_child=_pool.cache_clear)


def in_background(work: Callable[[], T]) -> Future[T]:
    """Do `work`, which waits for nothing else of this pool, beside what the caller does next."""
    return _pool().submit(work)


class _Block:
    """At most `BLOCK_SIZE` bytes; those in `_pieces` are neither hashed nor written, and `head` is both."""

    def __init__(self, head: bytes = b"") -> None:
        self._hash = hashlib.sha256(head)
        self._done = len(head)
        self._pieces: list[Piece] = []
        self.size = len(head)

    def add(self, piece: Piece) -> None:
        """Take the next bytes."""
        self.size += len(piece)
        UPLOADS.take(len(piece))
        last = self._pieces[-1] if self._pieces else None
        if len(piece) >= SHORT_PIECE:
            self._pieces.append(piece)
        elif isinstance(last, bytearray):
            last += piece
        else:
            self._pieces.append(bytearray(piece))

    def digest(self) -> bytes:
        """Return the digest of what is there; that of nothing is nothing."""
        digest = self._hash.copy()
        for piece in self._pieces:
            digest.update(piece)
        return digest.digest() if self.size else b""

    def let_go(self, write_block: WriteBlock, start: int) -> None:
        """Hash and write what is held, the block beginning at `start`, and hold it no more."""
        if self._pieces:
            # Hashed only once it is written, for after a full disk it is tried again.
            write_block(start + self._done, self._pieces)
            for piece in self._pieces:
                self._hash.update(piece)
            self.drop()

    def drop(self) -> None:
        """Hold nothing more, whether it is written or not."""
        UPLOADS.take(self._done - self.size)
        self._done = self.size
        self._pieces = []


class BlockWriter:
    """Gathers the chunks of one upload into blocks and has each hashed and written.

    `start` is the offset of the block that comes first, and `head` what is already written of it.

    Not safe for two threads. `settle` must be called before the backend closes what
    `write_block` writes to, for blocks may still be on their way when an error is raised.
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
        """Bytes taken so far; not all of them need be written yet."""
        return self._start + self._block.size

    @property
    def whole_blocks(self) -> int:
        """How many blocks, from `start` on, are whole and written."""
        return len(self._digests) // DIGEST_SIZE

    def digests(self, skip: int = 0) -> bytes:
        """Return the digests of the whole and written blocks but the first `skip`, strung together."""
        return bytes(self._digests[skip * DIGEST_SIZE :])

    def write(self, chunks: Iterable[bytes]) -> None:
        """Take `chunks` in their order; raises what they or `write_block` raise.

        What is held is let go at an empty chunk, and while memory is scarce.
        """
        self._refuse_when_finished()
        for chunk in chunks:
            if not chunk or UPLOADS.is_scarce:
                self._block.let_go(self._write_block, self._start)
            self._take(chunk)

    def _take(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        while view:
            if self._block.size == BLOCK_SIZE:
                self._hand_over()
            piece = view[: BLOCK_SIZE - self._block.size]
            view = view[len(piece) :]
            self._block.add(piece)

    def flush(self) -> None:
        """Wait until all that was taken is written, the block that is not yet full included."""
        self._refuse_when_finished()
        if self._block.size == BLOCK_SIZE:
            self._hand_over()
        while self._running:
            self._collect()
        self._block.let_go(self._write_block, self._start)

    def content_hash(self) -> str:
        """Return the content hash of what was taken from `start` on; all of it is written then."""
        self.flush()
        return combine(self.digests() + self._block.digest())

    def finish(self) -> Measured:
        """Write what is left, wait for all blocks, and return the size and the hash.

        Called once: after it, or an error of it, `write` and `finish` raise ValueError.
        """
        self._refuse_when_finished()
        self._finished = True
        size = self.offset
        self._block.let_go(self._write_block, self._start)
        last = self._block.digest()
        self._start, self._block = size, _Block()
        while self._running:
            self._collect()
        self._digests += last
        return Measured(size, combine(bytes(self._digests)))

    def settle(self) -> None:
        """Wait until no thread writes for this upload any more, and let go of what is held; raises nothing."""
        wait(self._running)
        # A signal may have come between the hand-over of a block and the note of it above.
        with self._state:
            self._settled = True
            self._state.wait_for(lambda: not self._writing)
        self._block.drop()

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
        # Taken out only afterwards: when a signal interrupts the wait, `settle` still waits for
        # this block, and after an error no later `finish` can pass over it.
        self._digests += self._running[0].result()
        self._running.popleft()

    def _run(self, block: _Block, start: int) -> bytes:
        with self._state:
            if self._settled:
                block.drop()
                return b""
            self._writing += 1
        try:
            block.let_go(self._write_block, start)
            return block.digest()
        finally:
            block.drop()
            with self._state:
                self._writing -= 1
                self._state.notify_all()
