"""How a listing is ordered, and what a page of it is.

Rule: plain values; nothing here touches the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cabinet.services.tree.entries import Entry, Insides


class Sort(StrEnum):
    """What a listing is ordered by; folders always come before files.

    By size, the folders are in the order of all that is in them, unless they are very many: then by name.
    """

    NAME = "name"
    SIZE = "size"
    MODIFIED = "modified"


@dataclass(frozen=True, slots=True)
class Order:
    """How a listing is ordered, and after which cursor it goes on."""

    sort: Sort = Sort.NAME
    descending: bool = False
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of a folder that holds `insides`; `next` asks for those behind, None when there are none.

    `beside` is what the folder shows that is not in it, for its entity tag alone; `shown` is what it holds
    together with that.
    """

    path: str
    entries: Sequence[Entry]
    next: str | None
    insides: Insides
    shown: Insides
    beside: tuple[str, ...] = ()
