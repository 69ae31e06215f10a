"""Refuse short and common passwords.

A password is checked as typed and as typed in the other keyboard layout, English or Russian:
`gfhjkm` is `пароль` without switching the layout. Characters at the ends that are not letters are
ignored, because people who are told to add a digit add `1`; so are repetitions of a word.

Rule: pure functions over texts; contains all reasons of `WeakPassword`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache
from importlib.resources import files

from cabinet.errors import N_, WeakPassword
from cabinet.services.accounts.usernames import username_key

# Unicode code points, as NIST SP 800-63B counts characters.
MIN_LENGTH = 8
# Limited, because every password that is sent must be hashed.
MAX_BYTES = 1024

TOO_SHORT = N_("it needs at least 8 characters.")
TOO_LONG = N_("it may have at most 1024 bytes.")
COMMON = N_("it is one of the most common passwords.")
WALK = N_("its keys are adjacent on the keyboard.")
LIKE_NAME = N_("it is the user name or the name of this server.")

# The keys of a keyboard, row by row, unshifted and shifted, in each layout.
_ENGLISH = ("`1234567890-=", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./",
            "~!@#$%^&*()_+", "QWERTYUIOP{}|", 'ASDFGHJKL:"', "ZXCVBNM<>?")  # fmt: skip
_RUSSIAN = ("ё1234567890-=", "йцукенгшщзхъ\\", "фывапролджэ", "ячсмитьбю.",
            'Ё!"№;%:?*()_+', "ЙЦУКЕНГШЩЗХЪ/", "ФЫВАПРОЛДЖЭ", "ЯЧСМИТЬБЮ,")  # fmt: skip
_TO_RUSSIAN = str.maketrans("".join(_ENGLISH), "".join(_RUSSIAN))
_TO_ENGLISH = str.maketrans("".join(_RUSSIAN), "".join(_ENGLISH))

# A run of this many adjacent keys, or of one key, counts as one character.
_WALK_KEYS = 5
# Shorter parts of a host name are not compared.
_WORD_LENGTH = 4
PRODUCT = "cabinet"

_NO_LETTERS_AT_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def check_strength(password: str, username: str, hosts: Collection[str] = ()) -> None:
    """Raise `WeakPassword` if `password` is too weak for the account `username`.

    `hosts` are the host names of this server.
    """
    size = size_of(password)
    if size == 0 or len(password) < MIN_LENGTH:
        raise WeakPassword(reason=TOO_SHORT)
    if size > MAX_BYTES:
        raise WeakPassword(reason=TOO_LONG)
    context = {username_key(word) for word in _words_of(username, hosts)}
    typed = (password, password.translate(_TO_RUSSIAN), password.translate(_TO_ENGLISH))
    guesses = {guess for text in typed for guess in _guesses(username_key(text))}
    if not guesses.isdisjoint(context):
        raise WeakPassword(reason=LIKE_NAME)
    if not guesses.isdisjoint(_common_passwords()):
        raise WeakPassword(reason=COMMON)
    if len(_without_walks(password)) < MIN_LENGTH:
        raise WeakPassword(reason=WALK)


def size_of(password: str) -> int:
    """Return the size of `password` in bytes; 0 when it contains surrogates."""
    try:
        return len(password.encode())
    except UnicodeEncodeError:
        return 0


def _guesses(password: str) -> Iterator[str]:
    """Yield the texts to compare for a folded password: itself, and its word without decorations and repetition."""
    yield password
    word = _NO_LETTERS_AT_ENDS.sub("", password)
    # The shortest period of a text is its first position after 0 in the doubled text.
    period = (word + word).find(word, 1)
    yield from (word, _NO_LETTERS_AT_ENDS.sub("", word[:period]))


def _words_of(username: str, hosts: Collection[str]) -> Iterator[str]:
    """Yield the words that relate to this user and this server."""
    # Also without digits: `anna1990` is a weak password of `anna85`.
    yield from (username, username.rstrip("0123456789"), PRODUCT)
    for host in hosts:
        yield host
        yield from (label for label in host.split(".") if len(label) >= _WORD_LENGTH)


def _without_walks(password: str) -> str:
    """Return `password` with each walk over five keys or more as one character.

    A walk is a run of adjacent keys of a row, in either direction, or of one repeated key.
    """
    places = [_PLACES.get(key) for key in password]
    kept, start = "", 0
    while start < len(password):
        end = max(_walk_end(places, start, step) for step in (-1, 0, 1))
        kept += password[start] if end - start >= _WALK_KEYS else password[start:end]
        start = end
    return kept


def _walk_end(places: list[tuple[int, int] | None], start: int, step: int) -> int:
    """Return the end of the walk that begins at `start` and advances by `step` keys at a time."""
    end = start + 1
    while end < len(places):
        here, there = places[end - 1], places[end]
        if here is None or there is None or (here[0], here[1] + step) != there:
            break
        end += 1
    return end


def _lay_out() -> dict[str, tuple[int, int]]:
    """Return the row and the column of each key, in both layouts, with and without Shift."""
    places: dict[str, tuple[int, int]] = {}
    for layout in (_ENGLISH, _RUSSIAN):
        for number, row in enumerate(layout):
            for column, key in enumerate(row):
                # For a character in both layouts, the English position counts.
                places.setdefault(key, (number % 4, column))
    return places


_PLACES = _lay_out()


@cache
def _common_passwords() -> frozenset[str]:
    """Return the most common passwords; loaded on the first check."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    russian = files("cabinet.services.accounts").joinpath("russian_passwords.txt").read_text("utf-8")
    return frozenset(username_key(word) for word in russian.split()).union(*FREQUENCY_LISTS.values())
