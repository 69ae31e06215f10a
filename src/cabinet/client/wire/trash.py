"""The trash of the server: list, restore, delete permanently.

Rule: every URL and JSON member of the trash is named here, or parsed in `responses.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from cabinet.client.wire.connection import JSON, TAKES_LONG, Connection, Request, to_json
from cabinet.client.wire.entries import RemoteEntry, TrashedEntry
from cabinet.client.wire.responses import ResponseReader

TRASH = "/trash"


class Trash:
    """The operations of the trash."""

    def __init__(self, connection: Connection, answers: ResponseReader, space: str = "") -> None:
        self._connection = connection
        self._responses = answers
        self._space = {"path": space} if space else {}

    def of_space(self, path: str) -> Trash:
        """Return the trash of the team space that is the folder at `path`."""
        return Trash(self._connection, self._responses, path)

    def __iter__(self) -> Iterator[TrashedEntry]:
        """Yield the items, newest first; a folder is one item."""
        return self._responses.iter_pages(TRASH, self._space, self._responses.trashed)

    def restore(self, trashed_id: str, on_conflict: str) -> RemoteEntry:
        """Restore an item to its original path and return the new entry."""
        body = to_json({"on_conflict": on_conflict})
        request = Request("POST", f"{_target(trashed_id)}/restore", JSON, body)
        return self._responses.entry(self._connection.json(request))

    def delete(self, trashed_id: str) -> None:
        """Delete an item permanently."""
        self._connection.json(Request("DELETE", _target(trashed_id), body=TAKES_LONG))

    def empty(self) -> None:
        """Delete all items permanently."""
        query = f"?{urlencode(self._space)}" if self._space else ""
        self._connection.json(Request("DELETE", f"{TRASH}{query}", body=TAKES_LONG))


def _target(trashed_id: str) -> str:
    return f"{TRASH}/{quote(trashed_id, safe='')}"
