"""Validate and compare user names.

Rule: pure functions over strings.
"""

from __future__ import annotations

import re
import unicodedata

from cabinet.errors import InvalidUsername

_USERNAME = re.compile(r"[^\W_][\w.-]{0,63}")
# The length of the column, in characters.
USERNAME_KEY_LENGTH = 256


def to_username(text: str) -> str:
    """Return `text` as a user name; raises `InvalidUsername`."""
    name = unicodedata.normalize("NFC", text)
    # Case folding and NFKC may turn one character into eighteen.
    if not _USERNAME.fullmatch(name) or len(username_key(name)) > USERNAME_KEY_LENGTH:
        raise InvalidUsername
    return name


def username_key(username: str) -> str:
    """Return the key that user names share which look the same."""
    folded = unicodedata.normalize("NFKC", username).casefold()
    return unicodedata.normalize("NFKC", folded)
