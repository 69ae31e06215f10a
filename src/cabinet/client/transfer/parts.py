"""The parts of an upload: where they end.

Rule: large parts end at the end of a block, so that the server hashes no byte twice; the last part of a
span is at most one block, so that it can be held in memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from cabinet.storage.content_hash import BLOCK_SIZE


@dataclass(frozen=True, slots=True)
class Span:
    """The range `[start, start + length)` of a file; `start` is a multiple of the block size."""

    start: int
    length: int


def choose_end(size: int, span: Span, offset: int) -> int:
    """Return the end of the part of about `size` bytes that starts at `offset` of `span`."""
    if span.length - offset <= min(size, BLOCK_SIZE):
        return span.length
    end = min(offset + size, span.length - 1)
    aligned = end // BLOCK_SIZE * BLOCK_SIZE
    is_long_enough = aligned - offset >= size // 2 or end == span.length - 1
    return aligned if aligned > offset and is_long_enough else end


def count_blocks(length: int) -> int:
    """Return the number of blocks of `length` bytes."""
    return -(-length // BLOCK_SIZE)


def whole_blocks(span: Span, offset: int) -> int:
    """Return the number of blocks of `span` that end at or before `offset`; the last may be short."""
    return count_blocks(offset) if offset == span.length else offset // BLOCK_SIZE
