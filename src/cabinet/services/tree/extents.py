"""The part of a list that a client has loaded so far, page by page.

It ends at a cursor or at the end of the list. Entries that were added before the cursor since then belong to
it, and removed ones do not, so its end is not defined by its length.

Rule: plain values; nothing here touches the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Extent:
    """The first part of a list: up to the cursor `until`, or to the end for None.

    It has at least `least` entries if there are as many, and at most `most`, which is not below `least`.
    """

    until: str | None
    least: int
    most: int


def first_part(
    extent: Extent,
    before: Callable[[int], list[_Item]],
    behind: Callable[[int], list[_Item]],
    cursor_of: Callable[[_Item], str],
) -> tuple[list[_Item], str | None]:
    """Return the first part of a list and the cursor of the rest, None if there is none.

    `before(limit)` returns up to `limit` entries from the start to the cursor of `extent`; `behind(limit)`
    those after it, and is not called without a cursor.
    """
    found = before(extent.most + 1)
    if len(found) > extent.most:
        shown = found[: extent.most]
        return shown, cursor_of(shown[-1])
    if extent.until is None:
        return found, None
    missing = max(0, extent.least - len(found))
    following = behind(missing + 1)
    shown = found + following[:missing]
    if len(following) <= missing:
        return shown, None
    # The cursor stays, so an entry that reappears just before it is shown again.
    return shown, cursor_of(shown[-1]) if missing else extent.until
