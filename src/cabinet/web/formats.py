"""How sizes, times, names and programs are shown.

Sizes are decimal: a kilobyte is 1000 bytes, as its name says and as disks are sold. The scripts
format the same way (`static/js/format.js`); a browser test compares the two.

Rule: filters turn a value into text or into escaped markup, and decide nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor
from typing import NamedTuple

from babel.dates import format_date, format_time
from flask import Flask
from flask_babel import format_decimal, get_locale, gettext, ngettext
from markupsafe import Markup

from cabinet.web.texts import SIZE_UNITS

# A name longer than this may be cut in its middle on a narrow screen, but never in its tail,
# which holds the suffix and the number before it.
LONG_NAME = 32
TAIL_LENGTH = 12

ICONS_BY_TYPE = {
    "application/gzip": "archive",
    "application/json": "code",
    "application/pdf": "text",
    "application/vnd.ms-excel": "spreadsheet",
    "application/x-7z-compressed": "archive",
    "application/x-tar": "archive",
    "application/xml": "code",
    "application/zip": "archive",
    "text/css": "code",
    "text/csv": "spreadsheet",
    "text/html": "code",
    "text/javascript": "code",
    "text/tab-separated-values": "spreadsheet",
    "text/x-python": "code",
    "text/xml": "code",
}
ICONS_BY_WORD = (
    ("spreadsheet", "spreadsheet"),
    ("wordprocessing", "text"),
    ("opendocument.text", "text"),
    ("msword", "text"),
    ("x-sh", "code"),
    ("rar", "archive"),
    ("compressed", "archive"),
)
ICONS_BY_FAMILY = {"audio": "music", "image": "image", "text": "text", "video": "video-camera"}

# In this order: each later program also claims to be one of those after it.
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
    """A name in two pieces, of which only the first may be shortened."""

    stem: str
    tail: str


def filesize(size: int) -> str:
    """Return `size` bytes as people say it: at most three digits before the unit."""
    if size < 1000:
        return exact_size(size)
    rank = 1
    while _rounded(size / 1000**rank) >= 1000 and rank < len(SIZE_UNITS):
        rank += 1
    shown = format_decimal(_rounded(size / 1000**rank))
    text: str = gettext(SIZE_UNITS[rank - 1], value=shown)
    return text


def exact_size(size: int) -> str:
    """Return `size` in bytes, digits grouped."""
    text: str = ngettext("%(value)s byte", "%(value)s bytes", size, value=format_decimal(size))
    return text


def number(value: int) -> str:
    """Return a whole number, digits grouped."""
    text: str = format_decimal(value)
    return text


def _rounded(value: float) -> float:
    """Keep one decimal below ten and none above; halves go up, as in `Math.round`."""
    return floor(value * 10 + 0.5) / 10 if value < 9.95 else floor(value + 0.5)


def moment(value: datetime) -> Markup:
    """Return a `<time>` element in UTC; a script shows it in the viewer's zone, today as "today"."""
    instant, locale = value.astimezone(UTC), get_locale()
    day, clock = format_date(instant, "medium", locale), format_time(instant, "short", locale=locale)
    return _time(instant, "moment", f"{day}, {clock} UTC")


def day(value: datetime) -> Markup:
    """Return a `<time>` element with the date alone, fit for the middle of a sentence."""
    instant = value.astimezone(UTC)
    return _time(instant, "day", format_date(instant, "medium", get_locale()))


def _time(instant: datetime, shape: str, shown: str) -> Markup:
    markup = Markup('<time datetime="{}" data-shape="{}">{}</time>')
    return markup.format(instant.strftime("%Y-%m-%dT%H:%M:%SZ"), shape, shown)


def name_parts(name: str) -> NameParts:
    """Cut a long name so that its end stays readable; a short one is all tail."""
    if len(name) <= LONG_NAME:
        return NameParts("", name)
    return NameParts(name[:-TAIL_LENGTH], name[-TAIL_LENGTH:])


def file_icon(media_type: str | None) -> str:
    """Return the word that follows `file-` in the icon for a media type, or the empty word."""
    kind = (media_type or "").partition(";")[0].strip().lower()
    if kind in ICONS_BY_TYPE:
        return ICONS_BY_TYPE[kind]
    by_word = next((icon for word, icon in ICONS_BY_WORD if word in kind), "")
    return by_word or ICONS_BY_FAMILY.get(kind.partition("/")[0], "")


def program(user_agent: str) -> str:
    """Return what a person would call the program behind a `User-Agent`."""
    found = [next((name for mark, name in table if mark in user_agent), "") for table in (PROGRAMS, SYSTEMS)]
    return " · ".join(filter(None, found)) or user_agent or gettext("Unknown program")


def init_app(app: Flask) -> None:
    """Give the filters to the templates."""
    for function in (filesize, exact_size, number, moment, day, name_parts, file_icon, program):
        app.add_template_filter(function)
