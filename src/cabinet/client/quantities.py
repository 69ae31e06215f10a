"""Sizes and times as people write them in options.

Rule: pure functions; text that is not understood raises `BadUsage`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from cabinet.client.failures import BadUsage

_BYTES = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)\s*([kKmMgGtT]?)(i?)[bB]?", re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}

_DURATION = re.compile(r"(\d{1,6})\s*([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
NEVER = "never"


def to_bytes(text: str) -> int | None:
    """Return a number of bytes such as 500k, 2M or 1.5GiB; None if `text` is none."""
    found = _BYTES.fullmatch(text.strip())
    if found is None:
        return None
    unit = 1024 if found[3] else 1000
    return int(float(found[1]) * unit ** _POWERS[found[2].lower()])


def to_expiry(text: str, now: datetime) -> str | None:
    """Return the RFC 3339 time that an option names, None for never.

    That is a time from now, such as 12h, 7d or 2w; a day, to its end in the local time zone; or a moment.
    """
    words = text.strip()
    if words.lower() == NEVER:
        return None
    try:
        moment = _to_moment(words, now)
    except (ValueError, OverflowError) as error:
        raise BadUsage(
            reason=f"“{text}” is not a time such as 12h, 7d, 2026-12-31, 2026-12-31T18:00 or never."
        ) from error
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _to_moment(words: str, now: datetime) -> datetime:
    found = _DURATION.fullmatch(words)
    if found is not None:
        return now + timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        day = date.fromisoformat(words)
    except ValueError:
        return datetime.fromisoformat(words).astimezone()
    return datetime.combine(day + timedelta(days=1), time()).astimezone()
