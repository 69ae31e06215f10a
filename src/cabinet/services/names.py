"""What may be a name, and how names are ordered.

Names are data: they are normalised to NFC, compared exactly, and never become a path on disk.

Rule: pure functions over strings; the reasons here are all the reasons that `InvalidName` has.
"""

from __future__ import annotations

import re
import unicodedata

from cabinet.errors import N_, InvalidName, InvalidUsername

NAME_BYTES = 255
# gunicorn's request line ends at 4094 bytes, and percent-encoding makes three of one.
PATH_BYTES = 1024
PATH_SEGMENTS = 64

EMPTY = N_("it is empty.")
DOTS = N_("it means another folder.")
SEPARATOR = N_("it contains a slash, a backslash or a control character.")
BIDI = N_("it contains characters that reverse the direction of writing.")
NOT_UNICODE = N_("it is not valid UTF-8.")
TOO_LONG = N_("a name has at most 255 bytes, a path at most 1024 bytes and 64 folders.")

# Surrogates stand where Python could not decode a byte.
_BROKEN = re.compile("[\ud800-\udfff]")
_FORBIDDEN = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_USERNAME = re.compile(r"[^\W_][\w.-]{0,63}")
# What the column holds.
USERNAME_KEY_LENGTH = 256

_DIGITS = re.compile(r"(\d+)")
# Names that agree in this many bytes of their sort key are told apart by the name itself.
_SORT_KEY_BYTES = 400
# PostgreSQL indexes up to 2704 bytes, a letter has up to four, and one may become eighteen.
_SEARCH_KEY_LETTERS = 255


def to_name(text: str) -> str:
    """Return `text` as one name, normalised; raises `InvalidName`."""
    if _BROKEN.search(text):
        raise InvalidName(name=_shown(text), reason=NOT_UNICODE)
    name = unicodedata.normalize("NFC", text)
    reason = _fault(name)
    if reason:
        raise InvalidName(name=_shown(text), reason=reason)
    return name


def _fault(name: str) -> str | None:
    if not name:
        return EMPTY
    if name in {".", ".."}:
        return DOTS
    if _FORBIDDEN.search(name):
        return SEPARATOR
    if _BIDI.search(name):
        return BIDI
    if len(name.encode()) > NAME_BYTES:
        return TOO_LONG
    return None


def _shown(text: str) -> str:
    """Return `text` fit for a message: no control characters, not endless."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:80])


def split_path(text: str) -> tuple[str, ...]:
    """Return the names that `text` joins by `/`; the empty text is the root. Raises `InvalidName`."""
    if not text:
        return ()
    names = tuple(to_name(segment) for segment in text.split("/"))
    check_path(names)
    return names


def check_path(names: tuple[str, ...]) -> None:
    """Raise `InvalidName` when the path made of valid `names` is too long or too deep."""
    if len(names) > PATH_SEGMENTS or len(join_path(names).encode()) > PATH_BYTES:
        raise too_long(names)


def too_long(names: tuple[str, ...]) -> InvalidName:
    """Return what tells that a path, or one below it, is too long or too deep."""
    return InvalidName(name=_shown(join_path(names)), reason=TOO_LONG)


def join_path(names: tuple[str, ...]) -> str:
    """Return the path of `names`; the root is the empty text."""
    return "/".join(names)


def numbered(name: str, number: int) -> str:
    """Return `report (2).pdf` for `report.pdf` and 2, cut so that it still is a valid name."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 16:
        stem, dot, extension = name, "", ""
    tail = f" ({number}){dot}{extension}"
    room = NAME_BYTES - len(tail.encode())
    return stem.encode()[:room].decode(errors="ignore") + tail


def sort_key(name: str) -> bytes:
    """Return bytes that order names as people do, alike on every database.

    Case and accents count last, numbers count by value (`file2` before `file10`), and Russian
    letters stand in their order (short I is one of its own, Yo a kind of Ye).
    Unique: the name itself ends the key.
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
    """Return `text` as a search compares it: case and accents do not count, Yo is a Ye.

    Cut to what every database can index; whoever types more than that gets what agrees so far.
    """
    return _letters(text.casefold())[:_SEARCH_KEY_LETTERS]


def _letters(text: str) -> str:
    """Return `text` without accents, except that й stays a letter of its own."""
    decomposed = unicodedata.normalize("NFKD", text).replace("и\u0306", "й")
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def to_username(text: str) -> str:
    """Return `text` as a user name; raises `InvalidUsername`."""
    name = unicodedata.normalize("NFC", text)
    # One letter may be eighteen once it is folded.
    if not _USERNAME.fullmatch(name) or len(username_key(name)) > USERNAME_KEY_LENGTH:
        raise InvalidUsername
    return name


def username_key(username: str) -> str:
    """Return what two user names share when people would take them for the same."""
    folded = unicodedata.normalize("NFKC", username).casefold()
    return unicodedata.normalize("NFKC", folded)
