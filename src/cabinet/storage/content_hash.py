"""The content hash: SHA-256 over the SHA-256 of every block of 4 MiB.

This is the published Dropbox content hash, so `rclone hashsum dropbox FILE` computes the same.
Against one SHA-256 over everything it has three merits: an upload that is resumed carries no
hidden state but the finished digests, blocks hash in parallel, and a damaged block can be named.

Rule: a digest is `bytes` between functions and lower-case hex at the edges.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from cabinet.storage.chunks import Reader, iter_stream

# 4 MiB, fixed by the definition of the hash.
BLOCK_SIZE = 4 << 20

DIGEST_SIZE = hashlib.sha256().digest_size

# What hashes begin with, in their order: as many parts of about one size.
PREFIXES = tuple(f"{number:02x}" for number in range(256))

_HEX = re.compile(r"[0-9a-f]{64}")


def is_content_hash(text: str) -> bool:
    """Tell whether `text` has the form of a content hash: 64 lower-case hex digits."""
    return _HEX.fullmatch(text) is not None


def combine(digests: bytes) -> str:
    """Return the content hash, in hex, of the blocks whose digests are strung together."""
    return hashlib.sha256(digests).hexdigest()


class ContentHasher:
    """Computes the content hash of bytes that come in order and in pieces of any length."""

    def __init__(self) -> None:
        self._digests = bytearray()
        self._block = hashlib.sha256()
        self._filled = 0

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""
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

    def hexdigest(self) -> str:
        """Return the content hash, in hex, of everything taken so far."""
        last = self._block.digest() if self._filled else b""
        return combine(bytes(self._digests) + last)


def hash_chunks(chunks: Iterable[bytes]) -> str:
    """Return the content hash, in hex, of `chunks` in their order."""
    hasher = ContentHasher()
    for chunk in chunks:
        hasher.update(chunk)
    return hasher.hexdigest()


def hash_stream(stream: Reader) -> str:
    """Return the content hash, in hex, of what is left in `stream`, which stays open."""
    return hash_chunks(iter_stream(stream))
