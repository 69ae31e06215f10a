"""The local paths of the entries of a remote folder.

Rule: entries whose names are the same on this file system are all left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cabinet.client.failures import UnsafeName
from cabinet.client.local_failures import SameName
from cabinet.client.local_names import LocalNames, to_local
from cabinet.client.paths import below, iter_parents, to_relative
from cabinet.client.transfer.selection import Selection
from cabinet.errors import CabinetError

if TYPE_CHECKING:
    from cabinet.client.wire.entries import RemoteEntry


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry, its path relative to the requested folder, and its local path."""

    entry: RemoteEntry
    relative: str
    local: Path


def iter_places(
    entries: Iterable[RemoteEntry],
    folder: str,
    names: LocalNames,
    selection: Selection,
    failed: Callable[[str, CabinetError], None],
) -> Iterator[Placed]:
    """Yield the `entries` below `folder` that are selected and have a valid local path.

    `failed` is called for each one without a valid path, but only once per message.
    """
    if names.ignores_case:
        entries = list(entries)
        same = names.find_same(
            path
            for entry in entries
            if (path := below(entry.path, folder)) and _is_selected(entry, path, selection)
        )
    else:
        same = {}
    reported: set[str] = set()
    for entry in entries:
        try:
            relative = to_relative(folder, entry.path)
            if not _is_selected(entry, relative, selection):
                continue
            for path in (relative, *iter_parents(relative)):
                if path in same:
                    raise SameName.of([f"{folder}/{each}".lstrip("/") for each in same[path]])
            local = to_local(names, folder, entry.path)
        except (SameName, UnsafeName) as error:
            if str(error) not in reported:
                reported.add(str(error))
                failed(entry.path, error)
            continue
        yield Placed(entry, relative, local)


def _is_selected(entry: RemoteEntry, relative: str, selection: Selection) -> bool:
    return selection.enters(relative) if entry.is_folder else selection.takes(relative)
