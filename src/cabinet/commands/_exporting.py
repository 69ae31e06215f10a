"""Export of a user's files to a local folder, each complete and verified, or not at all.

Every folder is opened relative to its parent and without following links, so that neither a name nor a
planted link leads outside.

Rule: a file gets its name only after its bytes are hashed and synced; existing files are kept unless
--force is given.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Self

from cabinet.commands._report import LocalError, Report
from cabinet.errors import CabinetError, DigestMismatch
from cabinet.services.changes.files import Files
from cabinet.services.tree.entries import Entry, to_ns
from cabinet.services.tree.listing import MAX_LIMIT
from cabinet.services.tree.names import split_path
from cabinet.storage.chunks import iter_hashed, iter_stream
from cabinet.storage.content_hash import ContentHasher, hash_stream

KEPT = "a different item has this name and was kept; --force replaces it."

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_PART = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO in the place of a file must not block.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def iter_entries(files: Files, path: str) -> Iterator[Entry]:
    """Yield everything below `path`, each folder before its contents."""
    page = files.list_below(path, MAX_LIMIT, None)
    while True:
        yield from page.entries
        if page.next is None:
            return
        page = files.list_below(path, MAX_LIMIT, page.next)


class Exporter:
    """Writes entries below a local folder; `force` replaces existing files with other content."""

    def __init__(self, files: Files, report: Report, *, force: bool) -> None:
        self._files = files
        self._report = report
        self._force = force
        self._closed: set[Sequence[str]] = set()

    def write_all(self, target: Path) -> None:
        """Write all files of the user to `target`, which is created if missing."""
        self._target = target
        try:
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            root = os.open(target, _FOLDER)
        except OSError as error:
            self._report.failed(str(target), error)
            return
        with _Folders(root) as folders:
            for entry in iter_entries(self._files, ""):
                self._write(folders, entry)

    def _write(self, folders: _Folders, entry: Entry) -> None:
        try:
            names = split_path(entry.path)
            inner = names if entry.is_folder else names[:-1]
            if any(inner[:depth] in self._closed for depth in range(len(inner) + 1)):
                return  # its failure was reported already
            folder = folders.enter(inner)
            if not entry.is_folder and not _has_content(folder, names[-1], entry):
                self._write_file(folder, names[-1], entry)
        except PermissionError as error:
            closed = folders.find_closed(inner)
            if closed is None:
                self._report.failed(entry.path, error)
            else:
                self._closed.add(closed)
                self._report.failed(str(self._target.joinpath(*closed)), error)
            return
        except (CabinetError, LocalError, OSError) as error:
            self._report.failed(entry.path, error)
            return
        if not entry.is_folder:
            self._report.done(entry.size or 0, entry=asdict(entry))

    def _write_file(self, folder: int, name: str, entry: Entry) -> None:
        # Checked in any case: it fails before writing if the file system cannot hold the name.
        if _is_there(folder, name) and not self._force:
            raise LocalError(KEPT)
        # Not named after the file, because another file may have that name.
        part = f"{secrets.token_hex(8)}.part"
        try:
            self._write_part(folder, part, entry)
            self._give_name(folder, part, name)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(part, dir_fd=folder)

    def _write_part(self, folder: int, part: str, entry: Entry) -> None:
        hasher = ContentHasher()
        with self._files.open(entry) as stream:
            chunks = self._report.metered(iter_hashed(iter_stream(stream), hasher), entry.path)
            with open(os.open(part, _PART, 0o600, dir_fd=folder), "wb") as file:
                file.writelines(chunks)
                file.flush()
                os.utime(file.fileno(), ns=(to_ns(entry.modified_at),) * 2)
                os.fsync(file.fileno())
        if hasher.hexdigest() != entry.content_hash:
            raise DigestMismatch(expected=entry.content_hash or "", received=hasher.hexdigest())

    def _give_name(self, folder: int, part: str, name: str) -> None:
        """Rename the part; without `force`, only to an unused name."""
        if self._force:
            os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
            return
        try:
            os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        except FileExistsError as error:
            raise LocalError(KEPT) from error
        except OSError as error:  # no hard links here, as on FAT
            if _is_there(folder, name):
                raise LocalError(KEPT) from error
            os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)


class _Folders:
    """The folders below the descriptor `root`, which is closed at the end; only the current one is open."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._names: Sequence[str] = ()
        self._folder = root

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._leave()
        _close(self._root)

    def enter(self, names: Sequence[str]) -> int:
        """Return the descriptor of the folder at `names`; creates it and its parents if missing."""
        if names != self._names:
            self._leave()
            for name in names:
                self._descend(name)
        return self._folder

    def find_closed(self, names: Sequence[str]) -> Sequence[str] | None:
        """Return the names of the folder without access at or above `names`; None if there is none."""
        if not os.access(".", os.W_OK | os.X_OK, dir_fd=self._folder):
            return self._names
        return names[: len(self._names) + 1] if len(self._names) < len(names) else None

    def _descend(self, name: str) -> None:
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=self._folder)
        above, self._folder = self._folder, os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=self._folder)
        self._names = (*self._names, name)
        if above != self._root:
            _close(above)

    def _leave(self) -> None:
        if self._folder != self._root:
            _close(self._folder)
        self._folder, self._names = self._root, ()


def _close(folder: int) -> None:
    """Sync the names in a folder and close it."""
    # Some network file systems cannot sync a folder; its files are synced already.
    with suppress(OSError):
        os.fsync(folder)
    os.close(folder)


def _is_there(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _has_content(folder: int, name: str, entry: Entry) -> bool:
    """Return whether the local file exists and has the content of `entry`."""
    try:
        descriptor = os.open(name, _FILE, dir_fd=folder)
    except OSError:  # missing, a link, a socket or unreadable: not an exported file
        return False
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size != entry.size:
            return False
        with open(descriptor, "rb", buffering=0, closefd=False) as file:
            return hash_stream(file) == entry.content_hash
    finally:
        os.close(descriptor)
