"""Which files of a folder are resolved: `--include` and `--exclude`.

Rule: a pattern without a slash means a name at any depth, one with a slash the path below the
folder that was named; a slash at its end makes it mean folders only, with all that is in them.
Paths come normalized, as the server has them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate

from cabinet.client.paths import iter_above, to_nfc


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
    """Takes what an include names, or all if there is none, unless an exclude names it."""

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self._include = [_compile(text) for text in include]
        self._exclude = [_compile(text) for text in exclude]

    def enters(self, folder: str) -> bool:
        """Tell whether anything below the relative path `folder` can be resolved."""
        return not any(_covers(pattern, folder, is_folder=True) for pattern in self._exclude)

    def takes(self, path: str) -> bool:
        """Tell whether the file with the relative path `path` is resolved."""
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
    """Tell whether `pattern` names `path` or a folder that it lies in."""
    if pattern.matches(path, is_folder=is_folder):
        return True
    return any(pattern.matches(above, is_folder=True) for above in iter_above(path))
