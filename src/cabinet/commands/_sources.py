"""Local files and folders to import, found without following links.

Everything is opened relative to its parent folder. So a user with write access cannot replace a folder
by a link and make the administrator import files that the user cannot read.

Rule: only regular files are imported, and only if they did not change meanwhile, except by growing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from cabinet.commands._report import LocalError, Report
from cabinet.errors import InvalidName, TruncatedBody
from cabinet.services.tree.entries import from_ns
from cabinet.services.tree.names import check_path, to_name
from cabinet.storage.chunks import iter_exactly, iter_stream
from cabinet.storage.content_hash import hash_chunks

CHANGED = "it changed while it was read and was not stored."
GREW = "it grew while it was read; its first state was stored."
A_LINK = "a link, which is not followed."
SPECIAL = "not a regular file."

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO in the place of a file must not block.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FileChanged(LocalError):
    """A file was changed while it was read, so that the bytes may mix two of its states."""

    def __init__(self) -> None:
        super().__init__(CHANGED)


class OpenFile:
    """A file that is read; the caller closes it. `stat_path` returns the current status of its path."""

    def __init__(self, stream: BinaryIO, stat_path: Callable[[], os.stat_result]) -> None:
        self._stream = stream
        self._stat = stat_path
        self._before = os.fstat(stream.fileno())
        self.size = self._before.st_size

    @property
    def modified_at(self) -> datetime:
        """The modification time."""
        return from_ns(self._before.st_mtime_ns)

    def chunks(self) -> Iterator[bytes]:
        """Yield the first `size` bytes, or all bytes of a file with a wrong reported size.

        Raises `FileChanged` if the file has become shorter.
        """
        try:
            yield from iter_exactly(self._stream, self.size)
        except TruncatedBody as error:
            if not self._is_same():
                raise FileChanged from error
        rest = self._stream.read(1)
        if rest and self._is_same():
            yield rest
            yield from iter_stream(self._stream)

    def has_grown(self, content_hash: str) -> bool:
        """Return whether the file has grown since its content, with this hash, was read.

        Raises `FileChanged` unless it is unchanged or still begins with that content.
        """
        if self._is_same():
            return False
        self._check_has_grown()
        self._stream.seek(0)
        try:
            again = hash_chunks(iter_exactly(self._stream, self.size))
        except TruncatedBody as error:
            raise FileChanged from error
        self._check_has_grown()
        if again != content_hash:
            raise FileChanged
        return True

    def _is_same(self) -> bool:
        return _identity(self._now()) == _identity(self._before)

    def _check_has_grown(self) -> None:
        now, before = self._now(), self._before
        if (now.st_dev, now.st_ino) != (before.st_dev, before.st_ino) or not now.st_size > before.st_size > 0:
            raise FileChanged

    def _now(self) -> os.stat_result:
        try:
            return self._stat()
        except FileNotFoundError as error:
            raise FileChanged from error


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class ImportItem:
    """A file or folder to import and its target names; valid until the next one is requested."""

    label: str
    names: tuple[str, ...]
    is_folder: bool
    _name: str
    _parent: int | None

    @contextmanager
    def open(self) -> Iterator[OpenFile]:
        """Open a file for reading."""
        descriptor = os.open(self._name, _FILE, dir_fd=self._parent)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise LocalError(SPECIAL)
            with open(descriptor, "rb", buffering=0, closefd=False) as stream:
                yield OpenFile(stream, self._stat)
        finally:
            os.close(descriptor)

    def _stat(self) -> os.stat_result:
        return os.stat(self._name, dir_fd=self._parent, follow_symlinks=False)


class ImportScanner:
    """Finds files and folders to import; skipped and failed ones go to `report`."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def find(self, path: Path, above: tuple[str, ...]) -> Iterator[ImportItem]:
        """Yield `path` and everything below it, sorted by name, each folder before its contents.

        Keeps the name of `path` itself, below the names `above`; `.` and `..` have none.
        """
        name = "" if path.name == ".." else path.name
        yield from self._visit(path, (*above, name) if name else above, str(path), None)

    def _visit(
        self, label: Path, names: tuple[str, ...], name: str, parent: int | None
    ) -> Iterator[ImportItem]:
        try:
            names = (*names[:-1], *map(to_name, names[-1:]))
            check_path(names)
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        except (InvalidName, OSError) as error:
            self._report.failed(str(label), error)
            return
        if stat.S_ISREG(mode):
            yield ImportItem(str(label), names, False, name, parent)
        elif stat.S_ISDIR(mode):
            yield ImportItem(str(label), names, True, name, parent)
            yield from self._enter(label, names, name, parent)
        else:
            self._report.left_out(str(label), A_LINK if stat.S_ISLNK(mode) else SPECIAL)

    def _enter(
        self, label: Path, names: tuple[str, ...], name: str, parent: int | None
    ) -> Iterator[ImportItem]:
        try:
            folder = os.open(name, _FOLDER, dir_fd=parent)
        except OSError as error:
            self._report.failed(str(label), error)
            return
        try:
            for child in self._children(label, folder):
                yield from self._visit(label / child, (*names, child), child, folder)
        finally:
            os.close(folder)

    def _children(self, label: Path, folder: int) -> list[str]:
        try:
            return sorted(os.listdir(folder))
        except OSError as error:
            self._report.failed(str(label), error)
            return []
