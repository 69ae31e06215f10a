"""Update a list that a page already shows, whatever its length.

The page sends the tags of its rows and how far its list goes. The response names the rows to keep by their
positions, and renders only the others. So one request brings the list up to date, at the cost of rendering
what changed and reading each row.

Rule: compares tags; the views read and render the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel, Field

from cabinet.services.tree.extents import Extent
from cabinet.services.tree.listing import MAX_LIMIT
from cabinet.web.listing.rows import ListContent, Row, RowRun

# The most rows of one list on a page.
MAX_ROWS = 100_000
# The size of their tags as JSON, each with quotes and a comma (in the trash they are ids), plus the rest.
UPDATE_BYTES = 36 * MAX_ROWS + 8 * 1024


class Shown(BaseModel):
    """What a page shows: the tags of its rows in order, and the cursor of "Show more", if it has that.

    `most` is the number of rows that it has room for.
    """

    tags: list[str] = Field(max_length=MAX_ROWS)
    until: str | None = None
    most: int = Field(ge=1, le=MAX_ROWS)

    def extent(self, page_limit: int) -> Extent:
        """Return how far the list must go now: never shorter than it was, nor than a page."""
        least = max(page_limit, len(self.tags))
        return Extent(self.until, least, max(least, self.most))

    def compare(self, tags: Sequence[str], draw: Callable[[Sequence[int]], Mapping[int, Row]]) -> ListContent:
        """Return the updated list with rows `tags`; `draw` makes the rows at these indexes that still exist.

        At most `MAX_LIMIT` rows are rendered; if more are missing, the content `has_rest`.
        """
        places = {tag: place for place, tag in enumerate(self.tags)}
        runs: list[range | list[int]] = []
        last, wanted = -1, []
        for number, tag in enumerate(tags):
            run, place = runs[-1] if runs else None, places.get(tag, -1)
            # A row that would move up is rendered anew, because kept rows are never reordered.
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
            RowRun(kept=run)
            if isinstance(run, range)
            else RowRun([rows[each] for each in run if each in rows])
            for run in runs
        ]
        shown = [piece for piece in pieces if piece.rows or piece.kept]
        count = sum(len(piece.rows) + len(piece.kept) for piece in shown)
        return ListContent(shown, count, has_rest=len(wanted) > MAX_LIMIT)
