"""The content hash: SHA-256 over the SHA-256 of every block of 4 MiB.

This is the published Dropbox content hash, so `rclone hashsum dropbox FILE` computes the same.
It has three advantages over one SHA-256 of the whole content: a resumed upload needs no state but
the digests of its full blocks, blocks are hashed in parallel, and a damaged block can be identified.

Rule: a digest is `bytes` between functions and lower-case hex at the edges.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from cabinet.storage.chunks import Chunk, Reader, iter_stream

# 4 MiB, fixed by the definition of the hash.
BLOCK_SIZE = 4 << 20

DIGEST_SIZE = hashlib.sha256().digest_size

# The first two hex digits of a hash, in order: they divide blobs into 256 parts of about equal size.
PREFIXES = tuple(f"{number:02x}" for number in range(256))

_HEX = re.compile(r"[0-9a-f]{64}")


def is_content_hash(text: str) -> bool:
    """Return whether `text` has the form of a content hash: 64 lower-case hex digits."""
    return _HEX.fullmatch(text) is not None


def combine(digests: bytes) -> str:
    """Return the content hash, in hex, of the blocks with these concatenated digests."""
    return hashlib.sha256(digests).hexdigest()


class ContentHasher:
    """Computes the content hash of bytes that arrive in order, in pieces of any length.

    With `digests`, it continues after the full blocks that have them.
    """

    def __init__(self, digests: bytes = b"") -> None:
        self._digests = bytearray(digests)
        self._block = hashlib.sha256()
        self._filled = 0

    @property
    def size(self) -> int:
        """The number of bytes so far."""
        return len(self._digests) // DIGEST_SIZE * BLOCK_SIZE + self._filled

    def update(self, data: Chunk, /) -> None:
        """Add the next bytes."""
        view = memoryview(data)
        while view:
            piece = view[: BLOCK_SIZE - self._filled]
            self._block.update(piece)
            self._filled += len(piece)
            view = view[len(piece) :]
            if self._filled == BLOCK_SIZE:
                self._digests += self._block.digest()
                self._block = hashlib.sha256()
                self._filled = 0

    def digests(self, skip: int = 0) -> bytes:
        """Return the digests of the full blocks so far, without the first `skip`."""
        return bytes(self._digests[skip * DIGEST_SIZE :])

    def all_digests(self) -> bytes:
        """Return the digests of all blocks so far, of which the last may be short."""
        return self.digests() + (self._block.digest() if self._filled else b"")

    def hexdigest(self) -> str:
        """Return the content hash, in hex, of all bytes so far."""
        return combine(self.all_digests())


def hash_chunks(chunks: Iterable[Chunk]) -> str:
    """Return the content hash, in hex, of `chunks` in order."""
    hasher = ContentHasher()
    for chunk in chunks:
        hasher.update(chunk)
    return hasher.hexdigest()


def hash_stream(stream: Reader[bytes]) -> str:
    """Return the content hash, in hex, of the rest of `stream`, which stays open."""
    return hash_chunks(iter_stream(stream))
