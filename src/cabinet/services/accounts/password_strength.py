"""Which passwords are refused: short ones, and those that an attacker tries first.

A password is judged as typed and with its keys typed in the other layout, English or Russian, for
`gfhjkm` is `пароль` with the keyboard not switched. What stands at its ends and is no letter protects
nothing, for people who are told to add a digit add `1`; nor does a word that is written twice.

Rule: pure functions over texts; the reasons here are all the reasons that `WeakPassword` has.
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
# Bounded, because whatever is sent has to be hashed at least once.
MAX_BYTES = 1024

TOO_SHORT = N_("it needs at least 8 characters.")
TOO_LONG = N_("it may have at most 1024 bytes.")
COMMON = N_("it is among the first that an attacker tries.")
WALK = N_("its keys lie side by side on the keyboard.")
LIKE_NAME = N_("it is the user name or the name of this server.")

# The keys of a keyboard, row by row, unshifted and shifted; a place holds one key in each layout.
_ENGLISH = ("`1234567890-=", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./",
            "~!@#$%^&*()_+", "QWERTYUIOP{}|", 'ASDFGHJKL:"', "ZXCVBNM<>?")  # fmt: skip
_RUSSIAN = ("ё1234567890-=", "йцукенгшщзхъ\\", "фывапролджэ", "ячсмитьбю.",
            'Ё!"№;%:?*()_+', "ЙЦУКЕНГШЩЗХЪ/", "ФЫВАПРОЛДЖЭ", "ЯЧСМИТЬБЮ,")  # fmt: skip
_TO_RUSSIAN = str.maketrans("".join(_ENGLISH), "".join(_RUSSIAN))
_TO_ENGLISH = str.maketrans("".join(_RUSSIAN), "".join(_ENGLISH))

# Keys side by side, or one key again and again, that are as easy to guess as one.
_WALK_KEYS = 5
# Parts of a host's name that are too short to be anybody's password.
_WORD_LENGTH = 4
PRODUCT = "cabinet"

_NO_LETTERS_AT_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def check_strength(password: str, username: str, hosts: Collection[str] = ()) -> None:
    """Raise `WeakPassword` unless `password` may protect the account `username`.

    `hosts` are the names by which people know this server.
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
    """Return the bytes of `password`; 0 when it holds what is no character."""
    try:
        return len(password.encode())
    except UnicodeEncodeError:
        return 0


def _guesses(password: str) -> Iterator[str]:
    """Yield what gives a folded password away: itself, and its word without what people put round it."""
    yield password
    word = _NO_LETTERS_AT_ENDS.sub("", password)
    # A text lies in its own double, without the ends, where its shortest period begins anew.
    period = (word + word).find(word, 1)
    yield from (word, _NO_LETTERS_AT_ENDS.sub("", word[:period]))


def _words_of(username: str, hosts: Collection[str]) -> Iterator[str]:
    """Yield the words that anybody would try here first."""
    # Without its own digits, too: `anna1990` is no secret of `anna85`.
    yield from (username, username.rstrip("0123456789"), PRODUCT)
    for host in hosts:
        yield host
        yield from (label for label in host.split(".") if len(label) >= _WORD_LENGTH)


def _without_walks(password: str) -> str:
    """Return `password` with each straight walk over five keys or more as one character.

    A walk goes along a row, one way or the other, or stays on one key.
    """
    places = [_PLACES.get(key) for key in password]
    kept, start = "", 0
    while start < len(password):
        end = max(_walk_end(places, start, step) for step in (-1, 0, 1))
        kept += password[start] if end - start >= _WALK_KEYS else password[start:end]
        start = end
    return kept


def _walk_end(places: list[tuple[int, int] | None], start: int, step: int) -> int:
    """Return where a walk over `places`, one key in `step` at a time, ends that begins at `start`."""
    end = start + 1
    while end < len(places):
        here, there = places[end - 1], places[end]
        if here is None or there is None or (here[0], here[1] + step) != there:
            break
        end += 1
    return end


def _lay_out() -> dict[str, tuple[int, int]]:
    """Return the row and the column of each key, whatever the layout and Shift make of it."""
    places: dict[str, tuple[int, int]] = {}
    for layout in (_ENGLISH, _RUSSIAN):
        for number, row in enumerate(layout):
            for column, key in enumerate(row):
                # A sign that lies elsewhere in Russian counts where it lies in English.
                places.setdefault(key, (number % 4, column))
    return places


_PLACES = _lay_out()


@cache
def _common_passwords() -> frozenset[str]:
    """Return what people choose most; read when the first password is judged."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    russian = files("cabinet.services.accounts").joinpath("russian_passwords.txt").read_text("utf-8")
    return frozenset(username_key(word) for word in russian.split()).union(*FREQUENCY_LISTS.values())
