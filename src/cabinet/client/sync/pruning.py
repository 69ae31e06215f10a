"""The items to delete on one side, given the other.

Rule: an item is deleted only if it is certainly missing on the other side.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cabinet.client.paths import below, iter_parents
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
    """Yield the paths to delete of the `entries` below `folder`.

    Paths in `kept` stay with everything below them, and so do excluded ones. A folder without any kept
    item that is not a local folder either is yielded as a whole. A shared folder of another user that is
    not a local folder stays with its contents, since removing it cannot be undone.
    """
    shared = {entry.path for entry in entries if entry.is_shared}
    kept = kept | {path for path in shared if not is_local_folder(below(path, folder) or "")}
    staying = {entry.path for entry in entries if _stays(entry, kept, selection, folder)}
    needed = {above for path in staying | kept for above in iter_parents(path)}
    gone: set[str] = set()
    # Folders before files, and each before its contents.
    for entry in sorted(entries, key=lambda entry: (not entry.is_folder, entry.path)):
        if entry.path in staying or entry.path in needed or gone.intersection(iter_parents(entry.path)):
            continue
        if entry.is_folder:
            if entry.is_shared or is_local_folder(below(entry.path, folder) or ""):
                continue
            gone.add(entry.path)
        yield entry.path


def find_left_out(entries: Iterable[RemoteEntry], selection: Selection, folder: str) -> dict[str, str]:
    """Return an excluded path at or below each of `entries` and their parents."""
    found: dict[str, str] = {}
    for entry in entries:
        if not _is_selected(entry, selection, folder):
            for path in (entry.path, *iter_parents(entry.path)):
                found.setdefault(path, entry.path)
    return found


def remove_empty_folders(root: Path, is_surplus: Callable[[str], bool]) -> None:
    """Remove the empty folders below `root` whose relative path is surplus."""
    for path, _, _ in os.walk(root, topdown=False):
        relative = relative_to(Path(path), root)
        if relative != "." and is_surplus(relative):
            with suppress(OSError):  # not empty
                Path(path).rmdir()


def relative_to(path: Path, root: Path) -> str:
    """Return the local `path` relative to `root`, with slashes."""
    return path.relative_to(root).as_posix()


def _stays(entry: RemoteEntry, kept: set[str], selection: Selection, folder: str) -> bool:
    if entry.path in kept or kept.intersection(iter_parents(entry.path)):
        return True
    return not _is_selected(entry, selection, folder)


def _is_selected(entry: RemoteEntry, selection: Selection, folder: str) -> bool:
    relative = below(entry.path, folder) or ""
    return selection.enters(relative) if entry.is_folder else selection.takes(relative)
