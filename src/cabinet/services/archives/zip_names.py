"""File names that every unpacker can write, on Windows as well.

A name in Cabinet may contain what Windows reserves, and two names may differ only by case; in an archive each
becomes a safe name, unique within its folder.

Rule: pure functions and counting on strings; a result is one segment of a path, never `.` or `..`.
"""

from __future__ import annotations

import re
import zlib
from enum import StrEnum

from cabinet.services.tree.names import NAME_UNITS, cut, numbered


class Naming(StrEnum):
    """The names in an archive: safe for every unpacker, or exactly the original ones."""

    SAFE = "safe"
    EXACT = "exact"


# Names never contain control characters, separators or bidirectional overrides; see names.py.
_RESERVED = re.compile(r'[<>:"|?*/\\\x00-\x1f]')
_TRAILING = re.compile(r"[. ]+$")
# Windows treats these as devices, with any extension.
_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)",
    re.IGNORECASE,
)


def to_safe_name(name: str) -> str:
    """Return `name` with what Windows does not allow replaced; a valid name stays as it is."""
    safe = _RESERVED.sub("_", name)
    if _DEVICE.match(safe):
        safe = cut(f"_{safe}", NAME_UNITS)
    return _TRAILING.sub(lambda tail: "_" * len(tail[0]), safe) or "_"


class FolderNames:
    """Assigns unique safe names to the entries of one folder of an archive.

    A name that differs only by case from an earlier one gets a number. Only a hash of each name is stored,
    because a folder may hold a million; a collision of hashes costs an unnecessary number. No number is tried
    twice for names that would become the same: so the work is linear in the size of the folder, even if long
    names become equal when they are cut for a number.
    """

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._next: dict[int, int] = {}

    def take(self, name: str) -> str:
        """Return a unique safe name for `name`, and reserve it."""
        safe = to_safe_name(name)
        key = _key(safe)
        if key not in self._taken:
            self._taken.add(key)
            return safe
        digits = 1
        while (numbered_name := self._number(safe, digits)) is None:
            digits += 1
        return numbered_name

    def _number(self, safe: str, digits: int) -> str | None:
        """Reserve the name with a number of so many digits; None if all are taken."""
        lowest, end = 10 ** (digits - 1), 10**digits
        # Numbers with equally many digits leave the same prefix, so all names that become equal share this
        # key.
        alike = _key(numbered(safe, lowest))
        for number in range(self._next.get(alike, max(lowest, 2)), end):
            numbered_name = numbered(safe, number)
            self._next[alike] = number + 1
            if _key(numbered_name) not in self._taken:
                self._taken.add(_key(numbered_name))
                return numbered_name
        return None


class ExactNames:
    """Keeps the original names in one folder of an archive, for programs that read them."""

    def take(self, name: str) -> str:
        """Return `name`."""
        return name


def _key(name: str) -> int:
    # Not hash(), which differs between processes: the same archive must be the same each time.
    folded = name.casefold().encode()
    return zlib.crc32(folded) << 32 | zlib.adler32(folded)
