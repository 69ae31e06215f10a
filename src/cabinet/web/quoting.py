"""Percent-encodes paths.

A list has hundreds, and most names have no character to encode but spaces: to look takes a tenth of the time.

Rule: the text is the same as of `urllib.parse.quote`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote


def quoter_of(safe: str) -> Callable[[str], str]:
    """Return a function that percent-encodes a text, except for letters, digits, `_.-~` and `safe`."""
    has_only_spaces = re.compile(rf"[A-Za-z0-9_.~{re.escape(safe)} -]*").fullmatch

    def quote_text(text: str) -> str:
        return text.replace(" ", "%20") if has_only_spaces(text) else quote(text, safe=safe)

    return quote_text


quote_path = quoter_of("/")
