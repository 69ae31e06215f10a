"""Names that every unpacker can write, on Windows too.

A name in Cabinet may hold what Windows keeps for itself, and two names may differ only by case;
in an archive each becomes one that is safe, and no two in a folder collide.

Rule: pure functions and counting over strings; what comes out is one segment of a path, never `.` or `..`.
"""

from __future__ import annotations

import re
import zlib
from enum import StrEnum

from cabinet.services.tree.names import NAME_UNITS, cut, numbered


class Naming(StrEnum):
    """What the entries of an archive are called: what every unpacker can write, or exactly what they are."""

    SAFE = "safe"
    EXACT = "exact"


# Control characters, separators and what reverses the writing no name has; see names.py.
_RESERVED = re.compile(r'[<>:"|?*/\\\x00-\x1f]')
_TRAILING = re.compile(r"[. ]+$")
# Windows takes these for devices, whatever follows a dot.
_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)",
    re.IGNORECASE,
)


def to_safe_name(name: str) -> str:
    """Return `name` as Windows can write it; a name that is fine stays as it is."""
    safe = _RESERVED.sub("_", name)
    if _DEVICE.match(safe):
        safe = cut(f"_{safe}", NAME_UNITS)
    return _TRAILING.sub(lambda tail: "_" * len(tail[0]), safe) or "_"


class FolderNames:
    """Gives the entries of one folder of an archive names of their own.

    A name that only differs by case from one before it is numbered. It remembers a number a name
    and not the names, for a folder may hold a million; two that share one by chance cost a
    needless number. No number is tried twice for what it would be the same name with: so the
    work grows as the folder does, also where long names become alike when they are cut for a number.
    """

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._next: dict[int, int] = {}

    def take(self, name: str) -> str:
        """Return the safe name that `name` has from now on."""
        safe = to_safe_name(name)
        key = _key(safe)
        if key not in self._taken:
            self._taken.add(key)
            return safe
        digits = 1
        while (chosen := self._number(safe, digits)) is None:
            digits += 1
        return chosen

    def _number(self, safe: str, digits: int) -> str | None:
        """Take a name with a number of so many digits; None if all of these are taken."""
        lowest, end = 10 ** (digits - 1), 10**digits
        # As many digits leave as much of the name, so this is one key for all that are alike then.
        alike = _key(numbered(safe, lowest))
        for number in range(self._next.get(alike, max(lowest, 2)), end):
            chosen = numbered(safe, number)
            self._next[alike] = number + 1
            if _key(chosen) not in self._taken:
                self._taken.add(_key(chosen))
                return chosen
        return None


class ExactNames:
    """Leaves the entries of one folder the names that they have, for a program that reads them."""

    def take(self, name: str) -> str:
        """Return `name`."""
        return name


def _key(name: str) -> int:
    # Not hash(), which is another one in every process: an archive is the same each time.
    folded = name.casefold().encode()
    return zlib.crc32(folded) << 32 | zlib.adler32(folded)
