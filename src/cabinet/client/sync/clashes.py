"""Items of the wrong kind: a file in the place of a folder or the reverse, and items that must be kept.

Rule: these functions remove nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cabinet.client.local_failures import FileInTheWay, FolderInTheWay, InTheWay
from cabinet.client.paths import iter_parents, to_nfc
from cabinet.client.transfer.selection import Selection

if TYPE_CHECKING:
    from cabinet.client.wire.entries import RemoteEntry


def find_remote_clashes(paths: Iterable[str], entries: Mapping[str, RemoteEntry]) -> dict[str, InTheWay]:
    """Return the `entries`, by path, that prevent files from being stored at `paths`."""
    clashes: dict[str, InTheWay] = {}
    for path in paths:
        if path in entries and entries[path].is_folder:
            clashes[path] = FolderInTheWay(path=path)
        for above in iter_parents(path):
            if above in entries and not entries[above].is_folder:
                clashes[above] = FileInTheWay(path=above)
    return clashes


def find_local_clash(path: Path, *, is_folder: bool) -> InTheWay | None:
    """Return what prevents a folder, or a file, from being created at `path`; None if nothing does.

    Links are never followed; a link to a file is in the way of a folder only.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:
        return None
    if is_folder:
        return None if stat.S_ISDIR(mode) else FileInTheWay(path=str(path))
    if stat.S_ISDIR(mode) or os.path.isdir(path):  # noqa: PTH112 - like Path.is_dir, but never raises
        return FolderInTheWay(path=str(path))
    # Writing to a pipe would block until it has a reader.
    is_plain = stat.S_ISREG(mode) or os.path.isfile(path) or not os.path.exists(path)  # noqa: PTH110, PTH113 - the same
    return None if is_plain else InTheWay(path=str(path))


def find_kept(path: Path, relative: str, selection: Selection) -> str | None:
    """Return an item at or below the local `path` that sync must not remove, None if there is none.

    That is an excluded item, a link, a special file or an unreadable folder. The result is a path below
    the root; that of `path` itself is `relative`.
    """
    waiting = [(path, relative)]
    while waiting:
        path, relative = waiting.pop()
        try:
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode) and selection.enters(relative):
                waiting += [(each, f"{relative}/{to_nfc(each.name)}") for each in path.iterdir()]
            elif not (stat.S_ISREG(mode) and selection.takes(relative)):
                return relative
        except OSError:
            return relative
    return None
