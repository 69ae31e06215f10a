"""Conversion of file times: nanoseconds locally, text on the server.

Rule: conversions are as exact as the text. A server stores the years 1 to 9999; a time outside is sent,
and compared, as the nearest one inside.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from cabinet.terminal import text as terminal

# Nanoseconds.
SECOND = 10**9
_MICROSECOND = 1000

_FIRST = -62_135_596_800 * SECOND
_LAST = 253_402_300_800 * SECOND - 1

_SECONDS = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?")

# The date format of HTTP (RFC 9110, section 5.6.7).
_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def to_seconds(mtime_ns: int | None) -> str | None:
    """Return a time as seconds since 1970 with a fraction, negative before 1970; None for None."""
    if mtime_ns is None:
        return None
    known = _known(mtime_ns)
    whole, fraction = divmod(abs(known), SECOND)
    return f"{'-' if known < 0 else ''}{whole}.{fraction:09}"


def from_seconds(text: str) -> int | None:
    """Return the nanoseconds of a `to_seconds` text, None if it is invalid."""
    found = _SECONDS.fullmatch(text)
    if found is None:
        return None
    mtime_ns = int(found[2]) * SECOND + int((found[3] or "").ljust(9, "0"))
    return -mtime_ns if found[1] else mtime_ns


def from_rfc3339(text: str) -> int | None:
    """Return an RFC 3339 time in nanoseconds since 1970, None if it is invalid."""
    try:
        return _to_ns(datetime.fromisoformat(text))
    except ValueError:
        return None


def from_http_date(text: str) -> int | None:
    """Return an HTTP date in nanoseconds since 1970, None if it is invalid."""
    found = _HTTP_DATE.fullmatch(text)
    if found is None or found[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(found[each]) for each in (1, 3, 4, 5, 6))
    try:
        return _to_ns(datetime(year, _MONTHS.index(found[2]) + 1, day, hour, minute, second, tzinfo=UTC))
    except ValueError:
        return None


def to_local_text(text: str) -> str:
    """Return an RFC 3339 time in the local time zone for display; invalid text unchanged."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return terminal.to_local_text(moment)


def is_same_time(one: int, other: int) -> bool:
    """Return whether two file times are equal at the resolution of the coarser one."""
    one, other = _known(one), _known(other)
    if one % SECOND == 0 or other % SECOND == 0:
        return one // SECOND == other // SECOND
    return one // _MICROSECOND == other // _MICROSECOND


def _known(mtime_ns: int) -> int:
    return min(max(_FIRST, mtime_ns), _LAST)


def _to_ns(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    # Not by a float, which cannot hold the microseconds of a current time.
    return int(moment.replace(microsecond=0).timestamp()) * SECOND + moment.microsecond * _MICROSECOND
