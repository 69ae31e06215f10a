"""The content hash, compared with its definition, with rclone, and with other chunk boundaries."""

from __future__ import annotations

import hashlib
import io
import itertools
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cabinet.storage.content_hash import (
    BLOCK_SIZE,
    ContentHasher,
    combine,
    hash_chunks,
    hash_stream,
    is_content_hash,
)
from tests.support.contents import OF_ZEROS, SIZES, content_of, in_chunks
from tests.support.programs import require_program


def by_definition(content: bytes) -> str:
    """Compute the hash as its publisher words it, with the whole content in memory."""
    blocks = [content[start : start + BLOCK_SIZE] for start in range(0, len(content), BLOCK_SIZE)]
    return hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks)).hexdigest()


@pytest.mark.parametrize(("size", "expected"), OF_ZEROS.items())
def test_zeros_have_the_same_hash_as_in_rclone(size: int, expected: str) -> None:
    assert expected == hash_chunks(in_chunks(bytes(size)))


@pytest.mark.parametrize("size", SIZES)
def test_rclone_computes_the_same_hash(size: int, tmp_path: Path) -> None:
    content = content_of(size)
    file = tmp_path / "content"
    file.write_bytes(content)

    command = [require_program("rclone"), "--config", "", "hashsum", "dropbox", str(file)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    assert printed.split()[0] == hash_chunks(in_chunks(content))


@pytest.mark.parametrize("size", SIZES)
def test_every_implementation_matches_the_definition(size: int) -> None:
    content = content_of(size)
    expected = by_definition(content)

    assert expected == hash_chunks([content])
    assert expected == hash_stream(io.BytesIO(content))


@settings(max_examples=25)  # each hashes 8 MiB twice
@given(cuts=st.lists(st.integers(0, 2 * BLOCK_SIZE + 9), max_size=8))
def test_chunk_boundaries_do_not_change_the_hash(cuts: list[int]) -> None:
    content = content_of(2 * BLOCK_SIZE + 9)
    edges = [0, *sorted(cuts), len(content)]

    chunks = [content[start:stop] for start, stop in itertools.pairwise(edges)]

    assert by_definition(content) == hash_chunks(chunks)


def test_reading_the_hash_does_not_finalize_it() -> None:
    hasher = ContentHasher()

    hasher.update(b"con")
    assert by_definition(b"con") == hasher.hexdigest()
    hasher.update(b"tent")
    assert by_definition(b"content") == hasher.hexdigest()


def test_content_of_one_block_is_hashed_twice() -> None:
    digest = hashlib.sha256(b"content").digest()

    assert combine(digest) == hash_chunks([b"content"])


def test_a_stream_is_left_open() -> None:
    stream = io.BytesIO(b"content")

    hash_stream(stream)

    assert not stream.closed


@pytest.mark.parametrize("text", ["0" * 64, "0123456789abcdef" * 4])
def test_a_content_hash_is_64_lower_case_hex_digits(text: str) -> None:
    assert is_content_hash(text)


@pytest.mark.parametrize(
    "text",
    ["", "0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 64 + "\n", "../" + "0" * 61, "٠" * 64],
)
def test_other_strings_are_no_content_hash(text: str) -> None:
    assert not is_content_hash(text)
