"""The names below one local folder, as its disk tells them apart.

A disk may keep an accent apart from its letter, and may take names that differ by case for one.

Rule: a name that the server gave becomes part of a local path only in `to_local`, which refuses
whatever would leave the folder; what is there already is met by the name that it really has.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from cabinet.client.failures import UnsafeName
from cabinet.client.local_failures import SameName
from cabinet.client.paths import iter_above, to_nfc, to_relative

_SWAPPED = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
)


def ignores_case(folder: Path) -> bool:
    """Tell whether the disk takes names in `folder` that differ by case for one.

    Looks at what is there, and only in an empty folder makes a file for a moment. A folder that is
    not there is judged by the one that it would be made in.
    """
    with suppress(OSError):
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        names = {path.name for path in folder.iterdir()}
        for name in names:
            other = name.translate(_SWAPPED)
            if other != name:
                return other not in names and _is_same(folder / name, folder / other)
        return _forgets_case(folder)
    return False


def never(_folder: Path) -> bool:
    """Tell of any folder that case counts there, as it does on the server."""
    return False


class LocalNames:
    """The names below `root`, looked up once a folder; `root` need not be there yet."""

    def __init__(self, root: Path, case_blind: Callable[[Path], bool]) -> None:
        self.root = root
        self.ignores_case = case_blind(root)
        self._found: dict[Path, dict[str, list[str]]] = {}

    def key(self, path: str) -> str:
        """Return what two paths share that lead to the same place on this disk."""
        if not self.ignores_case:
            return to_nfc(path)
        return to_nfc(unicodedata.normalize("NFD", path).casefold())

    def locate(self, path: str) -> Path:
        """Return the local path that the relative `path` means; raises `SameName` where two would do."""
        place = self.root
        for name in path.split("/"):
            names = self._names_in(place).get(self.key(name), [])
            if len(names) > 1:
                raise SameName.of([str(place / each) for each in names])
            place = place / (names[0] if names else name)
        return place

    def find_same(self, paths: Iterable[str]) -> dict[str, Sequence[str]]:
        """Return those of the relative `paths`, and of the folders above them, that would be one here.

        Each comes with all that would be one with it, itself among them.
        """
        if not self.ignores_case:
            return {}
        groups: dict[tuple[str, str], list[str]] = {}
        seen: set[str] = set()
        for path in paths:
            for each in (path, *iter_above(path)):
                if each not in seen:
                    seen.add(each)
                    folder, _, name = each.rpartition("/")
                    groups.setdefault((folder, self.key(name)), []).append(each)
        return {path: group for group in groups.values() if len(group) > 1 for path in group}

    def _names_in(self, folder: Path) -> dict[str, list[str]]:
        if folder not in self._found:
            names: dict[str, list[str]] = {}
            with suppress(OSError):  # not there, or not to be read: whoever uses it will hear
                for path in folder.iterdir():
                    names.setdefault(self.key(path.name), []).append(path.name)
            self._found[folder] = names
        return self._found[folder]


def to_local(names: LocalNames, folder: str, path: str) -> Path:
    """Return where the entry `path`, which lies below `folder` on the server, goes below `names.root`.

    Raises `UnsafeName` where it would not stay there, be it by its name or by a link that is there
    already, and `SameName`.
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


def _forgets_case(folder: Path) -> bool:
    from tempfile import NamedTemporaryFile  # only for an empty folder

    with NamedTemporaryFile(prefix="filecli-", dir=folder) as file:
        path = Path(file.name)
        return _is_same(path, path.with_name(path.name.translate(_SWAPPED)))
