"""Updates of a list: ranges of unchanged rows, and rendered new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cabinet.web.listing.rows import ListContent, Row
from cabinet.web.listing.updates import MAX_ROWS, Shown

lists = st.lists(st.sampled_from("abcdefghijkl"), unique=True)


class Drawer:
    """Renders the rows of a list, each as its tag, except for those that are `gone`."""

    def __init__(self, tags: Sequence[str], gone: str = "") -> None:
        self.tags = tags
        self.gone = gone
        self.drawn: list[str] = []

    def __call__(self, numbers: Sequence[int]) -> Mapping[int, Row]:
        self.drawn += [self.tags[number] for number in numbers]
        rows = {number: self.tags[number] for number in numbers if self.tags[number] not in self.gone}
        return cast("Mapping[int, Row]", rows)


def applied(before: Sequence[str], content: ListContent) -> list[Any]:
    """Return the rows of a page after it has applied the update."""
    after: list[Any] = []
    places: list[int] = []
    for piece in content.pieces:
        places += piece.kept
        after += [*(before[place] for place in piece.kept), *piece.rows]
    assert places == sorted(set(places)), "rows that stay are never moved"
    assert len(after) == content.count
    return after


@given(before=lists, now=lists)
def test_a_page_that_applies_the_update_matches_the_server(before: list[str], now: list[str]) -> None:
    draw = Drawer(now)

    content = Shown(tags=before, most=1).compare(now, draw)

    assert applied(before, content) == now
    assert not content.has_rest


@given(before=lists, added=lists, at=st.integers(0, 12))
def test_only_missing_rows_are_rendered(before: list[str], added: list[str], at: int) -> None:
    fresh = [tag.upper() for tag in added]
    now = [tag for tag in before[:at] + fresh + before[at:] if tag != "a"]
    draw = Drawer(now)

    Shown(tags=before, most=1).compare(now, draw)

    assert draw.drawn == fresh


@given(before=lists, now=lists, limit=st.integers(1, 4))
def test_a_very_long_list_is_rendered_in_steps(before: list[str], now: list[str], limit: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("cabinet.web.listing.updates.MAX_LIMIT", limit)
        shown, rounds, has_rest = before, 0, True
        while has_rest:
            draw = Drawer(now)
            content = Shown(tags=shown, most=1).compare(now, draw)
            assert len(draw.drawn) <= limit
            shown, has_rest = applied(shown, content), content.has_rest
            rounds += 1

    assert shown == now
    assert rounds <= len(now) // limit + 1


def test_rows_deleted_before_rendering_are_omitted() -> None:
    content = Shown(tags=["a"], most=1).compare(["a", "b", "c"], Drawer(["a", "b", "c"], gone="b"))

    assert applied(["a"], content) == ["a", "c"]


def test_a_list_never_gets_shorter_than_before_or_than_a_page() -> None:
    assert Shown(tags=["a"] * 7, until="x", most=3).extent(5).least == 7
    assert Shown(tags=["a"] * 3, until="x", most=3).extent(5).least == 5
    assert Shown(tags=["a"] * 3, most=3).extent(5).most == 5
    assert Shown(tags=["a"] * 3, most=30).extent(5).most == 30


@pytest.mark.parametrize(
    "body",
    [
        {"most": 1},
        {"tags": "abc", "most": 1},
        {"tags": [1], "most": 1},
        {"tags": [], "most": 0},
        {"tags": [], "most": MAX_ROWS + 1},
        {"tags": [], "most": 1, "until": 5},
        {"tags": ["a"] * (MAX_ROWS + 1), "most": 1},
    ],
)
def test_an_update_of_something_else_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Shown.model_validate(body)
