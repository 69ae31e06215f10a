"""What is in the way: a file where a folder has to be, or the reverse, and what must not go with it.

Rule: it finds and removes nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cabinet.client.local_failures import FileInTheWay, FolderInTheWay, InTheWay
from cabinet.client.paths import iter_above, to_nfc
from cabinet.client.transfer.selection import Selection

if TYPE_CHECKING:
    from cabinet.client.wire.entries import RemoteEntry


def find_remote_clashes(paths: Iterable[str], entries: Mapping[str, RemoteEntry]) -> dict[str, InTheWay]:
    """Return which of `entries`, by their paths, keep files from being stored at `paths`."""
    clashes: dict[str, InTheWay] = {}
    for path in paths:
        if path in entries and entries[path].is_folder:
            clashes[path] = FolderInTheWay(path=path)
        for above in iter_above(path):
            if above in entries and not entries[above].is_folder:
                clashes[above] = FileInTheWay(path=above)
    return clashes


def find_local_clash(path: Path, *, is_folder: bool) -> InTheWay | None:
    """Return what keeps a folder, or else a file, from being made at `path`; None if nothing does.

    A link is never gone through; one to a file is in the way of a folder only.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:
        return None
    if is_folder:
        return None if stat.S_ISDIR(mode) else FileInTheWay(path=str(path))
    if stat.S_ISDIR(mode) or os.path.isdir(path):  # noqa: PTH112 - as Path.is_dir, but never raises
        return FolderInTheWay(path=str(path))
    # A pipe would not be written to before somebody reads from it.
    is_plain = stat.S_ISREG(mode) or os.path.isfile(path) or not os.path.exists(path)  # noqa: PTH110, PTH113 - the same
    return None if is_plain else InTheWay(path=str(path))


def find_kept(path: Path, relative: str, selection: Selection) -> str | None:
    """Return something at or below the local `path` that is not for sync to remove, None if all is.

    That is what `selection` leaves out, a link, a special file, and a folder that cannot be read.
    Paths are returned as `relative`, which is that of `path` itself.
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
