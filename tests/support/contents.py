"""Contents to store: reproducible bytes of a wanted size, and the sizes worth trying.

Rule: nothing here is slow; a content is made once and then sliced.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path

from cabinet.storage.chunks import CHUNK_SIZE
from cabinet.storage.content_hash import BLOCK_SIZE

# Nothing, the least, both sides of every border of a block, and a last block that is not whole.
SIZES = (0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 9 << 20)


@cache
def _noise(seed: int) -> bytes:
    """Return 1 MiB of noise; its length shares no factor with a block, so that no two blocks agree."""
    return random.Random(seed).randbytes((1 << 20) + 7)


def content_of(size: int, seed: int = 0) -> bytes:
    """Return `size` bytes that differ from those of every other seed."""
    noise = _noise(seed)
    times, rest = divmod(size, len(noise))
    return b"".join([*[noise] * times, noise[:rest]])  # so that nothing is copied twice


def in_chunks(content: bytes, size: int = CHUNK_SIZE) -> Iterator[bytes]:
    """Yield `content` cut into chunks of `size` bytes."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


def then_fail(content: bytes, chunks: int, error: Exception) -> Iterator[bytes]:
    """Yield the first `chunks` chunks of `content`, then raise `error`, like a sender that breaks off."""
    yield from islice(in_chunks(content), chunks)
    raise error


def everything_in(folder: Path) -> dict[str, bytes]:
    """Return what the files below `folder` hold, by their paths in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
