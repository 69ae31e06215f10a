"""What is too much on one side, once the other is known.

Rule: whatever is not surely too much stays.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cabinet.client.paths import below, iter_above
from cabinet.client.transfer.selection import Selection

if TYPE_CHECKING:
    from cabinet.client.wire.entries import RemoteEntry


def iter_surplus(
    entries: Iterable[RemoteEntry],
    kept: set[str],
    selection: Selection,
    folder: str,
    is_local_folder: Callable[[str], bool],
) -> Iterator[str]:
    """Yield the paths of what to delete of the `entries` below `folder`.

    `kept` stays, with all that is below it, and so does what `selection` leaves out. A folder of
    which nothing stays, and that is none here either, by its relative path, comes as a whole.
    """
    staying = {entry.path for entry in entries if _stays(entry, kept, selection, folder)}
    needed = {above for path in staying | kept for above in iter_above(path)}
    gone: set[str] = set()
    # Folders before files, and each before what is in it.
    for entry in sorted(entries, key=lambda entry: (not entry.is_folder, entry.path)):
        if entry.path in staying or entry.path in needed or gone.intersection(iter_above(entry.path)):
            continue
        if entry.is_folder:
            if is_local_folder(below(entry.path, folder) or ""):
                continue
            gone.add(entry.path)
        yield entry.path


def find_left_out(entries: Iterable[RemoteEntry], selection: Selection, folder: str) -> dict[str, str]:
    """Return, for each of `entries` and each folder above, something at or below it that `selection` leaves out."""
    found: dict[str, str] = {}
    for entry in entries:
        if not _is_selected(entry, selection, folder):
            for path in (entry.path, *iter_above(entry.path)):
                found.setdefault(path, entry.path)
    return found


def remove_empty_folders(root: Path, is_surplus: Callable[[str], bool]) -> None:
    """Remove the folders below `root` that are empty and, by their relative path, too much."""
    for path, _, _ in os.walk(root, topdown=False):
        relative = relative_to(Path(path), root)
        if relative != "." and is_surplus(relative):
            with suppress(OSError):  # something that stays is in it
                Path(path).rmdir()


def relative_to(path: Path, root: Path) -> str:
    """Return the path of the local `path` below `root`, with slashes."""
    return path.relative_to(root).as_posix()


def _stays(entry: RemoteEntry, kept: set[str], selection: Selection, folder: str) -> bool:
    if entry.path in kept or kept.intersection(iter_above(entry.path)):
        return True
    return not _is_selected(entry, selection, folder)


def _is_selected(entry: RemoteEntry, selection: Selection, folder: str) -> bool:
    relative = below(entry.path, folder) or ""
    return selection.enters(relative) if entry.is_folder else selection.takes(relative)
