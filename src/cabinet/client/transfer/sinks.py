"""The targets of a download: a .part file that is renamed at the end, or a stream.

A part is `NAME.part`; its expected content hash is in `NAME.part.hash`. Both are kept after an
interruption, and the next download of the same content resumes. Only a complete, verified and synced
part is renamed to the target.

Rule: a file that filecli did not create is overwritten or replaced only if the user allowed it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from cabinet.client.failures import (
    ChangedMeanwhile,
    Damaged,
    ForeignPart,
    LocalExists,
    LocalFault,
    PartInUse,
)
from cabinet.client.local import STANDARD_OUTPUT, local_errors
from cabinet.storage import file_locks
from cabinet.storage.chunks import iter_hashed, iter_stream
from cabinet.storage.content_hash import ContentHasher, is_content_hash
from cabinet.storage.file_locks import LockTaken

# Bytes: the length of a name that every file system allows; eCryptfs has the lowest limit.
LONGEST_NAME = 143

_PART_SUFFIX = ".part"
_HASH_SUFFIX = ".hash"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Sink(Protocol):
    """Receives the bytes of one file in order, and knows the expected content hash.

    `mtime_ns` is the modification time to set, None for the time of the download.
    """

    mtime_ns: int | None

    @property
    def offset(self) -> int:
        """The number of received bytes."""

    @property
    def content_hash(self) -> str:
        """The hash of the content that the received bytes belong to; "" without bytes."""

    def restart(self, content_hash: str) -> None:
        """Discard the received bytes; the following ones are of `content_hash`."""

    def write(self, chunk: bytes) -> None:
        """Append the next bytes."""

    @property
    def is_whole(self) -> bool:
        """Whether the content is complete and matches its hash."""

    def finish(self) -> None:
        """Put the content in its final place; raises `Damaged` unless it is complete."""


class StreamSink:
    """Standard output, a device or a pipe: written bytes cannot be discarded."""

    def __init__(self, stream: BinaryIO, path: str) -> None:
        self.offset = 0
        self.content_hash = ""
        self.mtime_ns: int | None = None
        self._stream = stream
        self._path = path
        self._hasher = ContentHasher()

    def restart(self, content_hash: str) -> None:
        if self.offset:
            raise ChangedMeanwhile(path=self._path)
        self.content_hash = content_hash

    def write(self, chunk: bytes) -> None:
        with local_errors(STANDARD_OUTPUT):
            self._stream.write(chunk)
        self._hasher.update(chunk)
        self.offset += len(chunk)

    @property
    def is_whole(self) -> bool:
        return self._hasher.hexdigest() == self.content_hash

    def finish(self) -> None:
        with local_errors(STANDARD_OUTPUT):
            self._stream.flush()
        if not self.is_whole:
            raise Damaged(path=self._path, expected=self.content_hash, received=self._hasher.hexdigest())


class PartFile:
    """The part of one file; open and locked inside `open_part` only."""

    def __init__(self, target: Path, descriptor: int, *, replace: bool, adopt: bool) -> None:
        self.target = target
        self.path = part_of(target)
        self.offset = 0
        self.content_hash = ""
        self.mtime_ns: int | None = None
        self._hash_file = hash_file_of(self.path)
        self._descriptor = descriptor
        self._replace = replace
        self._hasher = ContentHasher()
        self._resume(adopt=adopt)

    def restart(self, content_hash: str) -> None:
        """Truncate the part; the following bytes have another content hash."""
        with local_errors(self.path):
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            _write_hash(self._hash_file, content_hash)
        self.content_hash = content_hash
        self._hasher = ContentHasher()
        self.offset = 0

    def write(self, chunk: bytes) -> None:
        """Append bytes to the part, and hash them."""
        view = memoryview(chunk)
        with local_errors(self.target):
            while view:
                view = view[os.write(self._descriptor, view) :]
        self._hasher.update(chunk)
        self.offset += len(chunk)

    @property
    def is_whole(self) -> bool:
        return bool(self.content_hash) and self._hasher.hexdigest() == self.content_hash

    def finish(self) -> None:
        """Sync the part and rename it to the target; raises `Damaged` and deletes a damaged part."""
        self.make_durable()
        self.rename_to_target()
        with local_errors(self.target):
            fsync_folder(self.target.parent)

    def make_durable(self) -> None:
        """Do the first half of `finish`: sync the bytes, still under the name of the part."""
        if not self.is_whole:
            self.discard()
            received = self._hasher.hexdigest()
            raise Damaged(path=str(self.target), expected=self.content_hash, received=received)
        with local_errors(self.target):
            if self.mtime_ns is not None:
                os.utime(self._descriptor, ns=(self.mtime_ns, self.mtime_ns))
            os.fsync(self._descriptor)

    def rename_to_target(self) -> None:
        """Do the second half: rename; durable after `fsync_folder` on the folder."""
        with local_errors(self.target):
            self._rename_to_target()
            self._hash_file.unlink(missing_ok=True)

    @property
    def size(self) -> int:
        """The size on disk, which may exceed `offset` after an interruption."""
        return os.fstat(self._descriptor).st_size

    def discard(self) -> None:
        """Remove the part and its hash file."""
        with local_errors(self.path):
            self.path.unlink(missing_ok=True)
            self._hash_file.unlink(missing_ok=True)

    def _resume(self, *, adopt: bool) -> None:
        """Count and hash the bytes of an interrupted download."""
        with local_errors(self.path):
            size = self.size
            kept_hash = _read_hash(self._hash_file)
            if size and kept_hash is None and not adopt:
                raise ForeignPart(path=str(self.path))
            if not (size and kept_hash):
                os.ftruncate(self._descriptor, 0)
                return
            with open(self._descriptor, "rb", buffering=0, closefd=False) as file:
                for chunk in iter_hashed(iter_stream(file), self._hasher):
                    self.offset += len(chunk)
            self.content_hash = kept_hash

    def _rename_to_target(self) -> None:
        """Rename the part; unless `replace`, only to an unused name."""
        if self._replace:
            self.path.replace(self.target)
            return
        try:
            os.link(self.path, self.target)
        except FileExistsError as error:
            raise LocalExists(path=str(self.target)) from error
        except OSError:  # no hard links here, as on FAT
            if os.path.lexists(self.target):
                raise LocalExists(path=str(self.target)) from None
            self.path.rename(self.target)
        else:
            self.path.unlink()


@contextmanager
def open_part(target: Path, *, replace: bool = False, adopt: bool = False) -> Iterator[PartFile]:
    """Open the part of `target`, new or left by an interrupted download.

    `replace` allows replacing `target`, `adopt` overwriting a part that filecli did not create. An empty
    part is removed at the end, because it has nothing to resume.
    """
    path = part_of(target)
    descriptor = _open_locked(path)
    part = None
    try:
        part = PartFile(target, descriptor, replace=replace, adopt=adopt)
        yield part
    finally:
        if part is not None and not part.size and file_locks.is_at(descriptor, path):
            part.discard()
        os.close(descriptor)


def part_of(target: Path) -> Path:
    """Return the path of the part of `target`; a name that is too long is shortened."""
    name = os.fsencode(target.name)
    suffix = _PART_SUFFIX.encode()
    if len(name) + len(suffix) + len(_HASH_SUFFIX) > LONGEST_NAME:
        suffix = f"~{hashlib.sha256(name).hexdigest()[:16]}{_PART_SUFFIX}".encode()
        # Shortening may split a character, and not every system allows such bytes in a name.
        name = name[: LONGEST_NAME - len(suffix) - len(_HASH_SUFFIX)].decode(errors="ignore").encode()
    return target.with_name(os.fsdecode(name + suffix))


def hash_file_of(part: Path) -> Path:
    """Return the path of the hash file of `part`."""
    return part.with_name(part.name + _HASH_SUFFIX)


def _open_locked(path: Path) -> int:
    def look(status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise LocalFault(path=str(path), reason="it is not a regular file")
        if status.st_nlink > 1 and hash_file_of(path).exists():
            # Killed between link and unlink: the bytes belong to the target.
            path.unlink(missing_ok=True)

    with local_errors(path):
        try:
            return file_locks.open_locked(path, _FLAGS, 0o666, look)
        except LockTaken as error:
            raise PartInUse(path=str(path)) from error


def _read_hash(hash_file: Path) -> str | None:
    """Return the hash in `hash_file`, "" if it is invalid, None if the file is missing."""
    try:
        text = hash_file.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    return text if is_content_hash(text) else ""


def _write_hash(hash_file: Path, content_hash: str) -> None:
    descriptor = os.open(hash_file, _FLAGS | os.O_TRUNC, 0o666)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(f"{content_hash}\n")


def fsync_folder(folder: Path) -> None:
    """Sync the names in `folder`, if its file system can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Some network file systems cannot; the file itself is synced already.
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
