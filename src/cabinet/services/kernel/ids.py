"""Secrets that a person or a program carries, and ids that cannot be guessed.

Rule: a secret is shown once and stored only as its SHA-256; it is found by that hash, so no
comparison of ours can leak it through time.
"""

from __future__ import annotations

import hashlib
import secrets

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# 256 bits, in base64url: 43 characters.
_SECRET_BYTES = 32
_KEY_BYTES = 32


def new_secret() -> str:
    """Return a fresh secret, safe in a header, a cookie and a URL."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """Return what is stored of `secret`. One round: there is nothing to guess in 256 bits."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def new_id() -> str:
    """Return a fresh public id of 128 random bits, in hex."""
    return secrets.token_hex(16)


def derive_key(secret_key: str, purpose: str) -> bytes:
    """Return the key of 256 bits for one purpose (RFC 5869): of none of them follows another, nor `secret_key`."""
    hkdf = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=f"cabinet {purpose}".encode())
    return hkdf.derive(secret_key.encode())
