"""The URLs of entries: valid, and leading back to the path, whatever characters it has."""

from __future__ import annotations

import re
import sys
from urllib.parse import quote, unquote

from cabinet.web.quoting import quote_path
from cabinet.web.serializers import content_address

# RFC 3986, section 3.3: segments of pchars.
PATH = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})*")

CHARACTERS = [*map(chr, range(1, 0x3000)), "\U0001f600", chr(sys.maxunicode)]
PATHS = [f"{before}{char}{after}" for char in CHARACTERS for before, after in (("", ""), ("a/b ", ".c"))]


def test_the_url_of_any_path_is_valid_and_leads_to_it() -> None:
    addresses = [content_address(path, "/files/") for path in PATHS]

    assert [address for address in addresses if not PATH.fullmatch(address)] == []
    assert [unquote(address) for address in addresses] == [f"/files/{path}" for path in PATHS]


def test_paths_are_quoted_as_by_the_standard_library() -> None:
    assert [path for path in PATHS if quote_path(path) != quote(path)] == []
