"""Large parts of a form are unchanged, wherever a chunk ends."""

from __future__ import annotations

import io
import re

import pytest
from flask import Request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from cabinet.errors import MalformedRequest
from cabinet.storage.chunks import CHUNK_SIZE
from cabinet.web.bodies import iter_parts
from cabinet.web.multipart import SLICE_SIZE
from tests.support.contents import content_of

BOUNDARY = "----------------------------0123456789abcdef"
MARK = f"--{BOUNDARY}".encode()
DELIMITER = b"\r\n" + MARK
HEAD = b'Content-Disposition: form-data; name="file"; filename="f"\r\n\r\n'

# Prefixes of a boundary, a boundary, and continuations of one.
LURES = [b"\r", b"\n", b"\r\n", b"-", b"--", b"\r\n--", MARK, MARK[:-1], MARK + b"x", DELIMITER[:-1]]


def framed(*contents: bytes) -> bytes:
    """Return a form with one file part for each of `contents`."""
    parts = (MARK + b"\r\n" + HEAD + content + b"\r\n" for content in contents)
    return b"".join(parts) + MARK + b"--\r\n"


class Views:
    """A stream that returns views instead of bytes."""

    def __init__(self, content: bytes) -> None:
        self._stream = io.BytesIO(content)

    def read(self, size: int) -> memoryview:
        return memoryview(self._stream.read(size))


def contents_in(body: bytes) -> list[bytes]:
    """Return what the parts of `body` hold, which is the same if it arrives in views."""
    media_type = f"multipart/form-data; boundary={BOUNDARY}"
    environ = EnvironBuilder(method="POST", content_type=media_type, data=body).get_environ()
    found = [b"".join(content) for _, content in iter_parts(Request(environ))]
    environ["wsgi.input"] = Views(body)
    assert [b"".join(content) for _, content in iter_parts(Request(environ))] == found
    return found


def test_a_part_may_end_at_any_offset_near_a_chunk_boundary() -> None:
    for distance in range(-len(DELIMITER) - 4, 8):
        content = content_of(CHUNK_SIZE + distance - len(MARK + b"\r\n" + HEAD))

        assert contents_in(framed(content, b"next")) == [content, b"next"], distance


@given(
    before=st.integers(0, 3 * len(DELIMITER)),
    lures=st.lists(st.sampled_from(LURES), max_size=6),
    chunks=st.integers(1, 2),
)
def test_content_resembling_a_boundary_stays_content(before: int, lures: list[bytes], chunks: int) -> None:
    # marks after a line break would be boundaries
    lure = re.sub(b"([\r\n])(?:%s)+" % MARK, rb"\1", b"".join(lures)) + b"."
    start = chunks * CHUNK_SIZE - len(MARK + b"\r\n" + HEAD) - before
    content = content_of(start) + b"." + lure + content_of(CHUNK_SIZE)

    assert contents_in(framed(content)) == [content]


def test_a_form_may_end_at_any_offset_near_a_slice_boundary() -> None:
    for distance in range(-len(DELIMITER) - 4, 8):
        content = content_of(SLICE_SIZE + distance - len(MARK + b"\r\n" + HEAD))

        assert contents_in(framed(content)) == [content], distance


def test_a_form_ending_inside_a_large_part_is_refused() -> None:
    body = framed(content_of(3 * CHUNK_SIZE))[: -len(DELIMITER)]

    with pytest.raises(MalformedRequest):
        contents_in(body)


@pytest.mark.parametrize("ending", [b"\r\n", b""], ids=["empty", "without a final line break"])
def test_an_empty_part_may_be_at_any_offset_near_a_slice_boundary(ending: bytes) -> None:
    """A part that holds nothing may leave out the line break in front of nothing (RFC 2046, 5.1.1)."""
    head = MARK + b"\r\n" + HEAD
    for mark_at in range(-len(HEAD) - 4, len(DELIMITER) + len(HEAD) + 8):
        filling = content_of(SLICE_SIZE - mark_at - len(head + b"\r\n" + head))
        first = head + filling + b"\r\n"

        found = contents_in(first + head + ending + framed(b"last"))
        assert found == [filling, b"", b"last"], mark_at
