"""The names below a local folder, compared as its file system compares them.

A file system may store decomposed Unicode, and may ignore case.

Rule: a name from the server becomes part of a local path only in `to_local`, which refuses every path
that leaves the folder; an existing file is opened by the exact name that it has on disk.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from cabinet.client.failures import UnsafeName
from cabinet.client.local_failures import SameName
from cabinet.client.paths import iter_parents, to_nfc, to_relative

_SWAPPED = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
)


def ignores_case(folder: Path) -> bool:
    """Return whether the file system of `folder` ignores case.

    Checks existing names, and creates a temporary file only in an empty folder. For a missing folder,
    checks the nearest existing parent.
    """
    with suppress(OSError):
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        names = {path.name for path in folder.iterdir()}
        for name in names:
            other = name.translate(_SWAPPED)
            if other != name:
                return other not in names and _is_same(folder / name, folder / other)
        return _is_case_insensitive(folder)
    return False


def never_ignores_case(_folder: Path) -> bool:
    """Return False: case counts in every folder, as on the server."""
    return False


class LocalNames:
    """The names below `root`, read once per folder; `root` may be missing."""

    def __init__(self, root: Path, case_insensitive: Callable[[Path], bool]) -> None:
        self.root = root
        self.ignores_case = case_insensitive(root)
        self._found: dict[Path, dict[str, list[str]]] = {}

    def key(self, path: str) -> str:
        """Return a key that is equal for paths that name the same file on this file system."""
        if not self.ignores_case:
            return to_nfc(path)
        return to_nfc(unicodedata.normalize("NFD", path).casefold())

    def locate(self, path: str) -> Path:
        """Return the local path for the relative `path`; raises `SameName` if two names match it."""
        place = self.root
        for name in path.split("/"):
            names = self._names_in(place).get(self.key(name), [])
            if len(names) > 1:
                raise SameName.of([str(place / each) for each in names])
            place = place / (names[0] if names else name)
        return place

    def find_same(self, paths: Iterable[str]) -> dict[str, Sequence[str]]:
        """Return those of the relative `paths`, and of their parents, that share a name on this file system.

        Maps each to all paths with that name, including itself.
        """
        if not self.ignores_case:
            return {}
        groups: dict[tuple[str, str], list[str]] = {}
        seen: set[str] = set()
        for path in paths:
            for each in (path, *iter_parents(path)):
                if each not in seen:
                    seen.add(each)
                    folder, _, name = each.rpartition("/")
                    groups.setdefault((folder, self.key(name)), []).append(each)
        return {path: group for group in groups.values() if len(group) > 1 for path in group}

    def _names_in(self, folder: Path) -> dict[str, list[str]]:
        if folder not in self._found:
            names: dict[str, list[str]] = {}
            with suppress(OSError):  # missing or unreadable: the caller that uses it gets the error
                for path in folder.iterdir():
                    names.setdefault(self.key(path.name), []).append(path.name)
            self._found[folder] = names
        return self._found[folder]


def to_local(names: LocalNames, folder: str, path: str) -> Path:
    """Return the local path below `names.root` of the entry `path` below the remote `folder`.

    Raises `UnsafeName` if it would leave `names.root`, by its name or through an existing link, and
    `SameName`.
    """
    local = names.locate(to_relative(folder, path))
    root, parent = os.path.realpath(names.root), os.path.realpath(local.parent)
    if not Path(parent).is_relative_to(root):
        raise UnsafeName(name=path)
    return local


def _is_same(one: Path, other: Path) -> bool:
    try:
        return os.path.samestat(os.lstat(one), os.lstat(other))
    except FileNotFoundError:
        return False


def _is_case_insensitive(folder: Path) -> bool:
    from tempfile import NamedTemporaryFile  # only for an empty folder

    with NamedTemporaryFile(prefix="filecli-", dir=folder) as file:
        path = Path(file.name)
        return _is_same(path, path.with_name(path.name.translate(_SWAPPED)))
