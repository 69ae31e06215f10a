"""The selection of files by `--include` and `--exclude`.

Rule: a pattern without a slash matches a name at any depth, one with a slash the path relative to the
given folder; with a trailing slash it matches folders and their contents only. Paths are in NFC, as on
the server.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate

from cabinet.client.paths import iter_parents, to_nfc


@dataclass(frozen=True, slots=True)
class _Pattern:
    regex: re.Pattern[str]
    is_path: bool
    is_folder: bool

    def matches(self, path: str, *, is_folder: bool) -> bool:
        if self.is_folder and not is_folder:
            return False
        return self.regex.match(path if self.is_path else path.rpartition("/")[2]) is not None


class Selection:
    """Selects what an include matches, or everything without one, except what an exclude matches."""

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self._include = [_compile(text) for text in include]
        self._exclude = [_compile(text) for text in exclude]

    def enters(self, folder: str) -> bool:
        """Return whether a file below the relative path `folder` can be selected."""
        return not any(_covers(pattern, folder, is_folder=True) for pattern in self._exclude)

    def takes(self, path: str) -> bool:
        """Return whether the file at the relative path `path` is selected."""
        if any(_covers(pattern, path, is_folder=False) for pattern in self._exclude):
            return False
        if not self._include:
            return True
        return any(_covers(pattern, path, is_folder=False) for pattern in self._include)


def _compile(text: str) -> _Pattern:
    body = to_nfc(text.rstrip("/"))
    return _Pattern(
        re.compile(translate(body.lstrip("/"))), is_path="/" in body, is_folder=text.endswith("/")
    )


def _covers(pattern: _Pattern, path: str, *, is_folder: bool) -> bool:
    """Return whether `pattern` matches `path` or one of its parents."""
    if pattern.matches(path, is_folder=is_folder):
        return True
    return any(pattern.matches(above, is_folder=True) for above in iter_parents(path))
