"""Uploads in progress on a local disk: one file each in `staging/`.

An upload over several requests has a second file, `<id>.blocks`, with the digests of its full
blocks, so that resuming reads at most one block again, and finishing reads none. Kept bytes are
synced before their digests are written; bytes after the kept ones are ignored.

Rule: files are opened without following symbolic links; digests are written only once their bytes
are durable.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from cabinet.errors import StorageFault, StorageFull, UploadGone
from cabinet.storage.blocks import BlockWriter, Piece, SizeAndHash, in_background
from cabinet.storage.chunks import Chunk
from cabinet.storage.content_hash import BLOCK_SIZE, DIGEST_SIZE, combine
from cabinet.storage.disk import disk_errors, sync_data
from cabinet.storage.protocols import Sealed
from cabinet.storage.reserve import DiskSpace

CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHANGE = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC

# At most this much of a running upload is lost when the server is killed: 16 blocks (64 MiB), or 5
# seconds if a full block arrived in them. More frequent syncs slow the transfer down.
SYNC_BLOCKS = 16
SYNC_SECONDS = 5.0


def digests_of(path: Path) -> Path:
    """Return the path of the block digests of the staged file `path`."""
    return path.with_name(f"{path.name}.blocks")


def seal(measured: SizeAndHash) -> Sealed:
    """Return the size and the hash with the blob key, which is the hash here."""
    return Sealed(measured.size, measured.content_hash, key=measured.content_hash)


def read_head(path: Path, size: int) -> bytes:
    """Return the first bytes of a staged file, at most `size` of them."""
    with disk_errors():
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            return os.pread(descriptor, size, 0)
        finally:
            os.close(descriptor)


def write_all(descriptor: int, offset: int, pieces: Sequence[Piece]) -> None:
    """Write all `pieces` at `offset`; a vectored write may be short, most often on a full disk."""
    written = os.pwritev(descriptor, pieces, offset)
    for piece in pieces:
        missing = memoryview(piece)[min(written, len(piece)) :]
        written -= len(piece) - len(missing)
        offset += len(piece) - len(missing)
        while missing:
            count = os.pwrite(descriptor, missing, offset)
            missing = missing[count:]
            offset += count


class LocalStaging:
    """An upload in one request: a file named by its id, open until `finish` or `close`."""

    def __init__(self, path: Path, disk_space: DiskSpace) -> None:
        self.id = path.name
        self._path = path
        self._disk_space = disk_space
        self._descriptor = os.open(path, CREATE, 0o600)
        self._is_open = True
        self._blocks = BlockWriter(self._write_block)

    def append(self, chunks: Iterable[Chunk]) -> None:
        self._blocks.write(chunks)

    def head(self, size: int) -> bytes:
        return read_head(self._path, size)

    def finish(self) -> Sealed:
        """Write the last block, make the file durable, and close it."""
        measured = self._blocks.finish()
        with disk_errors():
            # An error here is final: the kernel may have dropped the pages it could not write,
            # and a second fsync of the same descriptor would then report success.
            os.fsync(self._descriptor)
            # Closed before publishing, because one request may upload a thousand files.
            self.close()
        return seal(measured)

    def close(self) -> None:
        """Wait until no thread writes to the file, and close it."""
        self._blocks.settle()
        if self._is_open:
            self._is_open = False
            os.close(self._descriptor)

    def _write_block(self, offset: int, pieces: Sequence[Piece]) -> None:
        with disk_errors(), self._disk_space.writing(sum(map(len, pieces))):
            write_all(self._descriptor, offset, pieces)


class LocalResumed:
    """An upload that is resumed at `offset`; see `ResumedStaging`."""

    def __init__(self, path: Path, disk_space: DiskSpace, offset: int, *, tentative: bool) -> None:
        self.id = path.name
        self._path = path
        self._disk_space = disk_space
        self._tentative = tentative
        self._kept = offset
        self._first_block, behind = divmod(offset, BLOCK_SIZE)
        self._begins_inside = behind > 0
        self._noted = 0
        self._sync: Future[int] | None = None
        self._fault: StorageFull | StorageFault | None = None
        self._synced_at = time.monotonic()
        try:
            self._content = os.open(path, _CHANGE)
        except FileNotFoundError:
            raise UploadGone from None
        try:
            self._digests = os.open(digests_of(path), _CHANGE)
        except BaseException as error:
            os.close(self._content)
            if isinstance(error, FileNotFoundError):
                raise UploadGone from None
            raise
        try:
            head = os.pread(self._content, behind, offset - behind)
            if len(head) < behind or os.fstat(self._digests).st_size < self._first_block * DIGEST_SIZE:
                raise UploadGone  # the disk lost acknowledged bytes, or an older copy was restored
            # Bytes that a killed server wrote without keeping them must not follow the content.
            self._cut()
        except BaseException:
            self._close()
            raise
        self._blocks = BlockWriter(self._write_block, offset - behind, head)

    @property
    def offset(self) -> int:
        return self._blocks.offset

    @property
    def kept(self) -> int:
        return self._kept

    def append(self, chunks: Iterable[Chunk]) -> None:
        for chunk in chunks:
            self._blocks.write([chunk])
            if not self._tentative:
                self._sync_if_due()

    def content_hash(self) -> str | None:
        return None if self._begins_inside else self._blocks.content_hash()

    def keep(self) -> None:
        """Write the buffered bytes and the digests of the full blocks, durably."""
        self._wait_for_sync()
        if self._blocks.offset == self._kept:
            return
        self._blocks.flush()
        self._note(self._blocks.digests(self._noted), self._noted)
        self._noted = self._blocks.whole_blocks
        self._kept = self._blocks.offset

    def head(self, size: int) -> bytes:
        return read_head(self._path, size)

    def finish(self) -> Sealed:
        """Keep the rest, and compute the hash from the digests of this and earlier requests."""
        self.keep()
        size = self._blocks.offset
        with disk_errors():
            before = os.pread(self._digests, self._first_block * DIGEST_SIZE, 0)
        # The digests of this request include the last, shorter block.
        self._blocks.finish()
        return seal(SizeAndHash(size, combine(before + self._blocks.digests())))

    def close(self) -> None:
        """Wait until no thread writes to the files, truncate what was not kept, and close them."""
        self._blocks.settle()
        try:
            with suppress(StorageFull, StorageFault):
                self._wait_for_sync()
            self._cut()
        finally:
            self._close()

    def _cut(self) -> None:
        if os.fstat(self._content).st_size > self._kept:
            os.ftruncate(self._content, self._kept)

    def _close(self) -> None:
        os.close(self._content)
        os.close(self._digests)

    def _sync_if_due(self) -> None:
        if self._sync is not None and not self._sync.done():
            return  # the disk is slower than the network; a second sync gains nothing
        self._wait_for_sync()
        ready = self._blocks.whole_blocks - self._noted
        elapsed = time.monotonic() - self._synced_at
        if not ready or (ready < SYNC_BLOCKS and elapsed < SYNC_SECONDS):
            return
        digests, skip = self._blocks.digests(self._noted), self._noted
        self._noted += ready
        self._synced_at = time.monotonic()
        self._sync = in_background(lambda: self._note(digests, skip))

    def _wait_for_sync(self) -> None:
        if self._sync is not None:
            sync, self._sync = self._sync, None
            self._kept = sync.result()

    def _note(self, digests: bytes, skip: int) -> int:
        """Make the written bytes durable, then their digests; return the offset after the last block.

        An error here is final: the kernel may have dropped the pages that it could not write, and a
        second sync of the same descriptor would then report success.
        """
        if self._fault is not None:
            raise self._fault
        first = self._first_block + skip
        try:
            with disk_errors():
                sync_data(self._content)
                if digests:
                    write_all(self._digests, first * DIGEST_SIZE, [digests])
                    sync_data(self._digests)
        except (StorageFull, StorageFault) as error:
            self._fault = error
            raise
        return first * BLOCK_SIZE + len(digests) // DIGEST_SIZE * BLOCK_SIZE

    def _write_block(self, offset: int, pieces: Sequence[Piece]) -> None:
        with disk_errors(), self._disk_space.writing(sum(map(len, pieces))):
            write_all(self._content, offset, pieces)
