"""Chunk iterators: reading, counting, limiting, hashing."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cabinet.errors import TooLarge, TruncatedBody
from cabinet.storage.chunks import (
    CHUNK_SIZE,
    MAX_PENDING_CHUNKS,
    BackgroundHasher,
    Chunk,
    iter_exactly,
    iter_hashed,
    iter_limited,
    iter_stream,
)
from tests.support.waiting import wait_until


class RaggedStream:
    """A stream with short reads, like a socket: at most `most` bytes at a time."""

    def __init__(self, content: bytes, most: int) -> None:
        self._stream = io.BytesIO(content)
        self._most = most

    def read(self, size: int, /) -> bytes:
        return self._stream.read(min(size, self._most))


def counted(chunks: list[bytes], taken: list[bytes]) -> Iterator[bytes]:
    """Yield `chunks` and record in `taken` each that was consumed."""
    for chunk in chunks:
        taken.append(chunk)
        yield chunk


def test_a_stream_is_read_in_chunks_of_the_given_size() -> None:
    stream = io.BytesIO(bytes(2 * CHUNK_SIZE + 1))

    assert [len(chunk) for chunk in iter_stream(stream)] == [CHUNK_SIZE, CHUNK_SIZE, 1]


def test_an_empty_stream_has_no_chunks() -> None:
    assert list(iter_stream(io.BytesIO())) == []


def test_a_stream_stays_open_after_its_last_chunk() -> None:
    stream = io.BytesIO(b"content")

    list(iter_stream(stream))

    assert not stream.closed


def test_chunks_are_read_lazily() -> None:
    stream = io.BytesIO(b"abcdef")

    first = list(islice(iter_stream(stream, size=2), 1))

    assert (first, stream.tell()) == ([b"ab"], 2)


def test_exactly_the_given_length_is_read() -> None:
    stream = io.BytesIO(b"body" + b"the next request")

    assert b"".join(iter_exactly(stream, 4)) == b"body"
    assert stream.read() == b"the next request"


def test_an_empty_body_is_not_read() -> None:
    stream = io.BytesIO(b"the next request")

    assert list(iter_exactly(stream, 0)) == []
    assert stream.tell() == 0


def test_a_stream_that_ends_early_is_a_truncated_body() -> None:
    chunks = iter_exactly(io.BytesIO(b"abc"), 5)

    assert next(chunks) == b"abc"
    with pytest.raises(TruncatedBody) as caught:
        next(chunks)
    assert caught.value.data == {"expected": 5, "received": 3}


@given(content=st.binary(max_size=200), most=st.integers(1, 50), size=st.integers(1, 50), data=st.data())
def test_short_reads_do_not_change_the_bytes(
    content: bytes, most: int, size: int, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, len(content)))

    chunks = list(iter_exactly(RaggedStream(content, most), length, size))

    assert content[:length] == b"".join(chunks)
    assert all(0 < len(chunk) <= size for chunk in chunks)


def test_a_stream_of_exactly_the_limit_passes() -> None:
    assert list(iter_limited([b"ab", b"cd"], 4)) == [b"ab", b"cd"]


def test_the_chunk_that_exceeds_the_limit_raises_and_reading_stops() -> None:
    taken: list[bytes] = []
    chunks = iter_limited(counted([b"ab", b"cd", b"ef"], taken), 3)

    assert next(chunks) == b"ab"
    with pytest.raises(TooLarge) as caught:
        next(chunks)
    assert (caught.value.limit, taken) == (3, [b"ab", b"cd"])


def test_hashers_are_updated_before_a_chunk_is_yielded() -> None:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    chunks = iter_hashed([b"ab", b"cd"], sha256, md5)

    assert next(chunks) == b"ab"
    assert hashlib.sha256(b"ab").digest() == sha256.digest()
    assert list(chunks) == [b"cd"]
    assert hashlib.sha256(b"abcd").digest() == sha256.digest()
    assert hashlib.md5(b"abcd", usedforsecurity=False).digest() == md5.digest()


def test_a_background_hasher_gets_all_chunks_in_order() -> None:
    whole, aside = hashlib.sha256(), hashlib.sha256()
    chunks = [bytes([number]) * 5000 for number in range(50)]

    hasher = BackgroundHasher(aside)
    for chunk in iter_hashed(chunks, whole, hasher):
        assert chunk
    hasher.close()

    assert aside.digest() == whole.digest()


def test_a_background_hasher_queues_few_chunks() -> None:
    may_go_on = threading.Event()
    seen: list[Chunk] = []

    class Slow:
        def update(self, data: Chunk, /) -> None:
            assert may_go_on.wait(60)
            seen.append(data)

    taken: list[int] = []
    hasher = BackgroundHasher(Slow())

    def feed() -> None:
        for number in range(MAX_PENDING_CHUNKS + 1):
            hasher.update(bytes([number]))
            taken.append(number)

    feeder = threading.Thread(target=feed)
    feeder.start()
    wait_until(lambda: len(taken) == MAX_PENDING_CHUNKS, what="the chunks that are held back")
    held = len(taken)
    may_go_on.set()
    feeder.join(60)
    hasher.close()

    assert (held, len(taken), len(seen)) == (
        MAX_PENDING_CHUNKS,
        MAX_PENDING_CHUNKS + 1,
        MAX_PENDING_CHUNKS + 1,
    )


def test_an_error_of_a_background_hasher_is_raised() -> None:
    class Broken:
        def update(self, data: Chunk, /) -> None:
            raise ZeroDivisionError

    hasher = BackgroundHasher(Broken())
    with pytest.raises(ZeroDivisionError):
        for _ in iter_hashed([b"x"] * (MAX_PENDING_CHUNKS + 1), hasher):
            pass
    hasher.close()
