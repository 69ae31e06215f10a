"""How far the part of a list goes that somebody has before them, page by page.

What they have seen ends at a cursor or at the end of the list. What has come before the cursor since
belongs to it, and what has gone does not, so its length is not what tells where it ends.

Rule: plain values; nothing here touches the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Extent:
    """The first part of a list: to the cursor `until`, None for its end.

    It has at least `least` entries, if there are as many, and at most `most`, which is no less.
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
    """Return the first part of a list, and the cursor of what follows, None when nothing does.

    `before(limit)` returns up to `limit` entries from the first to the cursor of `extent`, and
    `behind(limit)` those that follow, of which there are none without a cursor.
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
    # The cursor stays where it was: what comes back to just before it shows again.
    return shown, cursor_of(shown[-1]) if missing else extent.until
