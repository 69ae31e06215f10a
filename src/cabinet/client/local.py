"""Reading local files, and mapping errors of the operating system to those of filecli.

Rule: an OSError of a local file is never mistaken for one of the network; a body can be read any number
of times.
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

# Used in messages in place of a path.
STANDARD_OUTPUT = Path("standard output")

# The disk is full, or the user's quota on it.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
# Too long for the file system (most allow 255 bytes), or with characters that it does not support.
NO_NAME = {errno.ENAMETOOLONG, errno.EILSEQ}


class Body(Protocol):
    """The body of a request, `length` bytes long."""

    length: int

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes from the start."""


@dataclass(frozen=True, slots=True)
class Source:
    """A regular file and its state at one moment; size in bytes, times in nanoseconds.

    `file_id` is (device, inode); `ctime_ns` is the change time, which no user can set.
    """

    path: Path
    size: int
    mtime_ns: int
    file_id: tuple[int, int] = (0, 0)
    ctime_ns: int = 0

    def has_grown_to(self, now: Source) -> bool:
        """Return whether `now` can be the same file with data appended."""
        return now.file_id == self.file_id and now.size > self.size


def to_source(path: Path, status: os.stat_result) -> Source:
    """Return the file at `path` in the state of `status`."""
    file_id = (status.st_dev, status.st_ino)
    return Source(path, status.st_size, status.st_mtime_ns, file_id, status.st_ctime_ns)


def stat_source(path: Path) -> Source:
    """Return the regular file at `path`; raises `LocalMissing` or `LocalFault`."""
    with local_errors(path):
        status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise LocalFault(path=str(path), reason="it is not a regular file; use “-” to upload from a pipe")
    return to_source(path, status)


class FileBody:
    """A file, or `length` bytes of it from `start`, read again for each attempt."""

    def __init__(self, source: Source, start: int = 0, length: int | None = None) -> None:
        self._source = source
        self._start = start
        self.length = source.size - start if length is None else length

    def chunks(self) -> Iterator[bytes]:
        """Yield exactly `length` bytes from `start`; raises `SourceChanged` if the file has fewer."""
        return read_span(self._source, self._start, self.length)


def read_span(source: Source, start: int, length: int) -> Iterator[bytes]:
    """Yield the bytes `[start, start + length)` of a file.

    If there are fewer, raises `SourceChanged`, or `SizeUnknown` if the state of the file did not change.
    """
    with local_errors(source.path), source.path.open("rb", buffering=0) as file:
        file.seek(start)
        try:
            yield from iter_exactly(file, length)
        except TruncatedBody as error:
            if stat_source(source.path) == source:
                raise SizeUnknown from error
            raise SourceChanged(path=str(source.path)) from error


class SizeUnknown(Exception):
    """The reported size of a file is wrong, as in /sys: its length is known only after reading it."""


class MemoryBody:
    """Bytes in memory, sent in pieces of at most `CHUNK_SIZE`."""

    def __init__(self, content: bytes) -> None:
        self.length = len(content)
        self._content = content

    def chunks(self) -> Iterator[bytes]:
        view = memoryview(self._content)
        for start in range(0, len(view), CHUNK_SIZE):
            yield bytes(view[start : start + CHUNK_SIZE])


def to_stored_time(folder: Path, mtime_ns: int) -> int:
    """Return a file time as the file system of `folder` stores it, in nanoseconds.

    Some store whole or even seconds only, or only years from 1901 or 1980. Returns the time unchanged if
    the test fails.
    """
    from tempfile import TemporaryFile  # only needed when times differ, not for --help

    try:
        with TemporaryFile(dir=folder) as file:
            os.utime(file.fileno(), ns=(mtime_ns, mtime_ns))
            return os.fstat(file.fileno()).st_mtime_ns
    except OSError:
        return mtime_ns


def state_folder() -> Path:
    """Return the folder for state between runs; a relative path if there is no home folder."""
    from platformdirs import user_state_path  # 20 ms, and --help needs no path

    try:
        return user_state_path("filecli", appauthor=False)
    except RuntimeError:
        return Path("~", ".local", "state", "filecli")


@contextmanager
def local_errors(path: Path) -> Iterator[None]:
    """Turn an OSError about `path` into an error of filecli."""
    try:
        yield
    except FileNotFoundError as error:
        raise LocalMissing(path=str(path)) from error
    except BrokenPipeError:
        raise  # the reader of our output closed it: not a disk error
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
    """Raise `NameRefused` if the file system cannot hold the name."""
    with local_errors(path), suppress(FileNotFoundError, NotADirectoryError):
        path.lstat()
