"""Format sizes, times, names and user agents for pages.

Sizes are decimal: a kilobyte is 1000 bytes, as its name says and as disks are sold. The scripts format the
same way (`static/js/core/format.js`); a browser test compares the two.

Rule: filters turn a value into text or escaped markup, and decide nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from math import floor
from typing import NamedTuple

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import get_group_symbol
from flask import Flask
from flask_babel import format_decimal, format_percent, get_domain, get_locale, gettext
from markupsafe import Markup, escape

from cabinet.services.access.roles import ShareRole
from cabinet.services.tree.entries import Mounted
from cabinet.web.texts import LOOKING, ROLES, SIZE_UNITS

# A longer name may be shortened in the middle on a narrow screen, but never in its tail, which holds the
# suffix and the number before it.
LONG_NAME = 32
TAIL_LENGTH = 12

# The number of days, in each language, whose formatted names are cached.
KEPT_DAYS = 4096

# The suffixes of each kind of file that has its own icon.
KINDS = {
    "archive": "7z bz2 gz iso jar rar tar tgz xz zip zst",
    "code": "c cc cpp cs css go h htm html ini java js json kt lua php pl py rb rs sh sql swift toml ts xml yaml yml",
    "image": "avif bmp gif heic heif ico jpeg jpg png svg tif tiff webp",
    "music": "aac flac m4a mid mp3 oga ogg opus wav wma",
    "spreadsheet": "csv ods tsv xls xlsx",
    "text": "doc docx epub log md odp odt pdf ppt pptx rst rtf tex txt",
    "video-camera": "avi m4v mkv mov mp4 mpeg mpg webm wmv",
}
KIND_OF_SUFFIX = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes.split()}

# The words for media types; the first match counts.
_TYPE_NAMES = [
    (re.compile(pattern), LOOKING[f"kind-{key}"])
    for key, pattern in (
        ("picture", "^image/"),
        ("film", "^video/"),
        ("sound", "^audio/"),
        ("pdf", "^application/pdf$"),
        ("archive", "zip|x-tar|x-bzip2?|x-xz|zstd|x-7z-compressed|rar"),
        ("table", "spreadsheet|ms-excel|/csv$|tab-separated"),
        ("slides", "presentation|ms-powerpoint"),
        ("document", "wordprocessing|msword|opendocument.text|/rtf$|epub"),
    )
]

# The order matters: each program also claims to be one of those that follow it.
PROGRAMS = (
    ("filecli", "filecli"),
    ("curl/", "curl"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("YaBrowser/", "Yandex Browser"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


class NameParts(NamedTuple):
    """A name in two pieces; only the first may be shortened."""

    stem: str
    tail: str


class Formatter:
    """Formats sizes, numbers and times in one language.

    A page formats hundreds of values, many of them alike, so results are cached; there are few distinct ones:
    three digits and a unit, days, the minutes of a day.
    """

    def __init__(self, locale: Locale) -> None:
        self._locale = locale
        self._group = get_group_symbol(locale)
        self._plural = get_domain().get_translations().ungettext
        self._scaled = cache(self._say_scaled)
        self._day = lru_cache(KEPT_DAYS)(self._say_day)
        self._minute = cache(self._say_minute)

    def number(self, value: int) -> str:
        """Return a whole number with grouped digits."""
        return f"{value:,}".replace(",", self._group)

    def exact_size(self, size: int) -> str:
        """Return `size` in bytes, with grouped digits."""
        text: str = self._plural("%(value)s byte", "%(value)s bytes", size)
        return text % {"value": self.number(size)}

    def filesize(self, size: int) -> str:
        """Return `size` in bytes as a short text with at most three digits before the unit."""
        if size < 1000:
            return self.exact_size(size)
        rank = 1
        while _rounded(size / 1000**rank) >= 1000 and rank < len(SIZE_UNITS):
            rank += 1
        return self._scaled(_rounded(size / 1000**rank), rank)

    def moment(self, value: datetime) -> Markup:
        """Return a `<time>` element in UTC; a script converts it to the local time zone, today as "today"."""
        instant = value.astimezone(UTC)
        shown = f"{self._day(instant.date())}, {self._minute(instant.hour, instant.minute)} UTC"
        return _time(instant, "moment", shown)

    def day(self, value: datetime) -> Markup:
        """Return a `<time>` element with the date alone, for use in the middle of a sentence."""
        instant = value.astimezone(UTC)
        return _time(instant, "day", self._day(instant.date()))

    def _say_scaled(self, value: float, rank: int) -> str:
        text: str = gettext(SIZE_UNITS[rank - 1], value=format_decimal(value))
        return text

    def _say_day(self, date: date) -> str:
        return escape(format_date(date, "medium", self._locale))

    def _say_minute(self, hour: int, minute: int) -> str:
        return escape(format_time(time(hour, minute), "short", locale=self._locale))


# One instance per supported language, cached; the caller has set the locale, so the cached texts match it.
_formatter_of = cache(Formatter)


def formatter() -> Formatter:
    """Return the formats of the request's language."""
    return _formatter_of(get_locale() or Locale("en"))


