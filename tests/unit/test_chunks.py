"""Bytes on their way: cut, counted, limited, hashed."""

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
    CHUNKS_BEHIND,
    HasherAside,
    iter_exactly,
    iter_hashed,
    iter_limited,
    iter_stream,
)
from tests.support.waiting import wait_until


class RaggedStream:
    """A stream whose `read` returns what is there, like a socket: at most `most` bytes."""

    def __init__(self, content: bytes, most: int) -> None:
        self._stream = io.BytesIO(content)
        self._most = most

    def read(self, size: int, /) -> bytes:
        return self._stream.read(min(size, self._most))


def counted(chunks: list[bytes], taken: list[bytes]) -> Iterator[bytes]:
    """Yield `chunks` and note in `taken` each that was asked for."""
    for chunk in chunks:
        taken.append(chunk)
        yield chunk


def test_a_stream_is_cut_into_chunks_of_the_agreed_size() -> None:
    stream = io.BytesIO(bytes(2 * CHUNK_SIZE + 1))

    assert [len(chunk) for chunk in iter_stream(stream)] == [CHUNK_SIZE, CHUNK_SIZE, 1]


def test_an_empty_stream_has_no_chunks() -> None:
    assert list(iter_stream(io.BytesIO())) == []


def test_a_stream_stays_open_behind_its_last_chunk() -> None:
    stream = io.BytesIO(b"content")

    list(iter_stream(stream))

    assert not stream.closed


def test_a_chunk_is_read_only_when_it_is_asked_for() -> None:
    stream = io.BytesIO(b"abcdef")

    first = list(islice(iter_stream(stream, size=2), 1))

    assert (first, stream.tell()) == ([b"ab"], 2)


def test_exactly_the_announced_bytes_are_read() -> None:
    stream = io.BytesIO(b"body" + b"the next request")

    assert b"".join(iter_exactly(stream, 4)) == b"body"
    assert stream.read() == b"the next request"


def test_nothing_is_read_of_a_body_of_no_bytes() -> None:
    stream = io.BytesIO(b"the next request")

    assert list(iter_exactly(stream, 0)) == []
    assert stream.tell() == 0


def test_a_stream_that_ends_early_is_not_mistaken_for_a_whole_one() -> None:
    chunks = iter_exactly(io.BytesIO(b"abc"), 5)

    assert next(chunks) == b"abc"
    with pytest.raises(TruncatedBody) as caught:
        next(chunks)
    assert caught.value.data == {"expected": 5, "received": 3}


@given(content=st.binary(max_size=200), most=st.integers(1, 50), size=st.integers(1, 50), data=st.data())
def test_no_cut_of_the_stream_changes_the_bytes(
    content: bytes, most: int, size: int, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, len(content)))

    chunks = list(iter_exactly(RaggedStream(content, most), length, size))

    assert content[:length] == b"".join(chunks)
    assert all(0 < len(chunk) <= size for chunk in chunks)


def test_as_many_bytes_as_the_limit_pass() -> None:
    assert list(iter_limited([b"ab", b"cd"], 4)) == [b"ab", b"cd"]


def test_the_chunk_that_crosses_the_limit_does_not_pass_and_none_is_asked_for_after_it() -> None:
    taken: list[bytes] = []
    chunks = iter_limited(counted([b"ab", b"cd", b"ef"], taken), 3)

    assert next(chunks) == b"ab"
    with pytest.raises(TooLarge) as caught:
        next(chunks)
    assert (caught.value.limit, taken) == (3, [b"ab", b"cd"])


def test_every_hasher_has_seen_a_chunk_before_it_is_passed_on() -> None:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    chunks = iter_hashed([b"ab", b"cd"], sha256, md5)

    assert next(chunks) == b"ab"
    assert hashlib.sha256(b"ab").digest() == sha256.digest()
    assert list(chunks) == [b"cd"]
    assert hashlib.sha256(b"abcd").digest() == sha256.digest()
    assert hashlib.md5(b"abcd", usedforsecurity=False).digest() == md5.digest()


def test_a_hasher_aside_sees_every_chunk_in_order() -> None:
    whole, aside = hashlib.sha256(), hashlib.sha256()
    chunks = [bytes([number]) * 5000 for number in range(50)]

    hasher = HasherAside(aside)
    for chunk in iter_hashed(chunks, whole, hasher):
        assert chunk
    hasher.close()

    assert aside.digest() == whole.digest()


def test_a_hasher_aside_holds_few_chunks_back() -> None:
    may_go_on = threading.Event()
    seen: list[bytes] = []

    class Slow:
        def update(self, data: bytes, /) -> None:
            assert may_go_on.wait(60)
            seen.append(data)

    taken: list[int] = []
    hasher = HasherAside(Slow())

    def feed() -> None:
        for number in range(CHUNKS_BEHIND + 1):
            hasher.update(bytes([number]))
            taken.append(number)

    feeder = threading.Thread(target=feed)
    feeder.start()
    wait_until(lambda: len(taken) == CHUNKS_BEHIND, what="the chunks that are held back")
    held = len(taken)
    may_go_on.set()
    feeder.join(60)
    hasher.close()

    assert (held, len(taken), len(seen)) == (CHUNKS_BEHIND, CHUNKS_BEHIND + 1, CHUNKS_BEHIND + 1)


def test_an_error_of_a_hasher_aside_comes_out() -> None:
    class Broken:
        def update(self, data: bytes, /) -> None:
            raise ZeroDivisionError

    hasher = HasherAside(Broken())
    with pytest.raises(ZeroDivisionError):
        for _ in iter_hashed([b"x"] * (CHUNKS_BEHIND + 1), hasher):
            pass
    hasher.close()
