"""What lies on a server, as filecli sees it.

Rule: plain values; `api.py` reads them from JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cabinet.client.times import from_rfc3339


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder; `document` is the JSON that it came as."""

    path: str
    size: int
    content_hash: str
    modified_at: str
    is_folder: bool
    document: dict[str, Any]

    @property
    def mtime_ns(self) -> int | None:
        """The last change in nanoseconds since 1970."""
        return from_rfc3339(self.modified_at)
