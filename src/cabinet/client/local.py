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
    """A regular file as it was when it was looked at; size in bytes, times in nanoseconds.

    `file_id` is the device and the number of the file there, `ctime_ns` what nobody can set back.
    """

    path: Path
    size: int
    mtime_ns: int
    file_id: tuple[int, int] = (0, 0)
    ctime_ns: int = 0

    def has_grown_to(self, now: Source) -> bool:
        """Tell whether `now` can be the same file with more at its end."""
        return now.file_id == self.file_id and now.size > self.size


def to_source(path: Path, status: os.stat_result) -> Source:
    """Return the file at `path` as `status` tells of it."""
    file_id = (status.st_dev, status.st_ino)
    return Source(path, status.st_size, status.st_mtime_ns, file_id, status.st_ctime_ns)


def look_at(path: Path) -> Source:
    """Return the regular file at `path`; raises `LocalMissing` or `LocalFault`."""
    with local_errors(path):
        status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise LocalFault(path=str(path), reason="it is no regular file; “-” uploads what is piped in")
    return to_source(path, status)


class FileBody:
    """A file, or `length` bytes of it from `start` on, read anew for each attempt."""

    def __init__(self, source: Source, start: int = 0, length: int | None = None) -> None:
        self._source = source
        self._start = start
        self.length = source.size - start if length is None else length

    def chunks(self) -> Iterator[bytes]:
        """Yield exactly `length` bytes from where it starts; raises `SourceChanged` when the file has fewer."""
        return read_span(self._source, self._start, self.length)


def read_span(source: Source, start: int, length: int) -> Iterator[bytes]:
    """Yield the bytes `[start, start + length)` of a file.

    When there are fewer, raises `SourceChanged`, or `SizeUnknown` where the file still says otherwise.
    """
    with local_errors(source.path), source.path.open("rb", buffering=0) as file:
        file.seek(start)
        try:
            yield from iter_exactly(file, length)
        except TruncatedBody as error:
            if look_at(source.path) == source:
                raise SizeUnknown from error
            raise SourceChanged(path=str(source.path)) from error


class SizeUnknown(Exception):
    """A file says that it has another size than it has, as those of /sys do: only reading it tells."""


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


def state_folder() -> Path:
    """Return where filecli keeps what it remembers between runs; a relative path where nobody's home is known."""
    from platformdirs import user_state_path  # 20 ms, and --help needs no path

    try:
        return user_state_path("filecli", appauthor=False)
    except RuntimeError:
        return Path("~", ".local", "state", "filecli")


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
