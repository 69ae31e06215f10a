"""Times of files: of a local disk in nanoseconds, of the server in texts.

Rule: exact as far as the text goes; a time that cannot be told to the other side is not told.
"""

from __future__ import annotations

from datetime import datetime

# Nanoseconds.
SECOND = 10**9
_MICROSECOND = 1000

# Before 1970 and after 9999 no server can follow.
_LAST = 253_402_300_799 * SECOND


def to_seconds(mtime_ns: int | None) -> str | None:
    """Return a time as seconds since 1970 with a fraction; None if it is not within 1970 to 9999."""
    if mtime_ns is None or not 0 <= mtime_ns <= _LAST:
        return None
    return f"{mtime_ns // SECOND}.{mtime_ns % SECOND:09}"


def from_rfc3339(text: str) -> int | None:
    """Return a time of JSON in nanoseconds since 1970, None if it is none."""
    try:
        return _to_ns(datetime.fromisoformat(text))
    except ValueError:
        return None


def from_http_date(text: str) -> int | None:
    """Return a time of a header in nanoseconds since 1970, None if it is none."""
    from email.utils import parsedate_to_datetime  # 10 ms, and --help needs no time

    try:
        return _to_ns(parsedate_to_datetime(text))
    except ValueError:
        return None


def to_local_text(text: str) -> str:
    """Return a time of JSON as a person reads it, in the zone of this machine."""
    try:
        return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return text


def is_same_time(one: int, other: int) -> bool:
    """Tell whether two times of a file agree, as exactly as the coarser of their sources tells them."""
    if one % SECOND == 0 or other % SECOND == 0:
        return one // SECOND == other // SECOND
    return one // _MICROSECOND == other // _MICROSECOND


def _to_ns(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    # Not by a float, which has no room for microseconds of today.
    return int(moment.replace(microsecond=0).timestamp()) * SECOND + moment.microsecond * _MICROSECOND
