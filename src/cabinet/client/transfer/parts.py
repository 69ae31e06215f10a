"""The bytes of one part of an upload: how many, and what they hash to.

The content hash is that of blocks, so the digests of the blocks that are on the server, and the hash
of the one that is half there, are all that an upload has to remember of its bytes.

Rule: where parts are long they end where a block ends, so that no byte is hashed twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from cabinet.client.local import Source, read_span
from cabinet.client.transfer.request_size import RequestSizer
from cabinet.storage.content_hash import BLOCK_SIZE, DIGEST_SIZE, ContentHasher, combine


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a file, `[start, start + length)`; `start` is a multiple of the block."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class UploadPart:
    """The bytes `[offset, end)` of a span.

    `content_hash` is that of these bytes alone, `digests` are those of the blocks that end in it, and
    `begun` is the hash of the bytes of the block that does not.
    """

    offset: int
    end: int
    content_hash: str
    digests: bytes
    begun: hashlib._Hash

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self.end - self.offset


def choose_end(sizer: RequestSizer, span: Span, offset: int) -> int:
    """Return where the part that begins at `offset` of `span` shall end."""
    end = offset + sizer.bytes
    if end >= span.length:
        return span.length
    aligned = end // BLOCK_SIZE * BLOCK_SIZE
    return aligned if aligned - offset >= sizer.bytes // 2 else end


def measure(
    source: Source, span: Span, offset: int, end: int, begun: hashlib._Hash | None = None
) -> UploadPart:
    """Read and hash the bytes `[offset, end)` of `span`; raises `SourceChanged` or `SizeUnknown`.

    `begun` is the hash of the bytes before them in the same block. Without it, these are read, too.
    """
    within = offset % BLOCK_SIZE
    first = offset - within
    if within == 0:
        begun = hashlib.sha256()
    elif begun is None:
        begun = hashlib.sha256()
        for chunk in read_span(source, span.start + first, within):
            begun.update(chunk)
    block, digests = begun.copy(), bytearray()
    alone = ContentHasher() if within else None
    for chunk, is_last in _iter_in_blocks(source, span.start, offset, end):
        block.update(chunk)
        if alone is not None:
            alone.update(chunk)
        if is_last:
            digests += block.digest()
            block = hashlib.sha256()
    whole = bytes(digests)
    unfinished = end % BLOCK_SIZE
    if unfinished and end == span.length:
        whole += block.digest()
    if alone is not None:
        content_hash = alone.hexdigest()
    else:
        content_hash = combine(bytes(digests) + (block.digest() if unfinished else b""))
    return UploadPart(offset, end, content_hash, whole, block)


def _iter_in_blocks(source: Source, start: int, offset: int, end: int) -> Iterator[tuple[bytes, bool]]:
    """Yield the bytes `[offset, end)` behind `start`, cut at the ends of blocks, with whether one ends there."""
    at = offset
    for chunk in read_span(source, start + offset, end - offset):
        view = memoryview(chunk)
        while view:
            piece = view[: BLOCK_SIZE - at % BLOCK_SIZE]
            view = view[len(piece) :]
            at += len(piece)
            yield bytes(piece) if len(piece) < len(chunk) else chunk, at % BLOCK_SIZE == 0


def count_blocks(length: int) -> int:
    """Return how many blocks `length` bytes have."""
    return -(-length // BLOCK_SIZE)


def whole_blocks(span: Span, offset: int) -> int:
    """Return how many blocks of `span` end at `offset` or before; the last one may be short."""
    return count_blocks(offset) if offset == span.length else offset // BLOCK_SIZE


def digests_before(part: UploadPart, span: Span, offset: int) -> bytes:
    """Return those digests of `part` that are of blocks which end at `offset` or before."""
    count = whole_blocks(span, offset) - part.offset // BLOCK_SIZE
    return part.digests[: max(0, count) * DIGEST_SIZE]
