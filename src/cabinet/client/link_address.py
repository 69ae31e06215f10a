"""The addresses of links, as people pass them on or copy them from a browser.

Rule: an argument that begins with http:// or https:// is a link, and nothing else is one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote, urlsplit

from cabinet.client.link_failures import BadLink
from cabinet.client.paths import to_path
from cabinet.client.settings import Server, to_server

# The prefix of the server, the token, and what follows. A token has 128 bits in base64url.
_ADDRESS = re.compile(r"(?P<prefix>.*?)/s/(?P<token>[A-Za-z0-9_-]{22})(?P<rest>/.*)?")

# Pages and views of a link: what follows them is a path in the link.
_WITH_PATH = re.compile(r"/(?:files|download)(?:/(?P<path>.*))?")
_WITHOUT_PATH = {"", "/", "/unlock", "/qr.svg"}


@dataclass(frozen=True, slots=True)
class LinkAddress:
    """The address of a link, and a path in it, "" for all of it."""

    server: Server
    path: str

    @property
    def key(self) -> str:
        """A name of the link that does not give it away."""
        return f"link {hashlib.sha256(self.server.link_token.encode()).hexdigest()[:32]}"


def is_link(text: str) -> bool:
    """Return whether an argument is a link."""
    return text.lower().startswith(("http://", "https://"))


def to_link(text: str) -> LinkAddress:
    """Parse the address of a link; raises `BadLink`, `BadServerAddress` and `InvalidName`."""
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise BadLink(link=text, reason=str(error)) from error
    found = _ADDRESS.fullmatch(parts.path)
    server = to_server(f"{parts.scheme}://{parts.netloc}{found['prefix'] if found else ''}")
    if found is None:
        raise BadLink(link=text, reason="it has no /s/ with the 22 characters of a link")
    server = replace(server, link_token=found["token"])
    rest = found["rest"] or ""
    inside = _WITH_PATH.fullmatch(rest)
    if inside is None and rest not in _WITHOUT_PATH:
        raise BadLink(link=str(server), reason="what follows its 22 characters is unknown")
    # A page of a folder has its path in the query.
    asked = parse_qs(parts.query).get("path", [""])[0]
    path = unquote(inside["path"] or "", errors="surrogateescape") if inside else ""
    return LinkAddress(server, to_path(path or asked))
