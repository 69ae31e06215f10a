"""Large parts of a form: what they hold comes out as it went in, wherever a chunk ends."""

from __future__ import annotations

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

# What a boundary begins with, is, or goes on with.
LURES = [b"\r", b"\n", b"\r\n", b"-", b"--", b"\r\n--", MARK, MARK[:-1], MARK + b"x", DELIMITER[:-1]]


def framed(*contents: bytes) -> bytes:
    """Return a form with one file part for each of `contents`."""
    parts = (MARK + b"\r\n" + HEAD + content + b"\r\n" for content in contents)
    return b"".join(parts) + MARK + b"--\r\n"


def contents_in(body: bytes) -> list[bytes]:
    """Return what the parts of `body` hold."""
    media_type = f"multipart/form-data; boundary={BOUNDARY}"
    builder = EnvironBuilder(method="POST", content_type=media_type, data=body)
    return [b"".join(content) for _, content in iter_parts(Request(builder.get_environ()))]


@pytest.mark.parametrize("distance", range(-len(DELIMITER) - 4, 8))
def test_a_part_may_end_anywhere_beside_the_edge_of_a_chunk(distance: int) -> None:
    content = content_of(CHUNK_SIZE + distance - len(MARK + b"\r\n" + HEAD))

    assert contents_in(framed(content, b"next")) == [content, b"next"]


@given(
    before=st.integers(0, 3 * len(DELIMITER)),
    lures=st.lists(st.sampled_from(LURES), max_size=6),
    chunks=st.integers(1, 2),
)
def test_content_that_resembles_a_boundary_stays_content(
    before: int, lures: list[bytes], chunks: int
) -> None:
    # marks after a line break would be boundaries
    lure = re.sub(b"([\r\n])(?:%s)+" % MARK, rb"\1", b"".join(lures)) + b"."
    start = chunks * CHUNK_SIZE - len(MARK + b"\r\n" + HEAD) - before
    content = content_of(start) + b"." + lure + content_of(CHUNK_SIZE)

    assert contents_in(framed(content)) == [content]


@pytest.mark.parametrize("distance", range(-len(DELIMITER) - 4, 8))
def test_a_form_may_end_anywhere_beside_the_edge_of_a_slice(distance: int) -> None:
    content = content_of(SLICE_SIZE + distance - len(MARK + b"\r\n" + HEAD))

    assert contents_in(framed(content)) == [content]


def test_a_form_that_ends_within_a_large_part_is_refused() -> None:
    body = framed(content_of(3 * CHUNK_SIZE))[: -len(DELIMITER)]

    with pytest.raises(MalformedRequest):
        contents_in(body)


@pytest.mark.parametrize("ending", [b"\r\n", b""], ids=["empty", "without a line for it"])
@pytest.mark.parametrize("mark_at", range(-len(HEAD) - 4, len(DELIMITER) + len(HEAD) + 8))
def test_an_empty_part_may_lie_anywhere_beside_the_edge_of_a_slice(ending: bytes, mark_at: int) -> None:
    """A part that holds nothing may leave out the line break in front of nothing (RFC 2046, 5.1.1)."""
    filling = content_of(SLICE_SIZE - mark_at - len(MARK + b"\r\n" + HEAD + b"\r\n" + MARK + b"\r\n" + HEAD))
    first = MARK + b"\r\n" + HEAD + filling + b"\r\n"
    empty = MARK + b"\r\n" + HEAD + ending

    assert contents_in(first + empty + framed(b"last")) == [filling, b"", b"last"]
