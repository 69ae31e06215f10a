"""BlockWriter: no byte is lost, buffers are flushed, and no thread keeps running."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cabinet.storage import blocks
from cabinet.storage.blocks import (
    BLOCKS_IN_FLIGHT,
    PIECES_PER_BLOCK,
    SHORT_PIECE,
    BlockWriter,
    Piece,
    SizeAndHash,
)
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from tests.support.contents import SIZES, content_of, in_chunks, then_fail

# Long enough for any machine; reached only by a test that fails.
DEADLINE = 60.0


class Disk:
    """Records what is written, and by which thread; a block at an offset in `broken` fails.

    Nothing is written before `ready` is set.
    """

    def __init__(self, broken: Sequence[int] = ()) -> None:
        self.written: dict[int, bytes] = {}
        self.pieces: dict[int, Sequence[Piece]] = {}
        self.threads: set[str] = set()
        self.ready = threading.Event()
        self.ready.set()
        self._broken = broken

    def write_block(self, offset: int, pieces: Sequence[Piece]) -> None:
        assert self.ready.wait(DEADLINE)
        if offset in self._broken:
            raise OSError(f"no block at {offset}")
        self.pieces[offset] = pieces
        self.threads.add(threading.current_thread().name)
        self.written[offset] = b"".join(pieces)

    @property
    def content(self) -> bytes:
        """The written bytes; asserts that there is no gap."""
        found = b""
        for offset in sorted(self.written):
            assert offset == len(found)
            found += self.written[offset]
        return found


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.mark.parametrize("size", SIZES)
def test_all_bytes_are_written_counted_and_hashed(disk: Disk, size: int) -> None:
    content = content_of(size)
    writer = BlockWriter(disk.write_block)

    writer.write(in_chunks(content))

    assert SizeAndHash(size, hash_chunks([content])) == writer.finish()
    assert content == disk.content
    assert size == writer.offset


# Both sides of the boundaries of a piece, a chunk and a block, and sizes that share no factor with them.
LENGTHS = st.sampled_from(
    [0, 1, 7, SHORT_PIECE - 1, SHORT_PIECE, 65_521, 1 << 20, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1]
)


@settings(max_examples=25)  # each moves some 20 MiB
@given(lengths=st.lists(st.lists(LENGTHS, max_size=6), max_size=3))
def test_chunk_boundaries_do_not_change_what_is_written(lengths: list[list[int]]) -> None:
    disk = Disk()
    writer = BlockWriter(disk.write_block)
    content = content_of(sum(map(sum, lengths)))

    stop = 0
    for request in lengths:
        chunks = [
            content[stop + sum(request[:n]) : stop + sum(request[: n + 1])] for n in range(len(request))
        ]
        writer.write(chunks)
        stop += sum(request)
        assert stop == writer.offset

    assert SizeAndHash(len(content), hash_chunks([content])) == writer.finish()
    assert content == disk.content


def test_a_body_of_one_block_is_written_by_the_calling_thread(disk: Disk) -> None:
    writer = BlockWriter(disk.write_block)

    writer.write(in_chunks(content_of(BLOCK_SIZE)))
    writer.finish()

    assert {threading.current_thread().name} == disk.threads


def test_a_longer_body_is_written_by_the_pool(disk: Disk) -> None:
    writer = BlockWriter(disk.write_block)

    writer.write(in_chunks(content_of(2 * BLOCK_SIZE + 1)))
    writer.settle()

    assert {0, BLOCK_SIZE} == disk.written.keys()
    assert all(name.startswith("block") for name in disk.threads)


@pytest.mark.parametrize("size", [SHORT_PIECE, 65_536, 1 << 20, BLOCK_SIZE + 1])
def test_a_long_chunk_is_never_copied(disk: Disk, size: int) -> None:
    chunks = list(in_chunks(content_of(size), size))
    writer = BlockWriter(disk.write_block)

    writer.write(chunks)
    writer.finish()

    assert any(isinstance(piece, memoryview) and piece.obj is chunks[0] for piece in disk.pieces[0])


def test_tiny_chunks_are_gathered_into_one_piece(disk: Disk) -> None:
    content = content_of(4 * PIECES_PER_BLOCK)
    writer = BlockWriter(disk.write_block)

    writer.write(in_chunks(content, 1))
    writer.finish()

    assert (content, 1) == (disk.content, len(disk.pieces[0]))


def test_the_worst_mix_of_chunk_sizes_fits_one_vectored_write(disk: Disk) -> None:
    content = content_of(BLOCK_SIZE)
    pairs = list(in_chunks(content, SHORT_PIECE + 1))
    chunks = [part for pair in pairs for part in (pair[:1], pair[1:])]
    writer = BlockWriter(disk.write_block)

    writer.write(chunks)
    writer.finish()

    assert content == disk.content
    assert len(pairs) <= len(disk.pieces[0]) <= PIECES_PER_BLOCK <= os.sysconf("SC_IOV_MAX")


class LazyPool:
    """A pool that processes a block only when its future is waited for."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most = 0

    def submit(self, work: Callable[..., bytes], *arguments: object) -> Future[bytes]:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        pool = self

        class Lazy(Future[bytes]):
            def result(self, timeout: float | None = None) -> bytes:
                pool.waiting -= 1
                return work(*arguments)

        return Lazy()


