"""Expansion of patterns for names on the server.

`*`, `?` and `[...]` match characters of one name, `**` as a whole name any number of folders; at the end
of a pattern `**` matches everything below. Names with a leading dot match, and case counts.

Rule: only folders that can match are listed; names without a pattern are looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import translate
from typing import TYPE_CHECKING

from cabinet.client.failures import Refused
from cabinet.client.wire.entries import PAGE_SIZE, RemoteEntry
from cabinet.errors import NotAFolder, NotFound

if TYPE_CHECKING:
    from cabinet.client.wire.api import Api

_DEEP = "**"
_MAGIC = re.compile(r"[*?[]")


def is_pattern(path: str) -> bool:
    """Return whether `path` contains a pattern."""
    return _MAGIC.search(path) is not None


def expand(api: Api, pattern: str) -> Iterator[RemoteEntry]:
    """Yield the entries that match `pattern`; none if its first folder does not exist."""
    names = pattern.split("/")
    begin = next(depth for depth, name in enumerate(names) if is_pattern(name))
    folders = ["/".join(names[:begin])]
    for depth in range(begin, len(names)):
        if names[depth] == _DEEP:
            yield from _iter_deep(api, folders, names[depth:])
            return
        found = _level(api, folders, names[depth])
        if depth == len(names) - 1:
            yield from found
            return
        folders = [entry.path for entry in found if entry.is_folder]


class Shape:
    """A pattern split into names, for relative paths below a folder."""

    def __init__(self, names: Sequence[str]) -> None:
        self._parts = [None if name == _DEEP else re.compile(translate(name)) for name in names]

    def fits(self, names: Sequence[str]) -> bool:
        """Return whether a path, split into names, matches; tracks all positions in the pattern at once."""
        at = self._skipping({0})
        for name in names:
            at = self._skipping({after for step in at for after in self._after(step, name)})
        return len(self._parts) in at

    def _after(self, step: int, name: str) -> Iterator[int]:
        if step == len(self._parts):
            return
        part = self._parts[step]
        if part is None:
            yield step
        if part.match(name) if part else self._is_last(step):
            yield step + 1

    def _skipping(self, at: set[int]) -> set[int]:
        """Add the positions after a ** that matches no folder; a final ** matches at least one name."""
        for step, part in enumerate(self._parts):
            if step in at and part is None and not self._is_last(step):
                at.add(step + 1)
        return at

    def _is_last(self, step: int) -> bool:
        return step == len(self._parts) - 1


def _iter_deep(api: Api, folders: Sequence[str], names: Sequence[str]) -> Iterator[RemoteEntry]:
    shape = Shape(names)
    for folder in folders:
        skipped = len(folder) + 1 if folder else 0
        for entry in _iter_listing(api, folder, recursive=True):
            if shape.fits(entry.path[skipped:].split("/")):
                yield entry


def _level(api: Api, folders: Sequence[str], name: str) -> list[RemoteEntry]:
    """Return the entries called `name`, or matching it, in each of `folders`."""
    if not is_pattern(name):
        return [entry for entry in look_up(api, [f"{folder}/{name}" for folder in folders]) if entry]
    shape = Shape([name])
    return [
        entry
        for folder in folders
        for entry in _iter_listing(api, folder)
        if shape.fits([entry.path.rpartition("/")[2]])
    ]


def look_up(api: Api, paths: Sequence[str]) -> list[RemoteEntry | None]:
    """Return the entry at each of any number of paths, None where there is none."""
    found: list[RemoteEntry | None] = []
    for start in range(0, len(paths), PAGE_SIZE):
        found += api.lookup(paths[start : start + PAGE_SIZE])
    return found


def _iter_listing(api: Api, folder: str, *, recursive: bool = False) -> Iterator[RemoteEntry]:
    try:
        yield from api.iter_entries(folder, recursive=recursive)
    except Refused as error:  # missing, a file, or deleted meanwhile
        if not (error.is_kind(NotFound) or error.is_kind(NotAFolder)):
            raise
