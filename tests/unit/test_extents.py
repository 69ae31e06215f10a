"""The first part of a list, as far as it was loaded, after any changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cabinet.services.tree.extents import Extent, first_part

# The entries of a list are numbers, and the cursor of each is that number in words.
entries = st.sets(st.integers(0, 30), max_size=25).map(sorted)
extents = st.builds(
    lambda until, least, room: Extent(until, least, least + room),
    st.none() | st.integers(0, 30).map(str),
    st.integers(1, 8),
    st.integers(0, 20),
)


@given(there=entries, extent=extents)
def test_shown_rows_and_rows_after_the_cursor_form_the_list(there: list[int], extent: Extent) -> None:
    until = None if extent.until is None else int(extent.until)

    def before(limit: int) -> list[int]:
        return [each for each in there if until is None or each <= until][:limit]

    def behind(limit: int) -> list[int]:
        assert until is not None, "nothing is behind the end"
        return [each for each in there if each > until][:limit]

    shown, cursor = first_part(extent, before, behind, str)

    following = [] if cursor is None else [each for each in there if each > int(cursor)]
    assert shown + following == there
    assert (cursor is not None) == bool(following)
    assert min(extent.least, len(there)) <= len(shown) <= extent.most
    # All that was seen still shows, as far as there is room, and no more than is wanted.
    seen = before(len(there))
    assert len(shown) == min(max(len(seen), extent.least), extent.most, len(there))


def test_a_cursor_keeps_its_position_when_nothing_is_shown() -> None:
    shown, cursor = first_part(Extent("9", 2, 100), lambda _: [1, 2], lambda _: [12], str)

    assert (shown, cursor) == ([1, 2], "9")
