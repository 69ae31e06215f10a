"""The local disk: what is uploaded is read here, and its errors get their names here.

Rule: an OSError of a local file never passes for one of the network; a body knows whether its
bytes can be had a second time.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from cabinet.client.failures import LocalDiskFull, LocalFault, LocalMissing, SourceChanged
from cabinet.errors import TruncatedBody
from cabinet.storage.chunks import Reader, iter_exactly, iter_stream

# No room on the disk, in the system's quota, or in the limit on one file.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Body(Protocol):
    """The bytes of one upload; `length` is None where nobody can know it beforehand."""

    label: str
    length: int | None

    @property
    def is_spent(self) -> bool:
        """Whether bytes were taken that cannot be had again."""

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes, from the first one on."""


class FileBody:
    """A regular file, read anew for each attempt and never past the length that it had at first."""

    is_spent = False

    def __init__(self, path: Path) -> None:
        self.label = str(path)
        self.path = path
        with local_errors(path):
            status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise LocalFault(path=str(path), reason="it is no regular file; “-” uploads what is piped in")
        self.length: int | None = status.st_size

    def chunks(self) -> Iterator[bytes]:
        with local_errors(self.path), self.path.open("rb", buffering=0) as file:
            try:
                yield from iter_exactly(file, self.length or 0)
            except TruncatedBody as error:
                raise SourceChanged(path=str(self.path)) from error


class StreamBody:
    """What comes through a pipe: its length is unknown and it can be had once."""

    def __init__(self, stream: Reader, label: str) -> None:
        self.label = label
        self.length: int | None = None
        self.is_spent = False
        self._stream = stream

    def chunks(self) -> Iterator[bytes]:
        with local_errors(Path("-")):
            for chunk in iter_stream(self._stream):
                self.is_spent = True
                yield chunk


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
        raise LocalFault(path=str(path), reason=os.strerror(error.errno or 0)) from error
