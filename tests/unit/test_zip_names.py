"""Names in archives: valid on Windows, and unique."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cabinet.errors import InvalidName
from cabinet.services.archives import zip_names
from cabinet.services.archives.zip_names import FolderNames, to_safe_name
from cabinet.services.tree.names import NAME_UNITS, count_units, numbered, to_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("Отчёт №5 😀.txt", "Отчёт №5 😀.txt"),
        ("-rf", "-rf"),
        (" led by a space", " led by a space"),
        ('a<b>c:d"e|f?g*h', "a_b_c_d_e_f_g_h"),
        ("C:evil", "C_evil"),
        ("ends in dots..", "ends in dots__"),
        ("ends in a space ", "ends in a space_"),
        ("...", "___"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("COM1 .tar.gz", "_COM1 .tar.gz"),
        ("lpt³", "_lpt³"),
        ("console", "console"),
        ("com", "com"),
    ],
)
def test_a_name_is_made_valid_on_windows(name: str, safe: str) -> None:
    assert to_safe_name(name) == safe


def test_names_that_are_equal_on_windows_are_numbered() -> None:
    names = FolderNames()

    taken = [names.take(name) for name in ("a.txt", "A.txt", "a (2).txt", "a?", "a*", "A.TXT", "ЁЖ", "ёж")]

    assert taken == [
        "a.txt", "A (2).txt", "a (2) (2).txt", "a_", "a_ (2)", "A (3).TXT", "ЁЖ", "ёж (2)",
    ]  # fmt: skip


def test_names_are_unique_per_folder() -> None:
    assert [FolderNames().take("a"), FolderNames().take("A")] == ["a", "A"]


@given(st.lists(st.text(alphabet='aA.b ?*ÀàСс"1', min_size=1, max_size=4), max_size=30))
def test_no_two_names_collide_and_all_are_valid(texts: list[str]) -> None:
    given_names = []
    for text in texts:
        try:
            given_names.append(to_name(text))
        except InvalidName:
            continue
    folder = FolderNames()

    taken = [folder.take(name) for name in given_names]

    assert len({name.casefold() for name in taken}) == len(taken)
    assert all(to_name(name) == name == to_safe_name(name) for name in taken)


@pytest.mark.parametrize("name", ["NUL." + "я" * 250 + "x", "." * 255, "a" * 254 + "?", "con." + "😀" * 125])
def test_the_longest_names_stay_within_the_limit(name: str) -> None:
    names = FolderNames()

    for _ in range(3):
        assert count_units(names.take(name)) <= NAME_UNITS


MANY = 3000
STEM = "x" * (NAME_UNITS - 5)


def cased(text: str, number: int) -> str:
    """Return one of the ways to write a text in capitals and small letters."""
    return "".join(char.upper() if number >> place & 1 else char for place, char in enumerate(text))


@pytest.mark.parametrize(
    "make_names",
    [
        lambda: [cased("abcdefghijkl", number) for number in range(MANY)],
        lambda: [cased("a" * NAME_UNITS, number) for number in range(MANY)],
        # Alike as soon as they are cut for a number, which happens to the second of each two.
        lambda: [f"{letter}{STEM}{number:04}" for number in range(MANY // 2) for letter in "xX"],
        lambda: [
            *(f"a ({number})" for number in range(2, MANY)), *(cased("a" * 12, number) for number in range(2)), "a", "A"
        ],
    ],
    ids=["short", "long", "cut", "already numbered"],
)  # fmt: skip
def test_the_work_is_linear_in_the_folder_size(
    make_names: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = make_names()
    tried: list[int] = []

    def counting(name: str, number: int) -> str:
        tried.append(number)
        return numbered(name, number)

    monkeypatch.setattr(zip_names, "numbered", counting)
    folder = FolderNames()
    taken = [folder.take(name) for name in names]

    assert len({name.casefold() for name in taken}) == len(names)
    assert len(tried) < 10 * len(names)
