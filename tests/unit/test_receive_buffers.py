"""Buffers are reused, but never while anything can still read them.

Rule: what a body reads from is a connection that has everything already.
"""

from __future__ import annotations

import hashlib
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cabinet.storage.blocks import BlockWriter
from cabinet.storage.chunks import CHUNK_SIZE, Chunk
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from cabinet.storage.memory import UPLOAD_MEMORY
from cabinet.web import request_body
from cabinet.web.framing import Chunked, Counted, Framing
from cabinet.web.receive_buffers import ReceiveBuffers
from cabinet.web.request_body import RequestBody
from tests.support.contents import content_of


def test_a_buffer_is_reused_once_no_view_of_it_is_left() -> None:
    buffers = ReceiveBuffers(8, most=1)
    view = buffers.take("user")
    view[:] = b"contents"
    part = view[2:4]
    del view

    assert not buffers.take("user")
    assert bytes(part) == b"nt"
    del part
    assert bytes(buffers.take("user")) == b"contents"


def test_no_more_buffers_are_made_than_allowed() -> None:
    buffers = ReceiveBuffers(8, most=2)

    first, second, third = (buffers.take("user") for _ in range(3))
    first[:], second[:] = b"a" * 8, b"b" * 8

    assert [bytes(view) for view in (first, second, third)] == [b"a" * 8, b"b" * 8, b""]


def test_the_last_user_releases_the_memory_but_not_what_is_still_read() -> None:
    buffers = ReceiveBuffers(8, most=2)
    kept = buffers.take("one")
    kept[:] = b"contents"
    buffers.take("two")[:] = b"anything"

    buffers.release("one")
    assert bytes(buffers.take("two")) == b"anything"
    buffers.release("two")

    assert (bytes(buffers.take("two")), bytes(kept)) == (bytes(8), b"contents")


class Connection(socket.socket):
    """A connection whose peer has sent these bytes and then stalls; a read returns at most `most` of them."""

    def __init__(self, sent: bytes, most: int) -> None:
        super().__init__()
        self._sent = io.BytesIO(sent)
        self._most = most

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        return self._sent.read(min(size, self._most))

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        count = self._sent.readinto(memoryview(buffer)[: min(size, self._most)])
        if not count:
            raise TimeoutError
        return count


@contextmanager
def receiving(framing: Framing, sent: bytes, most: int = CHUNK_SIZE) -> Iterator[RequestBody]:
    """Yield a body that has been `sent`."""
    with Connection(sent, most) as connection:
        body = RequestBody(connection, framing, b"", give_back=lambda _: None, hang_up=lambda: None)
        try:
            yield body
        finally:
            body.end()


def chunks_of(body: RequestBody) -> Iterator[Chunk]:
    return (chunk or b"" for chunk in iter(lambda: body.read_some(CHUNK_SIZE), b""))


def chunked(content: bytes) -> bytes:
    """Return `content` in chunks that are longer and shorter than a buffer."""
    sizes = (3 * CHUNK_SIZE // 2, 100, 64 << 10)
    framed: list[bytes] = []
    start = 0
    while start < len(content):
        piece = content[start : start + sizes[len(framed) % 3]]
        framed.append(b"%x\r\n%b\r\n" % (len(piece), piece))
        start += len(piece)
    return b"".join([*framed, b"0\r\n\r\n"])


@pytest.mark.parametrize("most", [100_000, 700_000, CHUNK_SIZE])
@pytest.mark.parametrize("is_counted", [True, False])
def test_chunks_that_are_kept_are_not_overwritten(
    monkeypatch: pytest.MonkeyPatch, most: int, *, is_counted: bool
) -> None:
    few = ReceiveBuffers(CHUNK_SIZE, most=3)
    monkeypatch.setattr(request_body, "_BUFFERS", few)
    content = content_of(20 * CHUNK_SIZE + 77)

    framing = Counted(len(content)) if is_counted else Chunked()
    with receiving(framing, content if is_counted else chunked(content), most) as body:
        chunks = list(chunks_of(body))

    assert any(isinstance(chunk, memoryview) for chunk in chunks)
    assert b"".join(chunks) == content


def test_blocks_written_from_reused_buffers_are_intact(monkeypatch: pytest.MonkeyPatch) -> None:
    few = ReceiveBuffers(CHUNK_SIZE, most=3)
    monkeypatch.setattr(request_body, "_BUFFERS", few)
    content = content_of(5 * BLOCK_SIZE + 77)
    written = bytearray(len(content))

    def write(offset: int, pieces: object) -> None:
        assert isinstance(pieces, list)
        block = b"".join(pieces)
        written[offset : offset + len(block)] = block

    blocks = BlockWriter(write)
    with receiving(Counted(len(content)), content) as body:
        blocks.write(chunks_of(body))
        measured = blocks.finish()

    assert hashlib.sha256(written).digest() == hashlib.sha256(content).digest()
    assert (measured.size, measured.content_hash) == (len(content), hash_chunks([content]))


def test_a_slow_client_uses_no_buffer() -> None:
    content = content_of(CHUNK_SIZE)

    with receiving(Counted(len(content)), content, most=60_000) as body:
        chunks = list(chunks_of(body))

    assert all(isinstance(chunk, bytes) for chunk in chunks)
    assert b"".join(chunks) == content


def test_no_buffer_is_used_while_memory_is_scarce(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UPLOAD_MEMORY, "limit", -2)
    content = content_of(4 * CHUNK_SIZE)

    with receiving(Counted(len(content)), content) as body:
        chunks = list(chunks_of(body))

    assert all(isinstance(chunk, bytes) for chunk in chunks)
    assert b"".join(chunks) == content


@pytest.mark.parametrize("ending", ["stalls", "ends"])
def test_a_body_that_stalls_or_ends_releases_the_buffers(
    monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    buffers = ReceiveBuffers(CHUNK_SIZE, most=3)
    monkeypatch.setattr(request_body, "_BUFFERS", buffers)
    content = b"x" * 4 * CHUNK_SIZE

    with receiving(Counted(len(content) + 1), content) as body:
        received = sum(len(body.read_some(CHUNK_SIZE) or b"") for _ in range(4))
        during = bytes(buffers.take(body))
        if ending == "stalls":
            assert body.read_some(CHUNK_SIZE) is None
        else:
            body.end()

        assert (received, during) == (len(content), b"x" * CHUNK_SIZE)
        assert not any(buffers.take(body))
