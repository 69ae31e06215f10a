"""Cursors: they say again what was sealed, at the very place, and nothing to anybody else.

Rule: no test looks at the bytes of a cursor but for their number.
"""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cabinet.errors import InvalidField
from cabinet.services.tree.cursors import Cursors

KEY = "a secret key that is long enough for a server"
PLACE = ("list", 7, "folder", "name", False)

cursors = Cursors(KEY)
texts = st.text(st.characters(exclude_categories=["Cs"]))
positions = st.lists(st.one_of(texts, st.integers(-(2**63), 2**63)), max_size=5)


@given(positions, st.integers(0, 200))
def test_a_cursor_says_again_what_was_sealed(position: list[str | int], least: int) -> None:
    cursor = cursors.seal(PLACE, position, least)

    assert cursor.isascii()
    assert not set(cursor) & set("=+/&?#%")
    assert cursors.open(PLACE, cursor) == position
    assert Cursors(KEY).open(PLACE, cursor) == position, "another process has another key"


@given(st.one_of(texts, st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="))))
def test_what_was_never_sealed_does_not_open(word: str) -> None:
    with pytest.raises(InvalidField):
        cursors.open(PLACE, word)


@given(st.data())
def test_a_cursor_that_was_changed_anywhere_does_not_open(data: st.DataObject) -> None:
    cursor = cursors.seal(PLACE, ["file", "name"])
    at = data.draw(st.integers(0, len(cursor)))
    letter = data.draw(st.sampled_from("AZaz09-_=+/ \n\0я\ud800"))
    changed = data.draw(st.sampled_from([cursor[:at] + letter + cursor[at + 1 :], cursor[:at], cursor[at:]]))

    if changed != cursor:
        with pytest.raises(InvalidField):
            cursors.open(PLACE, changed)


@pytest.mark.parametrize(
    "place",
    [
        ("walk", 7, "folder", "name", False),
        ("list", 8, "folder", "name", False),
        ("list", 7, "folder/x", "name", False),
        ("list", 7, "folder", "size", False),
        ("list", 7, "folder", "name", True),
        ("list", 7, "folder", "name"),
        ("list", 7),
    ],
    ids=str,
)
def test_a_cursor_opens_where_it_was_sealed_and_nowhere_else(place: tuple[str | int, ...]) -> None:
    with pytest.raises(InvalidField):
        cursors.open(place, cursors.seal(PLACE, ["a", 1]))


def test_a_cursor_of_another_secret_key_does_not_open() -> None:
    with pytest.raises(InvalidField):
        Cursors(KEY + "!").open(PLACE, cursors.seal(PLACE, ["a", 1]))


def test_no_two_cursors_are_alike_and_none_shows_what_is_in_it() -> None:
    sealed = {cursors.seal(PLACE, ["secret-plan-of-merger", 1]) for _ in range(50)}

    assert len(sealed) == 50
    for cursor in sealed:
        assert b"secret" not in base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def test_what_a_cursor_says_does_not_show_in_its_length() -> None:
    lengths = {len(cursors.seal(PLACE, ["x" * size, 10**19], 300)) for size in range(270)}

    assert len(lengths) == 1
