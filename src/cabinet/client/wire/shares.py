"""Links and grants on the server: those of the user, those received, and what a link says to its guests.

Rule: every URL and JSON member of links and grants is named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from cabinet.client.wire.connection import JSON, Connection, Request, to_json
from cabinet.client.wire.entries import RemoteEntry
from cabinet.client.wire.responses import ResponseReader

SHARES = "/shares"
GRANT = "grant"

# RFC 8187.
_FILE_NAME = re.compile(r"filename\*=UTF-8''([^;\s]+)")


@dataclass(frozen=True, slots=True)
class Share:
    """A link, request or grant of the user; `url` is "" if the server cannot tell it. `document` is its JSON."""

    id: str
    kind: str
    url: str
    paths: Sequence[str]
    state: str
    expires_at: str
    document: Mapping[str, Any]

    @property
    def is_grant(self) -> bool:
        """Whether it is for a user or a group, and has no address."""
        return self.kind == GRANT

    @property
    def recipient(self) -> str:
        """The user or the group of a grant, "" for a link."""
        to = self.document.get("to")
        named = to if isinstance(to, dict) else {}
        return str(named.get("user") or named.get("group") or "")

    def count(self, member: str) -> int | None:
        """Return a counter or a limit, None if there is none."""
        value = self.document.get(member)
        return value if isinstance(value, int) else None


@dataclass(frozen=True, slots=True)
class Received:
    """What somebody shared with the user; `path` is its place among the user's files, "" before it is accepted."""

    id: str
    name: str
    owner: str
    role: str
    state: str
    path: str
    document: Mapping[str, Any]

    @property
    def is_pending(self) -> bool:
        """Whether it waits to be accepted."""
        return self.state == "pending"


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link as its guests see it: the name for what it leads to, "" for none, and their rights.

    `file` is the file that it leads to, None if it leads to anything else or shows no content.
    """

    name: str
    rights: frozenset[str]
    file: RemoteEntry | None


class Shares:
    """The operations of links."""

    def __init__(self, connection: Connection, responses: ResponseReader) -> None:
        self._connection = connection
        self._responses = responses

    def create(self, paths: Sequence[str], wanted: Mapping[str, Any]) -> Share:
        """Make a link to the entries at `paths`; `wanted` has the other members of the request."""
        body = to_json({"paths": list(paths), **wanted})
        return self._to_share(self._connection.json(Request("POST", SHARES, JSON, body)))

    def grant(self, path: str, to: Mapping[str, str], role: str) -> Share:
        """Share the entry at `path` with a user or a group, `{"user": name}` or `{"group": name}`."""
        return self.create([path], {"kind": GRANT, "to": dict(to), "role": role})

    def iter_received(self) -> Iterator[Received]:
        """Yield what others have shared with the user, newest first."""
        return self._responses.iter_pages(f"{SHARES}/received", {}, self._to_received, member="shares")

    def accept(self, share_id: str) -> Received:
        """Accept what somebody has shared, so that it is among the user's files."""
        target = f"{SHARES}/{quote(share_id, safe='')}/accept"
        return self._to_received(
            self._connection.json(Request("POST", target, JSON, b"{}", is_repeatable=True))
        )

    def iter_all(self, path: str | None = None) -> Iterator[Share]:
        """Yield the links of the user, newest first; with `path`, those to that entry."""
        query = {} if path is None else {"path": path}
        return self._responses.iter_pages(SHARES, query, self._to_share, member="shares")

    def revoke(self, share_id: str) -> None:
        """End a link or a grant; of one that was received, decline or leave it."""
        target = f"{SHARES}/{quote(share_id, safe='')}"
        self._connection.json(Request("DELETE", target, is_repeatable=True))

    def describe(self) -> OpenLink:
        """Return what the link of this connection is; its guests count as having opened it."""
        document = self._connection.json(Request("GET", "", is_repeatable=True))
        rights = frozenset(map(str, self._responses.items(document, "rights")))
        entry = document.get("entry")
        is_file = isinstance(entry, dict) and entry.get("kind") == "file" and "read" in rights
        file = self._responses.entry(entry) if is_file else None
        return OpenLink(str(document.get("name") or ""), rights, file)

    def describe_used_up(self) -> OpenLink:
        """Return what a link to a file is that has no download left but those that were begun here.

        Raises `LinkGone` for any other link.
        """
        response = self._connection.open(Request("HEAD", "/download", is_repeatable=True))
        response.close()
        named = _FILE_NAME.search(response.headers.get("Content-Disposition", ""))
        name = unquote(named[1]) if named else ""
        content_hash = response.headers.get("ETag", "").removeprefix("W/").strip('"')
        size = response.headers.get("Content-Length", "")
        document = {"kind": "file", "path": name, "size": int(size) if size.isdecimal() else 0}
        entry = self._responses.entry({**document, "content_hash": content_hash})
        return OpenLink(name, frozenset({"read"}), entry)

    def _to_received(self, document: Any) -> Received:
        return Received(
            self._responses.text(document, "id"),
            self._responses.text(document, "name"),
            str(document.get("owner") or ""),
            str(document.get("role") or ""),
            str(document.get("state") or ""),
            str(document.get("path") or ""),
            document,
        )

    def _to_share(self, document: Any) -> Share:
        share_id = self._responses.text(document, "id")
        return Share(
            share_id,
            str(document.get("kind") or ""),
            str(document.get("url") or ""),
            [str(path) for path in self._responses.items(document, "paths")],
            str(document.get("state") or ""),
            str(document.get("expires_at") or ""),
            document,
        )
