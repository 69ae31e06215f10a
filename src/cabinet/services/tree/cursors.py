"""Where a page of a listing ends, sealed: only this server can read it, and only where it was made.

A cursor stands in the answers and addresses of whoever asks. It may say what they must not learn,
such as the last candidate that a search has looked at, and the databases read what is in it. So it
is encrypted, and authenticated together with the place that it belongs to: of another user, listing,
order or server, from before a new secret key or made up, it does not open.

Rule: what opens is what was sealed; nothing behind this line has to doubt it.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from typing import Any, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cabinet.errors import N_, InvalidField
from cabinet.services.kernel.ids import derive_key

BAD_CURSOR = N_("it does not come from the page before.")

# What follows counts for the key: a change of what cursors hold is a new number.
_PURPOSE = "cursors 2"
# As NIST SP 800-38D wants it; a random one may repeat after some 2^32 pages.
_NONCE_BYTES = 12
# The length tells in steps of so many bytes, and those of one step look alike.
_STEP = 48

# Where a position means something: a kind of listing, then whose, of what, in which order.
Place: TypeAlias = Sequence[str | int]


class Cursors:
    """Seals positions under a key of its own that follows from the server's secret key."""

    def __init__(self, secret_key: str) -> None:
        self._cipher = AESGCM(derive_key(secret_key, _PURPOSE))

    def seal(self, place: Place, position: Sequence[str | int], least: int = 0) -> str:
        """Return a word for the position; of those with up to `least` bytes none is longer than another."""
        text = _to_bytes(position)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        size = max(least, len(text))
        # JSON does not mind spaces behind it.
        padded = text.ljust(-(-size // _STEP) * _STEP)
        sealed = nonce + self._cipher.encrypt(nonce, padded, _to_bytes(place))
        return _to_word(sealed)

    def open(self, place: Place, cursor: str) -> list[Any]:
        """Return the position that was sealed at this place; raises `InvalidField` for any other word."""
        try:
            sealed = _from_word(cursor)
            nonce, encrypted = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            position: list[Any] = json.loads(self._cipher.decrypt(nonce, encrypted, _to_bytes(place)))
        except (InvalidTag, ValueError) as error:
            raise InvalidField(field="after", reason=BAD_CURSOR) from error
        return position


def _to_word(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _from_word(word: str) -> bytes:
    """Return what `_to_word` was given; raises ValueError for any other way to write it."""
    sealed = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
    if _to_word(sealed) != word:
        raise ValueError
    return sealed


def _to_bytes(values: Sequence[str | int]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
