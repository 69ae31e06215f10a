"""Join staged files into one: the kernel copies the bytes, and known block digests are reused.

The digests of a part are reused if the part begins at a block boundary of the whole. After a part
that does not end at a block boundary, all further blocks are read once and hashed.

Rule: parts are only read, never changed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from cabinet.errors import UploadGone
from cabinet.storage.blocks import BlockWriter, SizeAndHash
from cabinet.storage.chunks import CHUNK_SIZE, Chunk
from cabinet.storage.content_hash import BLOCK_SIZE, DIGEST_SIZE, combine
from cabinet.storage.disk import disk_errors
from cabinet.storage.local.staging import CREATE, digests_of, read_head, seal, write_all
from cabinet.storage.protocols import Sealed

# Errors of `copy_file_range` where the filesystem does not support it.
_NO_KERNEL_COPY = {errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL}


class LocalJoined:
    """A staged file with the content of `parts`: paths, and the number of bytes to take of each."""

    def __init__(self, path: Path, parts: Sequence[tuple[Path, int]]) -> None:
        self.id = path.name
        self._path = path
        self._parts = parts
        self._descriptor = os.open(path, CREATE, 0o600)
        self._is_open = True

    def append(self, chunks: Iterable[Chunk]) -> None:
        raise ValueError("a joined upload takes no further bytes")

    def head(self, size: int) -> bytes:
        return read_head(self._path, size)

    def iter_chunks(self) -> Iterator[Chunk]:
        """Yield the bytes of the finished upload in order."""
        with disk_errors():
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                yield from _iter_range(descriptor, 0, os.fstat(descriptor).st_size)
            finally:
                os.close(descriptor)

    def finish(self) -> Sealed:
        """Copy the parts, and compute the hash of the whole from their block digests."""
        if not self._is_open:
            raise ValueError("finished already")
        offset, digests = 0, bytearray()
        with disk_errors():
            for path, size in self._parts:
                _copy(path, size, self._descriptor, offset)
                if offset == len(digests) // DIGEST_SIZE * BLOCK_SIZE:
                    digests += _whole_blocks(path, size)
                offset += size
            digests += self._hash(len(digests) // DIGEST_SIZE * BLOCK_SIZE, offset)
            os.fsync(self._descriptor)
        self.close()
        return seal(SizeAndHash(offset, combine(bytes(digests))))

    def close(self) -> None:
        """Close the file."""
        if self._is_open:
            self._is_open = False
            os.close(self._descriptor)

    def _hash(self, start: int, stop: int) -> bytes:
        """Read `[start, stop)` and return the digests of its blocks."""
        blocks = BlockWriter(lambda _offset, _pieces: None, start)
        try:
            blocks.write(_iter_range(self._descriptor, start, stop))
            blocks.finish()
        finally:
            blocks.settle()
        return blocks.digests()


def _whole_blocks(path: Path, size: int) -> bytes:
    wanted = size // BLOCK_SIZE * DIGEST_SIZE
    digests = digests_of(path).read_bytes()[:wanted]
    if len(digests) < wanted:
        raise UploadGone
    return digests


def _copy(path: Path, size: int, target: int, offset: int) -> None:
    try:
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise UploadGone from None
    try:
        if os.fstat(source).st_size < size:
            raise UploadGone
        _copy_range(source, target, size, offset)
    finally:
        os.close(source)


def _copy_range(source: int, target: int, size: int, offset: int) -> None:
    copied = 0
    try:
        if not hasattr(os, "copy_file_range"):  # not on this system
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        while copied < size:
            count = os.copy_file_range(source, target, size - copied, copied, offset + copied)
            if not count:
                raise UploadGone
            copied += count
    except OSError as error:
        if error.errno not in _NO_KERNEL_COPY:
            raise
        for chunk in _iter_range(source, copied, size):
            write_all(target, offset + copied, [chunk])
            copied += len(chunk)


def _iter_range(descriptor: int, start: int, stop: int) -> Iterator[bytes]:
    while start < stop:
        chunk = os.pread(descriptor, min(CHUNK_SIZE, stop - start), start)
        if not chunk:
            raise UploadGone
        yield chunk
        start += len(chunk)
