"""What is too much on one side, once the other is known.

Rule: whatever is not surely too much stays.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cabinet.client.transfer.selection import Selection

if TYPE_CHECKING:
    from cabinet.client.wire.entries import Entry


def iter_surplus(
    entries: Sequence[Entry], kept: set[str], selection: Selection, local: Path, folder: str
) -> Iterator[str]:
    """Yield the paths of what to delete of the `entries` below `folder`.

    `kept` stays, with all that is below it, and so does what `selection` leaves out. A folder of
    which nothing stays, and that `local` does not have either, comes as a whole.
    """
    staying = {entry.path for entry in entries if _stays(entry, kept, selection, folder)}
    needed = {above for path in staying | kept for above in _iter_above(path)}
    gone: set[str] = set()
    # Folders before files, and each before what is in it.
    for entry in sorted(entries, key=lambda entry: (not entry.is_folder, entry.path)):
        if entry.path in staying or entry.path in needed or gone.intersection(_iter_above(entry.path)):
            continue
        if entry.is_folder:
            if local.joinpath(below(entry.path, folder)).is_dir():
                continue
            gone.add(entry.path)
        yield entry.path


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


def below(path: str, folder: str) -> str:
    """Return the path of the remote `path` below `folder`."""
    return path[len(folder) :].lstrip("/")


def _stays(entry: Entry, kept: set[str], selection: Selection, folder: str) -> bool:
    if entry.path in kept or kept.intersection(_iter_above(entry.path)):
        return True
    relative = below(entry.path, folder)
    return not (selection.enters(relative) if entry.is_folder else selection.takes(relative))


def _iter_above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path
