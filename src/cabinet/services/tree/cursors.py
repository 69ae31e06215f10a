"""Encrypted cursors of listings, which only this server can read, and only for the same listing.

Cursors appear in responses and URLs. A cursor may contain what the user must not learn, such as the last
candidate that a search has examined, and its values go into database queries. So cursors are encrypted and
authenticated together with their place: one that is forged, from before a change of the secret key, or from
another user, listing, order or server cannot be opened.

Rule: an opened cursor holds exactly what was sealed; code that uses it need not validate it.
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

BAD_CURSOR = N_("it is not a cursor of this listing.")

# Part of the derived key: change the number if the content of cursors changes.
_PURPOSE = "cursors 2"
# As in NIST SP 800-38D; with random nonces a collision becomes likely only after about 2^32 pages.
_NONCE_BYTES = 12
# The length is padded to a multiple of this, so that it reveals little.
_STEP = 48

# The listing that a cursor is valid for: its kind, its scope, its subject and its order.
CursorContext: TypeAlias = Sequence[str | int]


class Cursors:
    """Seals positions with a key derived from the server's secret key."""

    def __init__(self, secret_key: str) -> None:
        self._cipher = AESGCM(derive_key(secret_key, _PURPOSE))

    def seal(self, place: CursorContext, position: Sequence[str | int], least: int = 0) -> str:
        """Return a cursor for the position; all positions of up to `least` bytes give the same length."""
        text = _to_bytes(position)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        size = max(least, len(text))
        # JSON allows trailing spaces.
        padded = text.ljust(-(-size // _STEP) * _STEP)
        sealed = nonce + self._cipher.encrypt(nonce, padded, _to_bytes(place))
        return _to_word(sealed)

    def open(self, place: CursorContext, cursor: str) -> list[Any]:
        """Return the position that was sealed for this place; raises `InvalidField` for any other text."""
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
    """Return the argument of `_to_word`; raises ValueError for any non-canonical encoding."""
    sealed = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
    if _to_word(sealed) != word:
        raise ValueError
    return sealed


def _to_bytes(values: Sequence[str | int]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
