"""Checks that a part of an upload, or the whole upload, arrived unchanged.

The content hash of a part that starts at a block boundary is computed anyway; any other digest costs a second
pass over the bytes.

Rule: a part whose digest does not match counts as never received.
"""

from __future__ import annotations

from collections.abc import Iterator

from cabinet.errors import ChecksumMismatch
from cabinet.services.uploads.values import Checksum, Part
from cabinet.storage.chunks import BackgroundHasher, Chunk, iter_hashed
from cabinet.storage.content_hash import BLOCK_SIZE, ContentHasher
from cabinet.storage.protocols import JoinedStaging


class Proof:
    """The expected digests of a part, computed while it passes."""

    def __init__(self, part: Part, offset: int) -> None:
        self._free = part.content_hash if offset % BLOCK_SIZE == 0 else None
        promised = [part.checksum]
        if part.content_hash is not None and self._free is None:
            promised.append(Checksum(ContentHasher, part.content_hash))
        self._promised = [(checksum.new(), checksum.digest) for checksum in promised if checksum]

    @property
    def is_required(self) -> bool:
        """Return whether the client sent any digest."""
        return self._free is not None or bool(self._promised)

    def watch(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Yield `chunks` unchanged, and hash them."""
        if not self._promised:
            yield from chunks
            return
        aside = [BackgroundHasher(hasher) for hasher, _ in self._promised]
        try:
            yield from iter_hashed(chunks, *aside)
        finally:
            for hasher in aside:
                hasher.close()

    def check(self, content_hash: str | None) -> None:
        """Raise `ChecksumMismatch` unless all digests match; `content_hash` is that of the bytes."""
        received = [(hasher.hexdigest(), digest) for hasher, digest in self._promised]
        if self._free is not None:
            received.append((content_hash or "", self._free))
        for found, expected in received:
            check_hash(found, expected)


def check_joined(staging: JoinedStaging, checksum: Checksum | None) -> None:
    """Raise `ChecksumMismatch` unless joined bytes have this digest, if there is one; reads them all."""
    if checksum is None:
        return
    hasher = checksum.new()
    for chunk in staging.iter_chunks():
        hasher.update(chunk)
    check_hash(hasher.hexdigest(), checksum.digest)


def check_hash(found: str, expected: str | None) -> None:
    """Raise `ChecksumMismatch` unless the digest `found` is the expected one, if there is one."""
    if expected is not None and found != expected:
        raise ChecksumMismatch(expected=expected, received=found)
