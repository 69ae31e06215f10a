"""Names, sizes, counts and times as a person reads them on a terminal.

Sizes are those of the pages in English (`web/formats.py`): one size reads the same everywhere.

Rule: pure functions. Whatever a person, a server or a disk named passes through `escape_controls` before a
terminal sees it; JSON escapes it by itself.
"""

from __future__ import annotations

import re
from datetime import datetime
from math import floor

# What could steer a terminal or break a line (categories Cc, Zl and Zp), is half a character (Cs), or
# turns the direction of the text round it, so that one name can pose as another. Not the two marks that
# Hebrew and Arabic names carry: they only stand for a letter of their direction.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

# Of 1000 bytes, of 1000 of these, and so on.
_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


def escape_controls(text: str) -> str:
    """Return `text` with every character that could steer a terminal written out as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSHOWN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def to_size(size: int) -> str:
    """Return `size` bytes as people say it, in powers of 1000: at most three digits before the unit."""
    if size < 1000:
        return to_exact_size(size)
    rank = 1
    while (value := _rounded(size / 1000**rank)) >= 1000 and rank < len(_UNITS):
        rank += 1
    return f"{f'{value:,.1f}'.removesuffix('.0')} {_UNITS[rank - 1]}"


def to_exact_size(size: int) -> str:
    """Return `size` in bytes, digits grouped."""
    return to_count(size, "byte")


def to_count(count: int, noun: str) -> str:
    """Return how many there are of what a regular noun names: "1 file", "1,234 files"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def to_local_text(moment: datetime) -> str:
    """Return a time to the minute, in the zone of this machine."""
    try:
        local = moment.astimezone()
    except OverflowError:  # in this zone it is another year than datetimes have
        local = moment
    return local.replace(tzinfo=None).isoformat(" ", "minutes")


def _rounded(value: float) -> float:
    """Keep one decimal below ten and none above; halves go up, as on the pages."""
    return floor(value * 10 + 0.5) / 10 if value < 9.95 else floor(value + 0.5)
