"""Local files and folders: which are there, and where a download goes.

Rule: a walk never follows a link.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from cabinet.client.failures import LocalFault, LocalMissing
from cabinet.client.local import Source, local_errors
from cabinet.client.transfer.selection import Selection
from cabinet.errors import CabinetError
from cabinet.storage.content_hash import hash_stream


def iter_files(
    folder: Path,
    skipped: Callable[[Path], None],
    selection: Selection | None = None,
    *,
    unreadable: Callable[[Path, CabinetError], None] | None = None,
    above: str = "",
) -> Iterator[Source]:
    """Yield the regular files below `folder` in the order of their names.

    Links and special files are handed to `skipped`: a link may lead anywhere, even round in a
    circle, and a pipe may never end. A folder below that cannot be read is handed to `unreadable`,
    if given. `selection` sees paths that start with `above`.
    """
    chosen = selection or Selection()
    for entry in _scan(folder, unreadable if above else None):
        path = folder / entry.name
        relative = f"{above}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if chosen.enters(relative):
                yield from iter_files(path, skipped, chosen, unreadable=unreadable, above=f"{relative}/")
        elif chosen.takes(relative):
            if entry.is_file(follow_symlinks=False):
                with local_errors(path):
                    status = entry.stat(follow_symlinks=False)
                yield Source(path, status.st_size, status.st_mtime_ns)
            else:
                skipped(path)


def _scan(folder: Path, unreadable: Callable[[Path, CabinetError], None] | None) -> list[os.DirEntry[str]]:
    try:
        with local_errors(folder), os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except CabinetError as error:
        if unreadable is None:
            raise
        unreadable(folder, error)
        return []


def make_folder(path: Path) -> None:
    """Make `path` and what is missing above it; raises `LocalFault` where a file is in the way."""
    with local_errors(path):
        path.mkdir(parents=True, exist_ok=True)


def choose_target(output: str | None, name: str) -> Path:
    """Return where something called `name` goes: into the folder `output`, or as the name `output`.

    It is a folder if it is one already, or ends with a slash; then it is made.
    """
    if output is None:
        return Path(name)
    if output.endswith("/"):
        make_folder(Path(output))
    with local_errors(Path(output)):
        return Path(output, name) if Path(output).is_dir() else Path(output)


def is_stream(path: Path) -> bool:
    """Tell whether `path` is a device or pipe, which takes bytes and keeps no name for them."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def holds_content(path: Path, size: int, content_hash: str) -> bool:
    """Tell whether `path` is a regular file with just this content; reads it only if the size agrees."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size != size:
            return False
        with path.open("rb", buffering=0) as file:
            return hash_stream(file) == content_hash
    except OSError:
        return False


def check_place(path: Path) -> None:
    """Raise `LocalMissing`, `LocalFault` or `NameRefused` unless a file can have the name `path`."""
    with local_errors(path):
        if not path.parent.is_dir():
            raise LocalMissing(path=str(path.parent))
        if path.is_dir():
            raise LocalFault(path=str(path), reason="it is a folder")
