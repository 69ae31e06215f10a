"""The local disk: what is uploaded is read here, and its errors get their names here.

Rule: an OSError of a local file never passes for one of the network; the bytes of a body can be had
as often as it takes.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cabinet.client.failures import LocalDiskFull, LocalFault, LocalMissing, NameRefused, SourceChanged
from cabinet.client.local_failures import LocalReadOnly, LocalTooLarge
from cabinet.errors import TruncatedBody
from cabinet.storage.chunks import CHUNK_SIZE, iter_exactly

# What stands in messages in place of a path.
STANDARD_OUTPUT = Path("standard output")

# No room on the disk, or in the system's quota.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
# Too long for the file system (most of them: 255 bytes), or with letters that it does not know.
NO_NAME = {errno.ENAMETOOLONG, errno.EILSEQ}


class Body(Protocol):
    """The bytes of one request; `length` is how many."""

    length: int

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes, from the first one on."""


@dataclass(frozen=True, slots=True)
class Source:
    """A regular file as it was when it was looked at; size in bytes, last change in nanoseconds."""

    path: Path
    size: int
    mtime_ns: int

    def check(self) -> None:
        """Raise `SourceChanged` unless the file is as it was."""
        if look_at(self.path) != self:
            raise SourceChanged(path=str(self.path))


def look_at(path: Path) -> Source:
    """Return the regular file at `path`; raises `LocalMissing` or `LocalFault`."""
    with local_errors(path):
        status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise LocalFault(path=str(path), reason="it is no regular file; “-” uploads what is piped in")
    return to_source(path, status)


def to_source(path: Path, status: os.stat_result) -> Source:
    """Return the regular file at `path` as `status` tells of it."""
    return Source(path, status.st_size, status.st_mtime_ns)


class FileBody:
    """A file, or `length` bytes of it from `start` on, read anew for each attempt."""

    def __init__(self, source: Source, start: int = 0, length: int | None = None) -> None:
        self._source = source
        self._start = start
        self.length = source.size - start if length is None else length

    def chunks(self) -> Iterator[bytes]:
        """Yield exactly `length` bytes from where it starts; raises `SourceChanged` when the file has fewer."""
        path = self._source.path
        with local_errors(path), path.open("rb", buffering=0) as file:
            file.seek(self._start)
            try:
                yield from iter_exactly(file, self.length)
            except TruncatedBody as error:
                raise SourceChanged(path=str(path)) from error


class MemoryBody:
    """Bytes that are there already, sent in pieces of at most `CHUNK_SIZE`."""

    def __init__(self, content: bytes) -> None:
        self.length = len(content)
        self._content = content

    def chunks(self) -> Iterator[bytes]:
        view = memoryview(self._content)
        for start in range(0, len(view), CHUNK_SIZE):
            yield bytes(view[start : start + CHUNK_SIZE])


def to_held_time(folder: Path, mtime_ns: int) -> int:
    """Return what the disk makes of a time of a file in `folder`, in nanoseconds.

    Some know only whole or even seconds, or only the years from 1901 or 1980 on. Where that cannot
    be found out, the time is returned as it is.
    """
    from tempfile import TemporaryFile  # where times differ, and not for --help

    try:
        with TemporaryFile(dir=folder) as file:
            os.utime(file.fileno(), ns=(mtime_ns, mtime_ns))
            return os.fstat(file.fileno()).st_mtime_ns
    except OSError:
        return mtime_ns


@contextmanager
def local_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system says about `path` into the errors of filecli."""
    try:
        yield
    except FileNotFoundError as error:
        raise LocalMissing(path=str(path)) from error
    except BrokenPipeError:
        raise  # whoever read our output has had enough: no error of a disk
    except OSError as error:
        if error.errno in NO_ROOM:
            raise LocalDiskFull(path=str(path)) from error
        if error.errno == errno.EFBIG:
            raise LocalTooLarge(path=str(path)) from error
        if error.errno == errno.EROFS:
            raise LocalReadOnly(path=str(path)) from error
        kind = NameRefused if error.errno in NO_NAME else LocalFault
        raise kind(path=str(path), reason=os.strerror(error.errno or 0)) from error


def check_name(path: Path) -> None:
    """Raise `NameRefused` where the disk can hold nothing that is called so."""
    with local_errors(path), suppress(FileNotFoundError, NotADirectoryError):
        path.lstat()
