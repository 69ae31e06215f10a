"""The parts of an upload: their size and their hashes.

The content hash is computed from the digests of blocks. So an upload has to keep only the digests of the
complete blocks on the server, and the hash state of the incomplete one.

Rule: large parts end at the end of a block, so that no byte is hashed twice.
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
    """The range `[start, start + length)` of a file; `start` is a multiple of the block size."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class UploadPart:
    """The bytes `[offset, end)` of a span.

    `content_hash` is that of these bytes alone, `digests` are those of the blocks that end in the part,
    and `begun` is the hash state of the block that does not.
    """

    offset: int
    end: int
    content_hash: str
    digests: bytes
    begun: hashlib._Hash

    @property
    def length(self) -> int:
        """The number of its bytes."""
        return self.end - self.offset


def choose_end(sizer: RequestSizer, span: Span, offset: int) -> int:
    """Return the end of the part that starts at `offset` of `span`."""
    end = offset + sizer.bytes
    if end >= span.length:
        return span.length
    aligned = end // BLOCK_SIZE * BLOCK_SIZE
    return aligned if aligned - offset >= sizer.bytes // 2 else end


def measure(
    source: Source, span: Span, offset: int, end: int, begun: hashlib._Hash | None = None
) -> UploadPart:
    """Read and hash the bytes `[offset, end)` of `span`; raises `SourceChanged` or `SizeUnknown`.

    `begun` is the hash state of the preceding bytes of the same block. Without it, they are read as well.
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
    """Yield the bytes `[offset, end)` after `start`, split at block ends, and whether a block ends."""
    at = offset
    for chunk in read_span(source, start + offset, end - offset):
        view = memoryview(chunk)
        while view:
            piece = view[: BLOCK_SIZE - at % BLOCK_SIZE]
            view = view[len(piece) :]
            at += len(piece)
            yield bytes(piece) if len(piece) < len(chunk) else chunk, at % BLOCK_SIZE == 0


def count_blocks(length: int) -> int:
    """Return the number of blocks of `length` bytes."""
    return -(-length // BLOCK_SIZE)


def whole_blocks(span: Span, offset: int) -> int:
    """Return the number of blocks of `span` that end at or before `offset`; the last may be short."""
    return count_blocks(offset) if offset == span.length else offset // BLOCK_SIZE


def digests_before(part: UploadPart, span: Span, offset: int) -> bytes:
    """Return the digests of `part` for blocks that end at or before `offset`."""
    count = whole_blocks(span, offset) - part.offset // BLOCK_SIZE
    return part.digests[: max(0, count) * DIGEST_SIZE]
