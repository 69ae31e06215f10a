"""How sizes, times, names and programs are shown.

Sizes are decimal: a kilobyte is 1000 bytes, as its name says and as disks are sold. The scripts
format the same way (`static/js/format.js`); a browser test compares the two.

Rule: filters turn a value into text or into escaped markup, and decide nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor
from pathlib import PurePosixPath
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

# The suffixes of each kind that has an icon of its own.
KINDS = {
    "archive": "7z bz2 gz iso jar rar tar tgz xz zip zst",
    "code": "c cc cpp cs css go h htm html ini java js json kt lua php pl py rb rs sh sql swift toml ts xml yaml yml",
    "image": "avif bmp gif heic ico jpeg jpg png svg tif tiff webp",
    "music": "aac flac m4a mid mp3 oga ogg opus wav wma",
    "spreadsheet": "csv ods tsv xls xlsx",
    "text": "doc docx epub log md odp odt pdf ppt pptx rst rtf tex txt",
    "video-camera": "avi m4v mkv mov mp4 mpeg mpg webm wmv",
}
KIND_OF_SUFFIX = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes.split()}

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


def file_kind(name: str) -> str:
    """Return the kind of `KINDS` that the suffix of a name tells, or the empty word."""
    return KIND_OF_SUFFIX.get(PurePosixPath(name).suffix[1:].lower(), "")


def program(user_agent: str) -> str:
    """Return what a person would call the program behind a `User-Agent`."""
    found = [next((name for mark, name in table if mark in user_agent), "") for table in (PROGRAMS, SYSTEMS)]
    return " · ".join(filter(None, found)) or user_agent or gettext("Unknown program")


def init_app(app: Flask) -> None:
    """Give the filters to the templates."""
    for function in (filesize, exact_size, number, moment, day, name_parts, file_kind, program):
        app.add_template_filter(function)
