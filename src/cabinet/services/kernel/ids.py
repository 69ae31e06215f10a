"""Secrets of sessions and tokens, random public ids, and derived keys.

Rule: a secret is shown once and stored only as its SHA-256; it is looked up by that hash, so no
comparison can leak it through timing.
"""

from __future__ import annotations

import hashlib
import re
import secrets

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# 256 bits: 43 characters in base64url.
_SECRET_BYTES = 32
_KEY_BYTES = 32
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def new_secret() -> str:
    """Return a new secret, safe in a header, a cookie and a URL."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def is_like_secret(text: str) -> bool:
    """Return whether a text has the form of a secret; most passwords have not, and need no look-up."""
    return _SECRET.fullmatch(text) is not None


def hash_secret(secret: str) -> str:
    """Return the stored hash of `secret`. One round suffices, because 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def new_id() -> str:
    """Return a new public id of 128 random bits, in hex."""
    return secrets.token_hex(16)


def new_file_id() -> int:
    """Return a random number from 1 to 2^53 - 1, which programs that know only floating point keep exactly."""
    return secrets.randbelow(2**53 - 1) + 1


def derive_key(secret_key: str, purpose: str) -> bytes:
    """Return the 256-bit key for one purpose (HKDF, RFC 5869); it reveals neither other keys nor `secret_key`."""
    hkdf = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=f"cabinet {purpose}".encode())
    return hkdf.derive(secret_key.encode())
