"""Blobs on a local disk: `blobs/ab/<content hash>` and `staging/<id>` below one folder.

An upload is written to staging, counted, hashed and fsynced; a hard link then makes it a blob,
and the blob's folder is fsynced before any row may refer to it. A crash in between leaves bytes
that nothing refers to, which the sweep collects.

Rule: both folders lie on one filesystem; every file is opened without following a link; nothing
is ever changed in place.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from cabinet.errors import BadSetting, BlobMissing, StorageFault, StorageFull, UnusableStore
from cabinet.storage.blobs import Staging, StoredObject
from cabinet.storage.blocks import BlockWriter, Measured, Piece
from cabinet.storage.content_hash import is_content_hash

# No room on the disk, in the system's quota, or in the limit on one file.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

# What opening a blob says when none is there, or a symlink or socket in its place.
NO_BLOB = {errno.ENOENT, errno.ELOOP, errno.ENXIO}

# The folders of the blobs: the first two digits of a hash.
PREFIXES = {f"{number:02x}" for number in range(256)}

ONE_FILESYSTEM = "its folders blobs and staging must lie on one filesystem."

_STAGING_ID = re.compile(r"[0-9a-f]{32}")
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO that somebody planted must not wait for its writer.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Turn what the operating system says about a disk into the domain's errors."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageFull from error
        raise StorageFault(reason=os.strerror(error.errno or 0)) from error


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, offset: int, pieces: Sequence[Piece]) -> None:
    """Write `pieces` at `offset`; a vectored write may stop short, most often on a full disk."""
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
    """One upload in `staging/`: a file that is open until it is finished, named by its id."""

    def __init__(self, path: Path) -> None:
        self.id = path.name
        self.path = path
        self._descriptor = os.open(path, _CREATE, 0o600)
        self._is_open = True
        self._blocks = BlockWriter(self._write_block)

    def append(self, chunks: Iterable[bytes]) -> None:
        self._blocks.write(chunks)

    def finish(self) -> Measured:
        measured = self._blocks.finish()
        with _disk_errors():
            # An error here is final: the kernel may have dropped the pages it could not write,
            # and a second fsync of the same descriptor would then report success.
            os.fsync(self._descriptor)
            # Not left open until the publication, for one request may bring a thousand files.
            self.close()
        return measured

    def close(self) -> None:
        """Close the file, once no thread writes to it any more."""
        self._blocks.settle()
        if self._is_open:
            self._is_open = False
            os.close(self._descriptor)

    def _write_block(self, offset: int, pieces: Sequence[Piece]) -> None:
        with _disk_errors():
            _write_all(self._descriptor, offset, pieces)


class LocalStore:
    """A `BlobStore` in one folder of a local disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._blobs = root / "blobs"
        self._staging = root / "staging"

    def make(self) -> None:
        """Make the folders where they are missing, durably; raises `UnusableStore`."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self._staging, self._blobs):
                folder.mkdir(mode=0o700, exist_ok=True)
            if missing := PREFIXES - {folder.name for folder in self._blobs.iterdir()}:
                for prefix in missing:
                    (self._blobs / prefix).mkdir(mode=0o700, exist_ok=True)
                _fsync_folder(self._blobs)
                _fsync_folder(self.root)
            self._try_a_link()
        except OSError as error:
            reason = ONE_FILESYSTEM if error.errno == errno.EXDEV else f"{error.strerror}."
            raise UnusableStore(where=str(self.root), reason=reason) from error

    @contextmanager
    def begin(self, expected_size: int | None = None) -> Iterator[Staging]:
        with _disk_errors():
            if expected_size is not None and expected_size > self.free_bytes():
                raise StorageFull
            staging = LocalStaging(self._staging / secrets.token_hex(16))
        try:
            yield staging
        finally:
            # A published upload is safe by now, and another error must not be hidden.
            with suppress(OSError):
                staging.close()
            with suppress(StorageFault):
                self.discard(staging.id)

    def publish(self, staging: Staging, measured: Measured) -> None:
        source = self._staging / staging.id
        blob = self._blob(measured.content_hash)
        with _disk_errors():
            try:
                os.link(source, blob)
            except FileExistsError:
                if self.size_of(measured.content_hash) != measured.size:
                    os.replace(source, blob)
            # Also where the blob was there already: whoever linked it may have died before this.
            _fsync_folder(blob.parent)

    def open(self, content_hash: str) -> BinaryIO:
        with _disk_errors():
            try:
                descriptor = os.open(self._blob(content_hash), _READ)
            except OSError as error:
                if error.errno not in NO_BLOB:
                    raise
                raise BlobMissing(content_hash=content_hash) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise BlobMissing(content_hash=content_hash)
        return open(descriptor, "rb", buffering=0)

    def size_of(self, content_hash: str) -> int | None:
        try:
            status = os.lstat(self._blob(content_hash))
        except FileNotFoundError:
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def remove(self, content_hash: str) -> None:
        with _disk_errors():
            self._blob(content_hash).unlink(missing_ok=True)

    def discard(self, staging_id: str) -> None:
        if _STAGING_ID.fullmatch(staging_id):
            with _disk_errors():
                (self._staging / staging_id).unlink(missing_ok=True)

    def iter_blobs(self) -> Iterator[StoredObject]:
        for prefix in PREFIXES:
            for found in _regular_files(self._blobs / prefix):
                if is_content_hash(found.key) and found.key.startswith(prefix):
                    yield found

    def iter_staged(self) -> Iterator[StoredObject]:
        yield from (found for found in _regular_files(self._staging) if _STAGING_ID.fullmatch(found.key))

    def free_bytes(self) -> int:
        status = os.statvfs(self._staging)
        return status.f_bavail * status.f_frsize

    def _blob(self, content_hash: str) -> Path:
        if not is_content_hash(content_hash):
            raise ValueError("not a content hash")
        return self._blobs / content_hash[:2] / content_hash

    def _try_a_link(self) -> None:
        """Raise OSError unless a staged file can become a blob: one filesystem, with hard links.

        Both names are such as the sweep collects, should the process die in between.
        """
        probe = self._staging / secrets.token_hex(16)
        target = self._blob(secrets.token_hex(32))
        os.close(os.open(probe, _CREATE, 0o600))
        try:
            os.link(probe, target)
            target.unlink()
        finally:
            probe.unlink()


def _regular_files(folder: Path) -> Iterator[StoredObject]:
    with os.scandir(folder) as found:
        for entry in found:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # finished or swept since the folder was read
                continue
            if stat.S_ISREG(status.st_mode):
                # ctime, for linking a blob sets it and an old mtime would not protect a new blob.
                yield StoredObject(entry.name, status.st_size, datetime.fromtimestamp(status.st_ctime, UTC))


def open_store(url: str) -> LocalStore:
    """Return the store at `file:///folder`, made when it is not there yet."""
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.netloc or not path.is_absolute():
        raise BadSetting(setting="STORE_URL", reason="a local store is file:///an/absolute/folder.")
    store = LocalStore(path)
    store.make()
    return store
