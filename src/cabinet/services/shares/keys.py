"""The secrets of links, and the cookie that keeps a protected link open.

A token is derived from a random number in the row of its link and the server's key, so that its owner can
copy the link again. It is found by its own hash, so it also works after the server's key has changed; then
its owner only cannot be shown it.

Rule: a token is never stored, logged or put into an error.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime, timedelta

from cabinet.services.kernel.ids import derive_key

# The purposes of the keys: `cabinet share link v1` and so on.
_LINK = "share link v1"
_COOKIE = "share cookie v1"

NONCE_BYTES = 16
_TOKEN_BYTES = 16

# How long a protected link stays open in a browser.
UNLOCKED_FOR = timedelta(hours=12)


def new_nonce() -> bytes:
    """Return the random number of a new link."""
    return secrets.token_bytes(NONCE_BYTES)


class ShareKeys:
    """Derives tokens and cookies from the server's secret key."""

    def __init__(self, secret_key: str) -> None:
        self._link = derive_key(secret_key, _LINK)
        self._cookie = derive_key(secret_key, _COOKIE)

    def token_of(self, nonce: bytes) -> str:
        """Return the token of a link: 128 bits in base64url."""
        digest = hmac.digest(self._link, nonce, "sha256")[:_TOKEN_BYTES]
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def cookie_of(self, share_id: str, secrets_of_link: str, now: datetime) -> str:
        """Return the value of a cookie for a link that was just unlocked.

        `secrets_of_link` changes with the link's password and address, which ends the cookie.
        """
        until = int((now + UNLOCKED_FOR).timestamp())
        return f"{share_id}.{until}.{self._mac(share_id, until, secrets_of_link)}"

    def is_cookie_of(self, cookie: str, share_id: str, secrets_of_link: str, now: datetime) -> bool:
        """Return whether a cookie, which may be anything, was made for this link and is still valid."""
        given_id, _, rest = cookie.partition(".")
        until, _, mac = rest.partition(".")
        if given_id != share_id or not (until.isascii() and until.isdigit() and len(until) <= 12):
            return False
        expected = self._mac(share_id, int(until), secrets_of_link)
        is_ours = hmac.compare_digest(mac.encode(errors="surrogatepass"), expected.encode())
        return is_ours and int(until) > now.timestamp()

    def _mac(self, share_id: str, until: int, secrets_of_link: str) -> str:
        text = f"{share_id}\0{until}\0{secrets_of_link}".encode()
        return hmac.digest(self._cookie, text, "sha256").hex()
