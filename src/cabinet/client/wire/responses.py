"""Parsing of the JSON responses of a server.

Rule: an invalid document raises `Misunderstood`; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from cabinet.client.wire.connection import Connection, Request
from cabinet.client.wire.entries import PAGE_SIZE, RemoteEntry, RemoteVersion, TrashedEntry
from cabinet.storage.content_hash import is_content_hash

T = TypeVar("T")


class ResponseReader:
    """Parses the responses of one server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def iter_pages(
        self,
        target: str,
        query: Mapping[str, str],
        read: Callable[[Any], T],
        limit: int = PAGE_SIZE,
        *,
        member: str = "entries",
    ) -> Iterator[T]:
        """Yield the items of a paged list, each parsed by `read`.

        Requests the first page when first advanced. A page may be empty without being the last.
        """
        asked = {**query, "limit": str(limit)}
        while True:
            page = self._connection.json(Request("GET", f"{target}?{urlencode(asked)}", is_repeatable=True))
            yield from map(read, self.items(page, member))
            following = page.get("next")
            if not following:
                return
            if str(following) == asked.get("after"):
                raise self._connection.misunderstood("the list of pages does not end")
            asked["after"] = str(following)

    def items(self, page: Any, member: str = "entries") -> list[Any]:
        """Return the list that is a member of a document."""
        if not isinstance(page, dict) or not isinstance(page.get(member), list):
            raise self._connection.misunderstood(f"it has no list “{member}”")
        items: list[Any] = page[member]
        return items

    def entry(self, document: Any) -> RemoteEntry:
        """Parse an entry of a folder."""
        path = self.text(document, "path")
        is_folder, size, content_hash = self._content(document)
        modified_at = str(document.get("modified_at") or "")
        return RemoteEntry(path, size, content_hash, modified_at, is_folder, document)

    def trashed(self, document: Any) -> TrashedEntry:
        """Parse an entry of the trash."""
        is_folder, size, _ = self._content(document)
        return TrashedEntry(
            self.text(document, "id"),
            self.text(document, "from"),
            size,
            is_folder,
            str(document.get("trashed_at") or ""),
            str(document.get("expires_at") or ""),
            document,
        )

    def version(self, document: Any) -> RemoteVersion:
        """Parse a version of a file."""
        content_hash = self.text(document, "content_hash")
        number, size = document.get("number"), document.get("size")
        if not isinstance(number, int) or not isinstance(size, int):
            raise self._connection.misunderstood("a version has no number or size")
        is_current = document.get("current") is True
        created_at = str(document.get("created_at") or "")
        return RemoteVersion(number, size, content_hash, created_at, is_current, document)

    def text(self, document: Any, member: str) -> str:
        """Return a member of a document that is a non-empty string."""
        value = document.get(member) if isinstance(document, dict) else None
        if not isinstance(value, str) or not value:
            raise self._connection.misunderstood(f"it has no “{member}”")
        return value

    def _content(self, document: Any) -> tuple[bool, int, str]:
        if not isinstance(document, dict):
            raise self._connection.misunderstood("an entry is not an object")
        is_folder = document.get("kind") == "folder"
        size = document.get("size") or 0
        content_hash = str(document.get("content_hash") or "")
        if not isinstance(size, int) or not (is_folder or is_content_hash(content_hash)):
            raise self._connection.misunderstood("an entry has no size or hash")
        return is_folder, size, content_hash