def filesize(size: int) -> str:
    """Return `size` in bytes as a short text."""
    return formatter().filesize(size)


def exact_size(size: int) -> str:
    """Return `size` in bytes, with grouped digits."""
    return formatter().exact_size(size)


def number(value: int) -> str:
    """Return a whole number with grouped digits."""
    return formatter().number(value)


def percent(share: float) -> str:
    """Return a fraction as a percentage, rounded down, so that 100% always means full."""
    said: str = format_percent(floor(share * 100) / 100)
    return said


def moment(value: datetime) -> Markup:
    """Return a point in time as a `<time>` element."""
    return formatter().moment(value)


def day(value: datetime) -> Markup:
    """Return a date as a `<time>` element."""
    return formatter().day(value)


def _rounded(value: float) -> float:
    """Keep one decimal below ten and none above; halves round up, as in `Math.round`."""
    return floor(value * 10 + 0.5) / 10 if value < 9.95 else floor(value + 0.5)


def _time(instant: datetime, shape: str, shown: str) -> Markup:
    """Return the element; `shown` is escaped already."""
    stamp = f"{instant.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
    return Markup(f'<time datetime="{stamp}" data-shape="{shape}">{shown}</time>')  # noqa: S704 - built from our own values


def name_parts(name: str) -> NameParts:
    """Split a long name so that its end stays readable; a short name is all tail."""
    if len(name) <= LONG_NAME:
        return NameParts("", name)
    return NameParts(name[:-TAIL_LENGTH], name[-TAIL_LENGTH:])


def file_kind(name: str) -> str:
    """Return the kind in `KINDS` for the suffix of a name, or an empty string."""
    stem, _, suffix = name.rpartition(".")
    return KIND_OF_SUFFIX.get(suffix.lower(), "") if stem else ""


def type_name(media_type: str, name: str) -> str:
    """Return a word for the type of a file, the same as static/js/details/type-names.js."""
    known = next((text for pattern, text in _TYPE_NAMES if pattern.search(media_type)), None)
    is_text = media_type.startswith("text/") or file_kind(name) == "code"
    return str(gettext(known or (LOOKING["kind-text"] if is_text else LOOKING["kind-file"])))


def sharing(mounted: Mounted) -> str:
    """Return a text with the owner and the role of a mounted folder."""
    if mounted.team is not None:
        whose = gettext("Team space")
    elif mounted.owner:
        whose = gettext("Shared by %(owner)s", owner=mounted.owner)
    else:
        whose = gettext("Shared folder")
    return f"{whose} · {role_name(mounted.role)}"


def role_name(role: ShareRole) -> str:
    """Return the name of a role for people."""
    name: str = gettext(ROLES[role])
    return name


def program(user_agent: str) -> str:
    """Return the common name of the program behind a `User-Agent`."""
    found = [next((name for mark, name in table if mark in user_agent), "") for table in (PROGRAMS, SYSTEMS)]
    return " · ".join(filter(None, found)) or user_agent or gettext("Unknown program")


def init_app(app: Flask) -> None:
    """Register the filters for templates."""
    for function in (
        filesize,
        exact_size,
        number,
        percent,
        moment,
        day,
        file_kind,
        type_name,
        sharing,
        program,
    ):
        app.add_template_filter(function)
    app.add_template_global(role_name)
