"""Where the bytes of a download go: to a part that becomes a file, or straight into a stream.

A part is `NAME.part`, with the content hash that it shall have beside it in `NAME.part.hash`. Both
outlive an interruption; the next download of the same content goes on behind the bytes that are
there. Only a whole, verified and synced part takes the name of the file.

Rule: nothing that filecli did not make is written to or replaced, unless somebody said so.
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

# Bytes: what every file system allows in one name; eCryptfs is the one with the fewest.
LONGEST_NAME = 143

_PART = ".part"
_MARK = ".hash"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Sink(Protocol):
    """Takes the bytes of one file in order, and knows which content they shall be.

    `mtime_ns` is the time of the last change that the file shall have, None for that of its arrival.
    """

    mtime_ns: int | None

    @property
    def offset(self) -> int:
        """How many bytes are there."""

    @property
    def content_hash(self) -> str:
        """The hash of the content that the bytes there belong to; "" where there are none."""

    def restart(self, content_hash: str) -> None:
        """Drop what is there; from now on the bytes of `content_hash` come."""

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""

    @property
    def is_whole(self) -> bool:
        """Whether the bytes there are all of the content, undamaged."""

    def finish(self) -> None:
        """Give the content its final place; raises `Damaged` unless it is whole."""


class StreamSink:
    """Standard output, a device or a pipe: bytes that are written cannot be taken back."""

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
    """The part of one file; open only inside `open_part`, and then by nobody else."""

    def __init__(self, target: Path, descriptor: int, *, replace: bool, adopt: bool) -> None:
        self.target = target
        self.path = part_of(target)
        self.offset = 0
        self.content_hash = ""
        self.mtime_ns: int | None = None
        self._mark = mark_of(self.path)
        self._descriptor = descriptor
        self._replace = replace
        self._hasher = ContentHasher()
        self._take_up(adopt=adopt)

    def restart(self, content_hash: str) -> None:
        """Forget what is there: what comes from now on has another content hash."""
        with local_errors(self.path):
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            _write_mark(self._mark, content_hash)
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
        """Make the part durable and put it in place of the target; raises `Damaged`, and keeps nothing of it then."""
        self.make_durable()
        self.take_the_name()
        with local_errors(self.target):
            fsync_folder(self.target.parent)

    def make_durable(self) -> None:
        """Do the first half of `finish`: the bytes are safe, still under the name of the part."""
        if not self.is_whole:
            self.discard()
            received = self._hasher.hexdigest()
            raise Damaged(path=str(self.target), expected=self.content_hash, received=received)
        with local_errors(self.target):
            if self.mtime_ns is not None:
                os.utime(self._descriptor, ns=(self.mtime_ns, self.mtime_ns))
            os.fsync(self._descriptor)

    def take_the_name(self) -> None:
        """Do the second half; durable once `fsync_folder` has been called on the folder."""
        with local_errors(self.target):
            self._take_the_name()
            self._mark.unlink(missing_ok=True)

    @property
    def size(self) -> int:
        """How many bytes the disk has; an interruption may come before `offset` counts the last."""
        return os.fstat(self._descriptor).st_size

    def discard(self) -> None:
        """Remove the part and its mark."""
        with local_errors(self.path):
            self.path.unlink(missing_ok=True)
            self._mark.unlink(missing_ok=True)

    def _take_up(self, *, adopt: bool) -> None:
        """Count and hash what an interrupted download left."""
        with local_errors(self.path):
            size = self.size
            marked = _read_mark(self._mark)
            if size and marked is None and not adopt:
                raise ForeignPart(path=str(self.path))
            if not (size and marked):
                os.ftruncate(self._descriptor, 0)
                return
            with open(self._descriptor, "rb", buffering=0, closefd=False) as file:
                for chunk in iter_hashed(iter_stream(file), self._hasher):
                    self.offset += len(chunk)
            self.content_hash = marked

    def _take_the_name(self) -> None:
        """Rename the part; without leave to replace, only to a name that is free."""
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

    `replace` allows to replace `target`, `adopt` to overwrite a part that is not ours. An empty part is removed
    in the end, for there is nothing in it to go on from.
    """
    path = part_of(target)
    descriptor = _open_alone(path)
    part = None
    try:
        part = PartFile(target, descriptor, replace=replace, adopt=adopt)
        yield part
    finally:
        if part is not None and not part.size and file_locks.is_at(descriptor, path):
            part.discard()
        os.close(descriptor)


def part_of(target: Path) -> Path:
    """Return the path of the part of `target`; of a name that leaves no room, it is shortened."""
    name = os.fsencode(target.name)
    suffix = _PART.encode()
    if len(name) + len(suffix) + len(_MARK) > LONGEST_NAME:
        suffix = f"~{hashlib.sha256(name).hexdigest()[:16]}{_PART}".encode()
        # Cutting may split a character; such bytes would be no name on every system.
        name = name[: LONGEST_NAME - len(suffix) - len(_MARK)].decode(errors="ignore").encode()
    return target.with_name(os.fsdecode(name + suffix))


def mark_of(part: Path) -> Path:
    """Return the path of the file that names the content of `part`."""
    return part.with_name(part.name + _MARK)


def _open_alone(path: Path) -> int:
    def look(status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise LocalFault(path=str(path), reason="it is no regular file")
        if status.st_nlink > 1 and mark_of(path).exists():
            # Killed between the two steps of taking the name: the bytes belong to the file.
            path.unlink(missing_ok=True)

    with local_errors(path):
        try:
            return file_locks.open_locked(path, _FLAGS, 0o666, look)
        except LockTaken as error:
            raise PartInUse(path=str(path)) from error


def _read_mark(mark: Path) -> str | None:
    """Return the hash in `mark`, "" if it holds none, None if it is not there."""
    try:
        text = mark.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    return text if is_content_hash(text) else ""


def _write_mark(mark: Path, content_hash: str) -> None:
    descriptor = os.open(mark, _FLAGS | os.O_TRUNC, 0o666)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(f"{content_hash}\n")


def fsync_folder(folder: Path) -> None:
    """Make the names in `folder` durable, where its file system can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Some network file systems cannot; the file itself is synced by now.
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
