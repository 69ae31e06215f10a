"""Valid names, and the order of names.

Names are data: they are normalized to NFC, compared exactly, and never used as a path on disk.

Rule: pure functions on strings; every reason of `InvalidName` is defined here.
"""

from __future__ import annotations

import re
import unicodedata

from cabinet.errors import N_, InvalidName

# UTF-16 code units, as counted by Windows, macOS and phones: a letter of any script in use today is one, an
# emoji two or more.
NAME_UNITS = 255
# UTF-8 bytes. gunicorn limits the request line to 8190 bytes (see serving.py), and percent-encoding triples
# the length; the rest is left for a cursor.
PATH_BYTES = 2048
PATH_SEGMENTS = 64

EMPTY = N_("it is empty.")
DOTS = N_("it is reserved for another folder.")
SEPARATOR = N_("it contains a slash, a backslash or a control character.")
BIDI = N_("it contains characters that change the text direction.")
NOT_UNICODE = N_("it is not valid UTF-8.")
TOO_LONG = N_("a name has at most 255 characters, of which an emoji counts as two or more.")
PATH_TOO_LONG = N_(
    "a path has at most 64 names and 2048 characters, of which a Cyrillic letter counts as two and a "
    "Chinese one as three."
)

_DOTS = {".", ".."}

# Surrogates replace bytes that Python could not decode.
_BROKEN = re.compile("[\ud800-\udfff]")
_FORBIDDEN = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BIDI = re.compile("[\u061c\u202a-\u202e\u2066-\u2069]")
# Allowed, because Hebrew and Arabic names contain them: they affect only adjacent characters, and are
# invisible.
_MARKS = re.compile("[\u200e\u200f]")

# Most names: printable ASCII without separators, which is normalized and allowed, unless it is only dots.
_PLAIN = re.compile(r"[ -.0-\[\]-~]{1,255}")

# A path of such names.
_PLAIN_PATH = re.compile(rf"{_PLAIN.pattern}(?:/{_PLAIN.pattern})*")

# Joins two emoji into one.
_JOINER = "\u200d"

_DIGITS = re.compile(r"(\d+)")
# Names with an equal prefix of this many bytes are ordered by the name itself, which has up to 765.
# PostgreSQL indexes up to 2704 bytes per row.
_SORT_KEY_BYTES = 400
# A Korean letter becomes three of three bytes each, so this holds every Korean name; a few letters become
# eighteen.
_SEARCH_KEY_BYTES = 2400


def to_name(text: str) -> str:
    """Return `text` as one normalized name; raises `InvalidName`."""
    if _PLAIN.fullmatch(text) and text not in _DOTS:
        return text
    if _BROKEN.search(text):
        raise InvalidName(name=_shown(text), reason=NOT_UNICODE)
    name = unicodedata.normalize("NFC", text)
    reason = _fault(name)
    if reason:
        raise InvalidName(name=_shown(text), reason=reason)
    return name


def _fault(name: str) -> str | None:
    seen = _MARKS.sub("", name)
    if not seen:
        return EMPTY
    if seen in _DOTS:
        return DOTS
    if _FORBIDDEN.search(name):
        return SEPARATOR
    if _BIDI.search(name):
        return BIDI
    if count_units(name) > NAME_UNITS:
        return TOO_LONG
    return None


def count_units(text: str) -> int:
    """Return the number of UTF-16 code units in `text`."""
    return len(text.encode("utf-16-le")) // 2


def _shown(text: str) -> str:
    """Return `text` for a message: without control characters, and shortened."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:80])


def split_path(text: str) -> tuple[str, ...]:
    """Return the names of the path `text`, separated by `/`; empty text is the root. Raises `InvalidName`."""
    if not text:
        return ()
    names = tuple(text.split("/"))
    # A look-up checks a thousand paths. Of plain names, each character is a byte.
    if _PLAIN_PATH.fullmatch(text) and _DOTS.isdisjoint(names):
        if len(names) <= PATH_SEGMENTS and len(text) <= PATH_BYTES:
            return names
        raise too_long(names)
    names = tuple(to_name(segment) for segment in names)
    check_path(names)
    return names


def check_path(names: tuple[str, ...]) -> None:
    """Raise `InvalidName` if the path of valid `names` is too long or too deep."""
    if not fits(names):
        raise too_long(names)


def fits(names: tuple[str, ...]) -> bool:
    """Return whether the path of valid `names` is neither too long nor too deep."""
    return len(names) <= PATH_SEGMENTS and len("/".join(names).encode()) <= PATH_BYTES


def too_long(names: tuple[str, ...]) -> InvalidName:
    """Return the error for a path that is, or contains one that is, too long or too deep."""
    return InvalidName(name=_shown(join_path(names)), reason=PATH_TOO_LONG)


def join_path(names: tuple[str, ...]) -> str:
    """Return the path of `names`; the root is empty text."""
    return "/".join(names)


def numbered(name: str, number: int) -> str:
    """Return `report (2).pdf` for `report.pdf` and 2, shortened if needed to a valid name."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 16:
        stem, dot, extension = name, "", ""
    tail = f" ({number}){dot}{extension}"
    return cut(stem, NAME_UNITS - count_units(tail)) + tail


def cut(text: str, units: int) -> str:
    """Return a prefix of `text` with at most `units` UTF-16 code units, cut between characters.

    Accents and joined emoji are not separated from their base, unless that alone is longer.
    """
    plain = text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", errors="ignore")
    end = len(plain)
    while 0 < end < len(text) and (_is_joined(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    return text[:end] or plain


def _is_joined(char: str) -> bool:
    """Return whether a character is displayed as part of the previous one."""
    return char == _JOINER or "\U0001f3fb" <= char <= "\U0001f3ff" or unicodedata.category(char)[0] == "M"


def sort_key(name: str) -> bytes:
    """Return a key that orders names naturally, and identically on every database.

    Case and accents count last, numbers by value (`file2` before `file10`), and Russian letters follow the
    alphabet (short I is a letter of its own, Yo a variant of Ye). The key is unique, because the name itself
    ends it.
    """
    parts = []
    for index, part in enumerate(_DIGITS.split(name.casefold())):
        if index % 2:
            digits = "".join(str(unicodedata.decimal(char)) for char in part).lstrip("0")
            parts.append(b"0" + bytes([len(digits)]) + digits.encode())
        else:
            parts.append(_letters(part).encode())
    return b"".join(parts)[:_SORT_KEY_BYTES] + b"\x00" + name.encode()


def search_key(text: str) -> str:
    """Return `text` as search compares it: without case and accents, Yo as Ye.

    Cut to what every database can index; a longer query matches by that prefix.
    """
    return _letters(text.casefold()).encode()[:_SEARCH_KEY_BYTES].decode(errors="ignore")


def search_words(query: str) -> tuple[str, ...]:
    """Return the distinct words of `query` as search compares them; none if it is empty."""
    return tuple(dict.fromkeys(search_key(query).split()))


def _letters(text: str) -> str:
    """Return `text` without accents; й stays a letter of its own."""
    decomposed = unicodedata.normalize("NFKD", text).replace("и\u0306", "й")
    return "".join(char for char in decomposed if not unicodedata.combining(char))
