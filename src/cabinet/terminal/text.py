"""Formats of names, sizes, counts and times for the terminal.

Sizes have the format of the English pages (`web/formats.py`).

Rule: pure functions. Every name from a user, a server or a disk passes through `escape_controls` before
it is printed to a terminal; JSON has its own escapes.
"""

from __future__ import annotations

import re
from datetime import datetime
from math import floor

# Control characters and line breaks (categories Cc, Zl and Zp), surrogates (Cs), and bidirectional
# embeddings and overrides, which can make one name look like another. Not U+200E and U+200F, which occur
# in Hebrew and Arabic names and do not reorder other text.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

# Powers of 1000 bytes.
_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


def escape_controls(text: str) -> str:
    """Return `text` with control, bidirectional and surrogate characters escaped."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSHOWN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def to_size(size: int) -> str:
    """Return `size` bytes for display, in powers of 1000 with at most three digits before the unit."""
    if size < 1000:
        return to_exact_size(size)
    rank = 1
    while (value := _rounded(size / 1000**rank)) >= 1000 and rank < len(_UNITS):
        rank += 1
    return f"{f'{value:,.1f}'.removesuffix('.0')} {_UNITS[rank - 1]}"


def to_exact_size(size: int) -> str:
    """Return `size` in bytes with grouped digits."""
    return to_count(size, "byte")


def to_count(count: int, noun: str) -> str:
    """Return a count with a regular noun: "1 file", "1,234 files"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def to_local_text(moment: datetime) -> str:
    """Return a time to the minute in the local time zone."""
    try:
        local = moment.astimezone()
    except OverflowError:  # the local time is outside the years of datetime
        local = moment
    return local.replace(tzinfo=None).isoformat(" ", "minutes")


def _rounded(value: float) -> float:
    """Round to one decimal below ten and to none above; halves round up, as on the pages."""
    return floor(value * 10 + 0.5) / 10 if value < 9.95 else floor(value + 0.5)