def test_a_slow_disk_slows_the_sender_down(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = LazyPool()
    monkeypatch.setattr(blocks, "_pool", lambda: pool)
    writer = BlockWriter(disk.write_block)
    content = content_of(6 * BLOCK_SIZE + 1)

    writer.write(in_chunks(content))

    assert pool.most == BLOCKS_IN_FLIGHT
    assert SizeAndHash(len(content), hash_chunks([content])) == writer.finish()
    assert content == disk.content


def test_an_error_in_the_pool_is_raised_by_a_later_write() -> None:
    disk = Disk(broken=[0])
    writer = BlockWriter(disk.write_block)
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield content_of(BLOCK_SIZE)

    with pytest.raises(OSError, match="no block at 0"):
        writer.write(endless())
    writer.settle()
    # The blocks in flight, the full one, and the next one.
    assert taken <= BLOCKS_IN_FLIGHT + 2


@pytest.mark.parametrize("broken", [0, BLOCK_SIZE, 2 * BLOCK_SIZE])
def test_finish_raises_the_error_of_any_block(broken: int) -> None:
    writer = BlockWriter(Disk(broken=[broken]).write_block)
    writer.write(in_chunks(content_of(2 * BLOCK_SIZE + 1)))

    with pytest.raises(OSError, match=f"no block at {broken}"):
        writer.finish()
    writer.settle()


def test_finish_raises_again_after_write_has_raised() -> None:
    writer = BlockWriter(Disk(broken=[0]).write_block)

    with pytest.raises(OSError, match="no block at 0"):
        writer.write(in_chunks(content_of(5 * BLOCK_SIZE)))
    with pytest.raises(OSError, match="no block at 0"):
        writer.finish()
    writer.settle()


def test_write_and_finish_raise_after_finish(disk: Disk) -> None:
    writer = BlockWriter(disk.write_block)
    writer.write([b"content"])
    writer.finish()

    with pytest.raises(ValueError, match="finished"):
        writer.write([b"more"])
    with pytest.raises(ValueError, match="finished"):
        writer.finish()
    assert disk.content == b"content"


def test_an_error_of_the_chunks_is_raised_and_settle_waits_for_blocks(disk: Disk) -> None:
    writer = BlockWriter(disk.write_block)
    disk.ready.clear()

    with pytest.raises(ConnectionResetError):
        writer.write(then_fail(content_of(12 << 20), 12, ConnectionResetError()))
    assert not disk.written
    threading.Timer(0.05, disk.ready.set).start()
    writer.settle()

    assert {0, BLOCK_SIZE} == disk.written.keys()


def test_settle_raises_no_errors() -> None:
    writer = BlockWriter(Disk(broken=[0, BLOCK_SIZE]).write_block)
    writer.write(in_chunks(content_of(2 * BLOCK_SIZE + 1)))

    writer.settle()

    assert [block.done() for block in writer._running] == [True, True]


class Interrupted(Exception):
    """An exception raised by a signal handler, as by Ctrl-C or a worker's timeout."""


class InterruptedWait(Future[bytes]):
    """A block in flight; a signal arrives while it is waited for."""

    def result(self, timeout: float | None = None) -> bytes:
        raise Interrupted


class SlowPool:
    """A pool that accepts blocks and finishes none."""

    def __init__(self) -> None:
        self.taken: list[InterruptedWait] = []

    def submit(self, task: Callable[..., bytes], *arguments: Any) -> InterruptedWait:
        self.taken.append(InterruptedWait())
        return self.taken[-1]


def test_settle_waits_for_a_block_after_an_interrupted_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = SlowPool()
    monkeypatch.setattr(blocks, "_pool", lambda: pool)
    writer = BlockWriter(lambda offset, pieces: None)

    with pytest.raises(Interrupted):
        writer.write(in_chunks(content_of(4 * BLOCK_SIZE)))

    assert list(writer._running) == pool.taken
    assert len(pool.taken) == BLOCKS_IN_FLIGHT


class InterruptedPool:
    """A pool of one thread, with a signal just before `submit` returns."""

    def submit(self, task: Callable[..., bytes], *arguments: Any) -> None:
        self.thread = threading.Thread(target=task, args=arguments)
        self.thread.start()
        raise Interrupted


def test_settle_waits_for_a_block_after_an_interrupted_submit(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = InterruptedPool()
    monkeypatch.setattr(blocks, "_pool", lambda: pool)
    writer = BlockWriter(disk.write_block)
    disk.ready.clear()

    with pytest.raises(Interrupted):
        writer.write(in_chunks(content_of(BLOCK_SIZE + 1)))
    threading.Timer(0.05, disk.ready.set).start()
    writer.settle()
    written = set(disk.written)
    pool.thread.join()

    assert written == disk.written.keys()


def test_a_block_is_not_written_after_settle(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is closed by then, and its descriptor may belong to another file."""
    late: list[Callable[[], bytes]] = []

    class LatePool:
        def submit(self, task: Callable[..., bytes], *arguments: Any) -> None:
            late.append(lambda: task(*arguments))
            raise Interrupted

    monkeypatch.setattr(blocks, "_pool", LatePool)
    writer = BlockWriter(disk.write_block)
    with pytest.raises(Interrupted):
        writer.write(in_chunks(content_of(BLOCK_SIZE + 1)))

    writer.settle()
    late[0]()

    assert not disk.written


# A production server may load the application and then fork its workers.
FORKING = """
import os
from cabinet.storage.blocks import BlockWriter

def upload():
    writer = BlockWriter(lambda offset, pieces: None)
    writer.write([bytes(9 << 20)])
    return writer.finish().size == 9 << 20

assert upload()
child = os.fork()
if child == 0:
    os._exit(0 if upload() else 1)
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_process_creates_its_own_pool() -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKING]

    assert subprocess.run(command, check=False, timeout=DEADLINE).returncode == 0
