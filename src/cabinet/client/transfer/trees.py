"""Local trees: walking files to upload, and checking targets of downloads.

Rule: a walk never follows a symbolic link.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cabinet.client.failures import LocalFault, LocalMissing, NameRefused
from cabinet.client.local import Source, local_errors, to_source
from cabinet.client.local_failures import SameName
from cabinet.client.paths import to_nfc
from cabinet.client.transfer.selection import Selection
from cabinet.errors import CabinetError
from cabinet.storage.content_hash import hash_stream


def iter_files(
    folder: Path,
    skipped: Callable[[Path], None],
    selection: Selection | None = None,
    *,
    failed: Callable[[Path, CabinetError], None] | None = None,
) -> Iterator[Source]:
    """Yield the regular files below `folder`, sorted by name.

    Links and special files are passed to `skipped`: a link may lead anywhere, even in a circle, and a
    pipe may never end. With `failed`, an unreadable folder is passed to it, and so is one of several
    names that are the same on the server, which are all skipped; without it, these errors are raised.
    """
    chosen = selection or Selection()
    # Not recursive: folders may be nested deeper than Python calls.
    levels = [iter(_look_into(folder, "", chosen, failed, is_root=True))]
    while levels:
        found = next(levels[-1], None)
        if found is None:
            levels.pop()
        elif found.is_folder:
            levels.append(iter(_look_into(found.path, f"{found.relative}/", chosen, failed)))
        elif stat.S_ISREG(found.status.st_mode):
            yield to_source(found.path, found.status)
        else:
            skipped(found.path)


@dataclass(frozen=True, slots=True)
class _Found:
    """An item of a folder; `relative` is its NFC path below the root."""

    path: Path
    relative: str
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)


def _look_into(
    folder: Path,
    above: str,
    selection: Selection,
    failed: Callable[[Path, CabinetError], None] | None,
    *,
    is_root: bool = False,
) -> list[_Found]:
    """Return the selected items of `folder`, sorted by name."""
    try:
        if is_root:
            _check_linked(folder)
        found = [each for each in _scan(folder, above) if _is_selected(each, selection)]
    except CabinetError as error:
        if failed is None or is_root:
            raise
        failed(folder, error)
        return []
    alike: dict[str, list[_Found]] = {}
    for each in found:
        alike.setdefault(each.relative, []).append(each)
    for group in alike.values():
        if len(group) > 1:
            same_names = SameName.of([str(each.path) for each in group])
            if failed is None:
                raise same_names
            failed(group[0].path, same_names)
    return [group[0] for group in alike.values() if len(group) == 1]


def _check_linked(folder: Path) -> None:
    """Raise `LocalMissing` for a deleted folder that is still open, which would look empty."""
    with local_errors(folder):
        if folder.stat().st_nlink == 0:
            raise FileNotFoundError


def _scan(folder: Path, above: str) -> list[_Found]:
    found = []
    with local_errors(folder), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            with suppress(FileNotFoundError):  # deleted since the folder was opened
                status = entry.stat(follow_symlinks=False)
                found.append(_Found(folder / entry.name, above + to_nfc(entry.name), status))
    return found


def _is_selected(found: _Found, selection: Selection) -> bool:
    return selection.enters(found.relative) if found.is_folder else selection.takes(found.relative)


def make_folder(path: Path) -> None:
    """Create `path` and its missing parents; raises `LocalFault` if a file is in the way."""
    with local_errors(path):
        path.mkdir(parents=True, exist_ok=True)


class TargetFolders:
    """The target folders of a download, each created and checked once.

    A folder that cannot be used raises an error the first time; later calls return False.
    """

    def __init__(self, *, dry_run: bool) -> None:
        self._dry_run = dry_run
        self._made: set[Path] = set()
        self._open: set[Path] = set()
        self._closed: set[Path] = set()

    def make(self, folder: Path) -> bool:
        """Create a folder if missing; returns False if that failed before. Raises `LocalFault`."""
        if self._dry_run or folder in self._made:
            return True
        if not self._closed.isdisjoint((folder, *folder.parents)):
            return False
        try:
            make_folder(folder)
        except NameRefused:  # each refused name is reported
            raise
        except CabinetError:
            there = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
            # In a folder without write access, nothing else can be created either.
            self._closed.add(folder if os.access(there, os.W_OK | os.X_OK) else there)
            raise
        self._made.add(folder)
        return True

    def takes_files(self, folder: Path) -> bool:
        """Return whether files can be created in an existing folder; raises `LocalFault` the first time."""
        if folder in self._open:
            return True
        if not self._closed.isdisjoint((folder, *folder.parents)):
            return False
        try:
            with local_errors(folder):
                _check_writable(folder)
        except CabinetError:
            self._closed.add(folder)
            raise
        self._open.add(folder)
        return True


def _check_writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        is_read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
        code = errno.EROFS if is_read_only else errno.EACCES
        raise OSError(code, os.strerror(code))


def choose_target(output: str | None, name: str) -> Path:
    """Return the target of `name`: in the folder `output`, or `output` itself.

    `output` is a folder if it exists as one or ends with a slash; then it is created.
    """
    if output is None:
        return Path(name)
    if output.endswith("/"):
        make_folder(Path(output))
    return Path(output, name) if is_folder(output) else Path(output)


def is_folder(path: str) -> bool:
    """Return whether `path` is a local folder or a link to one; raises `LocalFault` or `NameRefused`."""
    with local_errors(Path(path)):
        return Path(path).is_dir()


def is_stream(path: Path) -> bool:
    """Return whether `path` is a device or pipe, which is written to and never replaced."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def has_content(path: Path, size: int, content_hash: str) -> bool:
    """Return whether `path` is a regular file with this content; reads it only if the size matches."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size != size:
            return False
        with path.open("rb", buffering=0) as file:
            return hash_stream(file) == content_hash
    except OSError:
        return False


def check_target(path: Path) -> None:
    """Raise `LocalMissing`, `LocalFault` or `NameRefused` unless a file can have the name `path`."""
    if not is_folder(str(path.parent)):
        raise LocalMissing(path=str(path.parent))
    if is_folder(str(path)):
        raise LocalFault(path=str(path), reason="it is a folder")
