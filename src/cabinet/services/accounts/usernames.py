"""What may be a user name, and which user names count as the same.

Rule: pure functions over strings.
"""

from __future__ import annotations

import re
import unicodedata

from cabinet.errors import InvalidUsername

_USERNAME = re.compile(r"[^\W_][\w.-]{0,63}")
# What the column holds.
USERNAME_KEY_LENGTH = 256


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
