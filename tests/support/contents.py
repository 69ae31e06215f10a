"""Test contents: reproducible bytes of a given size, and interesting sizes.

Rule: nothing here is slow; a content is created once and then sliced.
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


# What `rclone hashsum dropbox` (1.60.1) printed for files of this many zero bytes.
OF_ZEROS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "1406e05881e299367766d313e26c05564ec91bf721d31726bd6e46e60689539a",
    BLOCK_SIZE - 1: "839e2d868a885f260431d186466f0f3c189ee0eee5cc444b54e717740ad7f1c3",
    BLOCK_SIZE: "c7e946d101855255d919ef0c70718633adf77d3dfb3adeeecf5d0cb4e951be58",
    BLOCK_SIZE + 1: "14a4d47f23a30177885d9820122f17d2d3a55fe63f7f5c27b95f689e0b2accd6",
    9 << 20: "c8f97c712320613991f39507b92b54d92085daf3d0b44dc6264b60a9c6da2fc1",
}


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
