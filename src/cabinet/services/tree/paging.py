"""The order of a listing, and its pages.

Rule: plain values; nothing here touches the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cabinet.services.tree.entries import Entry, FolderTotals


class Sort(StrEnum):
    """What a listing is ordered by; folders always come before files.

    By size, folders are ordered by their total contents, or by name if there are too many.
    """

    NAME = "name"
    SIZE = "size"
    MODIFIED = "modified"


@dataclass(frozen=True, slots=True)
class Order:
    """How a listing is ordered, and the cursor after which it continues."""

    sort: Sort = Sort.NAME
    descending: bool = False
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of a folder that contains `totals`; `next` is the cursor of the rest, or None.

    `shown` is `totals` together with what is behind mounts; `beside` is the state of the mounts and of
    the signs of shared entries, for the entity tag only.
    """

    path: str
    entries: Sequence[Entry]
    next: str | None
    totals: FolderTotals
    shown: FolderTotals
    beside: tuple[str, ...] = ()
