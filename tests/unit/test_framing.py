"""Request framing: our chunk decoder compared with gunicorn's, and header parsing.

Rule: bytes only, no sockets.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise

import pytest
from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from hypothesis import given
from hypothesis import strategies as st

from cabinet.storage.chunks import Chunk
from cabinet.web.framing import BadFraming, Chunked, Counted, end_of_head, is_broken, read_head

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Return `data` in pieces, cut at `places`."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]


def read_by_gunicorn(data: bytes) -> bytes | None:
    """Return the content that gunicorn finds, None where it refuses."""
    try:
        return bytes(Request(Config(), IterUnreader([HEAD + data]), ("127.0.0.1", 1)).body.read())
    except Exception:  # noqa: BLE001 - it has a class for each kind of fault
        return None


def read_by_us(pieces: list[bytes]) -> tuple[bytes, bytes] | None:
    """Return the content and the bytes after it, None if it is refused or incomplete; the same from views."""
    found = read_chunks(pieces)
    assert read_chunks([memoryview(piece) for piece in pieces]) == found
    return found


def read_chunks(pieces: Sequence[Chunk]) -> tuple[bytes, bytes] | None:
    chunks = Chunked()
    content = io.BytesIO()
    try:
        for piece in pieces:
            for part in chunks.feed(piece):
                content.write(part)
    except BadFraming:
        return None
    return (content.getvalue(), chunks.rest) if chunks.is_over else None


CUTS = st.lists(st.integers(0, 200), max_size=8)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5), st.binary(max_size=20), CUTS)
def test_chunks_are_parsed_at_any_split(chunks: list[bytes], behind: bytes, cuts: list[int]) -> None:
    framed = (
        b"".join(b"%x;a=b\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nX-Sum: 1\r\n\r\n"
    )

    assert read_by_us(cut(framed + behind, cuts)) == (b"".join(chunks), behind)
    assert read_by_gunicorn(framed) == b"".join(chunks)


@given(
    st.lists(
        st.sampled_from([b"0", b"1", b"5", b"\r\n", b"\n", b"\r", b"a", b";", b" ", b"-", b"x=y"]),
        max_size=12,
    )
)
def test_everything_that_gunicorn_would_refuse_is_refused(parts: list[bytes]) -> None:
    framed = b"".join(parts)
    found = read_by_us([framed])

    if found is not None:
        assert read_by_gunicorn(framed) == found[0]


@pytest.mark.parametrize(
    "framed",
    [
        b"\r\n", b"-1\r\n", b"0x1\r\n", b"1\n", b"1\r\nab\r\n", b"1\r\na\n", b" 1\r\na\r\n", b"1 \r\na\r\n",
        b"0\r\nno field\r\n\r\n", b"0\r\na: \x00\r\n\r\n", b"1;\x00\r\n", b"1" * 17 + b"\r\n", b"1" * 9000,
        b"0\r\n" + b"a: b\r\n" * 9000,
    ],
)  # fmt: skip
def test_malformed_chunks_are_refused(framed: bytes) -> None:
    with pytest.raises(BadFraming):
        Chunked().feed(framed)


def test_bytes_after_a_counted_body_are_returned() -> None:
    body = Counted(5)

    assert [*body.feed(b"ab"), *body.feed(b"cdeGET /")] == [b"ab", b"cde"]
    assert body.is_over
    assert body.rest == b"GET /"


def test_the_end_of_the_head_is_found_across_reads() -> None:
    head = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

    assert [end_of_head(head[:size], size - 1) for size in range(1, len(head))] == [None] * (len(head) - 1)
    assert end_of_head(head + b"more", len(head) - 1) == len(head)
    assert not is_broken(head, 5)
    assert is_broken(b"GET / HTTP/1.1\nHost: x", 3)


@pytest.mark.parametrize(
    ("fields", "length", "is_chunked"),
    [
        (b"Content-Length: 12", 12, False),
        (b"content-length:7 ", 7, False),
        (b"Content-Length: 1\r\nContent-Length: 1", None, False),
        (b"Content-Length: +1", None, False),
        (b"Content-Length : 1", None, False),
        (b"X-Content-Length: 1", None, False),
        (b"Transfer-Encoding: Chunked", None, True),
        (b"Transfer-Encoding: gzip, chunked", None, False),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 1", None, False),
    ],
)
def test_the_framing_headers_of_a_head_are_parsed(
    fields: bytes, length: int | None, is_chunked: bool
) -> None:
    head = read_head(b"POST /login?a=b HTTP/1.1\r\n" + fields + b"\r\n\r\n")

    assert (head.method, head.target) == ("POST", "/login?a=b")
    assert (head.length, head.is_chunked) == (length, is_chunked)


def test_forwarded_addresses_are_parsed_in_order() -> None:
    head = read_head(
        b"GET / HTTP/1.1\r\nX-Forwarded-For: a, b\r\nExpect: 100-Continue\r\nx-forwarded-for: c\r\n\r\n"
    )

    assert head.forwarded_for == ("a", "b", "c")
    assert head.expects_continue
