"""Entries, trashed entries and versions on the server.

Rule: plain values; `responses.py` parses them from JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cabinet.client.times import from_rfc3339

# The maximum number of entries in a page of the server, and of paths in a request.
PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class RemoteEntry:
    """A file or folder; `document` is its JSON."""

    path: str
    size: int
    content_hash: str
    modified_at: str
    is_folder: bool
    document: dict[str, Any]

    @property
    def is_shared(self) -> bool:
        """Whether it is a shared folder of another user."""
        return bool(self.document.get("mount"))

    @property
    def tree_size(self) -> int | None:
        """The bytes of all files in a folder; None if the server is too old to send it."""
        return _count_of(self.document, "tree_size")

    @property
    def tree_files(self) -> int | None:
        """The number of all files in a folder; None like `tree_size`."""
        return _count_of(self.document, "tree_files")

    @property
    def mtime_ns(self) -> int | None:
        """The modification time in nanoseconds since 1970."""
        return from_rfc3339(self.modified_at)


@dataclass(frozen=True, slots=True)
class TrashedEntry:
    """A file or folder in the trash; `path` is its original path."""

    id: str
    path: str
    size: int
    is_folder: bool
    trashed_at: str
    expires_at: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RemoteVersion:
    """The current or an old content of a file; `number` counts from 1."""

    number: int
    size: int
    content_hash: str
    created_at: str
    is_current: bool
    document: dict[str, Any]


def _count_of(document: dict[str, Any], member: str) -> int | None:
    value = document.get(member)
    return value if isinstance(value, int) else None
