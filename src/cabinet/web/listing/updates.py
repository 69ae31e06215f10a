"""What has become of a list that a page shows already, however long that has grown.

The page says which rows it has, by their tags, and how far its list goes. It gets itself anew: what it
has is named by its place there and only the rest is drawn. So the list is brought up to what the server
has at that moment by one request, which costs what has changed and a look at each row.

Rule: compares tags; who draws, and from which service, is the business of the views.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel, Field

from cabinet.services.tree.extents import Extent
from cabinet.services.tree.listing import MAX_LIMIT
from cabinet.web.listing.rows import Content, Piece, Row

# Rows of one list that a page may have.
MAX_ROWS = 100_000
# What their tags weigh as JSON, which in the trash are ids, each in quotes and with a comma; and all else.
UPDATE_BYTES = 36 * MAX_ROWS + 8 * 1024


class Shown(BaseModel):
    """What a page shows: the tags of its rows from the top, and the cursor of its "Show more", if it has that.

    `most` is how many rows it has room for.
    """

    tags: list[str] = Field(max_length=MAX_ROWS)
    until: str | None = None
    most: int = Field(ge=1, le=MAX_ROWS)

    def extent(self, page_limit: int) -> Extent:
        """Return how far the list shall go now: it gets no shorter than it was, and than a page."""
        least = max(page_limit, len(self.tags))
        return Extent(self.until, least, max(least, self.most))

    def compare(self, tags: Sequence[str], draw: Callable[[Sequence[int]], Mapping[int, Row]]) -> Content:
        """Return the list that has `tags` now; `draw` makes the rows of these numbers that are there yet.

        At most `MAX_LIMIT` rows are drawn, and where that leaves some out, the content `has_rest`.
        """
        places = {tag: place for place, tag in enumerate(self.tags)}
        runs: list[range | list[int]] = []
        last, wanted = -1, []
        for number, tag in enumerate(tags):
            run, place = runs[-1] if runs else None, places.get(tag, -1)
            # A row that would have to go up is drawn anew: those that stay are never moved.
            if place > last:
                last = place
                if isinstance(run, range) and run.stop == place:
                    runs[-1] = range(run.start, place + 1)
                else:
                    runs.append(range(place, place + 1))
            else:
                wanted.append(number)
                if isinstance(run, list):
                    run.append(number)
                else:
                    runs.append([number])
        rows = draw(wanted[:MAX_LIMIT])
        pieces = [
            Piece(kept=run) if isinstance(run, range) else Piece([rows[each] for each in run if each in rows])
            for run in runs
        ]
        shown = [piece for piece in pieces if piece.rows or piece.kept]
        count = sum(len(piece.rows) + len(piece.kept) for piece in shown)
        return Content(shown, count, has_rest=len(wanted) > MAX_LIMIT)
