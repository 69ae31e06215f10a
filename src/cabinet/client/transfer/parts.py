"""The bytes of one part of an upload: how many, and what they hash to.

The content hash is that of blocks, so the digests of the blocks that are on the server are all
that an upload has to remember of its bytes; no more than one block is ever read again.

Rule: a part ends where a block ends, or the piece that it belongs to.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cabinet.client.failures import SourceChanged
from cabinet.client.local import Source, local_errors
from cabinet.errors import TruncatedBody
from cabinet.storage.chunks import iter_exactly
from cabinet.storage.content_hash import BLOCK_SIZE, combine

# Bytes. The first part is small enough to be over soon on any line, the longest saves most of the
# round trips on a fast one.
FIRST_PART = 8 << 20
LONGEST_PART = 64 << 20

# Seconds that a part shall take: what Ctrl-C or a lost line costs at most.
_SECONDS = 4.0
_GROWTH = 4

DIGEST_SIZE = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a file, `[start, start + length)`; `start` is a multiple of the block."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes `[offset, end)` of a span, and the digests of the blocks they touch."""

    offset: int
    end: int
    digests: bytes

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self.end - self.offset

    @property
    def content_hash(self) -> str | None:
        """The content hash of these bytes alone, None where they begin inside a block."""
        return None if self.offset % BLOCK_SIZE else combine(self.digests)


class PartSize:
    """How long the next part shall be: as many blocks as pass in a few seconds."""

    def __init__(self) -> None:
        self.bytes = FIRST_PART

    def passed(self, length: int, seconds: float) -> None:
        """Learn from a part that arrived."""
        wanted = min(length / max(seconds, 0.001) * _SECONDS, self.bytes * _GROWTH, LONGEST_PART)
        self.bytes = max(BLOCK_SIZE, int(wanted) // BLOCK_SIZE * BLOCK_SIZE)

    def lost(self) -> None:
        """Learn from a part that did not: little shall be lost the next time."""
        self.bytes = BLOCK_SIZE


def measure(source: Source, span: Span, offset: int, size: int) -> Part:
    """Read and hash the part of at most `size` bytes, whole blocks, that begins at `offset` of `span`.

    Where `offset` lies within a block, the block is read from its start.
    """
    first = offset // BLOCK_SIZE * BLOCK_SIZE
    end = min(span.length, first + max(size, BLOCK_SIZE))
    digests = bytearray()
    with local_errors(source.path), open(source.path, "rb", buffering=0) as file:
        file.seek(span.start + first)
        for start in range(first, end, BLOCK_SIZE):
            block = hashlib.sha256()
            try:
                for chunk in iter_exactly(file, min(BLOCK_SIZE, end - start)):
                    block.update(chunk)
            except TruncatedBody as error:
                raise SourceChanged(path=str(source.path)) from error
            digests += block.digest()
    return Part(offset, end, bytes(digests))


def count_blocks(length: int) -> int:
    """Return how many blocks `length` bytes have."""
    return -(-length // BLOCK_SIZE)
