"""Chunks in, blocks out: each block hashed and written while the next one is received.

The request's thread only receives. A small pool, shared by all uploads of the process, hashes
each whole block and hands it to the backend; both release the interpreter lock. A body of one
block or less is done in the request's thread, for a hand-over costs more than it saves.

Rule: at most `BLOCKS_IN_FLIGHT` blocks of one upload are in the pool, and one is being filled.
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
from typing import TypeAlias

from cabinet.storage.content_hash import BLOCK_SIZE, combine

# Two: a third made no upload faster on two cores and takes eight uploads at once past 160 MiB.
BLOCKS_IN_FLIGHT = 2

# A vectored write takes at most IOV_MAX (1024 on Linux) buffers. What is shorter than 16 KiB is
# therefore gathered by a copy, so that a block has at most 256 long pieces and a gathered one
# before, between and behind them; a body in whole chunks is never copied.
SHORT_PIECE = 16 << 10
PIECES_PER_BLOCK = 2 * (BLOCK_SIZE // SHORT_PIECE) + 1

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


class BlockWriter:
    """Gathers the chunks of one upload into blocks and has each hashed and written.

    Not safe for two threads. `settle` must be called before the backend closes what
    `write_block` writes to, for blocks may still be on their way when an error is raised.
    """

    def __init__(self, write_block: WriteBlock) -> None:
        self._write_block = write_block
        self._digests = bytearray()
        self._running: deque[Future[bytes]] = deque()
        self._state = threading.Condition()
        self._writing = 0
        self._settled = False
        self._pieces: list[Piece] = []
        self._start = 0
        self._filled = 0
        self._finished = False

    @property
    def offset(self) -> int:
        """Bytes taken so far; not all of them need be written yet."""
        return self._start + self._filled

    def write(self, chunks: Iterable[bytes]) -> None:
        """Take `chunks` in their order; raises what they or `write_block` raise."""
        self._refuse_when_finished()
        for chunk in chunks:
            view = memoryview(chunk)
            while view:
                if self._filled == BLOCK_SIZE:
                    self._hand_over()
                piece = view[: BLOCK_SIZE - self._filled]
                view = view[len(piece) :]
                self._add(piece)

    def finish(self) -> Measured:
        """Write what is left, wait for all blocks, and return the size and the hash.

        Called once: after it, or an error of it, `write` and `finish` raise ValueError.
        """
        self._refuse_when_finished()
        self._finished = True
        if self._filled:
            last = self._hash_and_write(self._start, self._pieces)
            # A caller may hold many finished uploads until all of them are published.
            self._pieces = []
        else:
            last = b""
        while self._running:
            self._collect()
        return Measured(self.offset, combine(bytes(self._digests) + last))

    def settle(self) -> None:
        """Wait until no thread writes for this upload any more; raises nothing."""
        wait(self._running)
        # A signal may have come between the hand-over of a block and the note of it above.
        with self._state:
            self._settled = True
            self._state.wait_for(lambda: not self._writing)

    def _refuse_when_finished(self) -> None:
        if self._finished:
            raise ValueError("finished already")

    def _add(self, piece: Piece) -> None:
        self._filled += len(piece)
        if len(piece) >= SHORT_PIECE:
            self._pieces.append(piece)
            return
        last = self._pieces[-1] if self._pieces else None
        if isinstance(last, bytearray):
            last += piece
        else:
            self._pieces.append(bytearray(piece))

    def _hand_over(self) -> None:
        if len(self._running) == BLOCKS_IN_FLIGHT:
            self._collect()
        self._running.append(_pool().submit(self._run, self._start, self._pieces))
        self._start += self._filled
        self._pieces, self._filled = [], 0

    def _collect(self) -> None:
        # Taken out only afterwards: when a signal interrupts the wait, `settle` still waits for
        # this block, and after an error no later `finish` can pass over it.
        self._digests += self._running[0].result()
        self._running.popleft()

    def _run(self, offset: int, pieces: Sequence[Piece]) -> bytes:
        with self._state:
            if self._settled:
                return b""
            self._writing += 1
        try:
            return self._hash_and_write(offset, pieces)
        finally:
            with self._state:
                self._writing -= 1
                self._state.notify_all()

    def _hash_and_write(self, offset: int, pieces: Sequence[Piece]) -> bytes:
        block = hashlib.sha256()
        for piece in pieces:
            block.update(piece)
        self._write_block(offset, pieces)
        return block.digest()
