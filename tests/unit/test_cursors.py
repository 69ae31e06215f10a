"""Cursors: they round-trip, only for their purpose, and are opaque.

Rule: no test reads the bytes of a cursor except for their number.
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
def test_a_cursor_round_trips(position: list[str | int], least: int) -> None:
    cursor = cursors.seal(PLACE, position, least)

    assert cursor.isascii()
    assert not set(cursor) & set("=+/&?#%")
    assert cursors.open(PLACE, cursor) == position
    assert Cursors(KEY).open(PLACE, cursor) == position, "another process has another key"


@given(st.one_of(texts, st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="))))
def test_a_cursor_that_was_never_sealed_is_refused(word: str) -> None:
    with pytest.raises(InvalidField):
        cursors.open(PLACE, word)


@given(st.data())
def test_a_modified_cursor_is_refused(data: st.DataObject) -> None:
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
def test_a_cursor_is_valid_only_for_its_purpose(place: tuple[str | int, ...]) -> None:
    with pytest.raises(InvalidField):
        cursors.open(place, cursors.seal(PLACE, ["a", 1]))


def test_a_cursor_of_another_secret_key_is_refused() -> None:
    with pytest.raises(InvalidField):
        Cursors(KEY + "!").open(PLACE, cursors.seal(PLACE, ["a", 1]))


def test_cursors_are_unique_and_opaque() -> None:
    sealed = {cursors.seal(PLACE, ["secret-plan-of-merger", 1]) for _ in range(50)}

    assert len(sealed) == 50
    for cursor in sealed:
        assert b"secret" not in base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def test_the_length_of_a_cursor_reveals_nothing() -> None:
    lengths = {len(cursors.seal(PLACE, ["x" * size, 10**19], 300)) for size in range(270)}

    assert len(lengths) == 1
