"""Names: which are refused, what is preserved, and their sort order.

Rule: the lists contain cases that have broken other file servers.
"""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cabinet.errors import InvalidName, InvalidUsername
from cabinet.services.accounts.usernames import to_username, username_key
from cabinet.services.tree import names
from cabinet.services.tree.names import (
    check_path,
    join_path,
    numbered,
    search_key,
    sort_key,
    split_path,
    to_name,
)


def short(value: object) -> str:
    """Return an id of a case that fits a line."""
    return ascii(value)[:24]


REFUSED = {
    "": names.EMPTY,
    ".": names.DOTS,
    "..": names.DOTS,
    "a/b": names.SEPARATOR,
    "..\\..\\x": names.SEPARATOR,
    "a\0.txt": names.SEPARATOR,
    "..\r\nX: y": names.SEPARATOR,
    "bell\x07": names.SEPARATOR,
    "c1\x9b": names.SEPARATOR,
    "line\u2028break": names.SEPARATOR,
    "exe\u202etxt.": names.BIDI,
    "isolate\u2066": names.BIDI,
    "arabic\u061c": names.BIDI,
    "\u200f": names.EMPTY,
    "\u200e\u200f\u200e": names.EMPTY,
    "\u200e..\u200e": names.DOTS,
    ".\u200e.": names.DOTS,
    "broken\udcff": names.NOT_UNICODE,
    "a" * 256: names.TOO_LONG,
    "я" * 256: names.TOO_LONG,
    "한" * 256: names.TOO_LONG,
    "😀" * 128: names.TOO_LONG,
}

EXACT = [
    "😀.txt",
    "日本語.txt",
    "Отчёт №5.pdf",
    "-rf",
    "$(id)",
    "{{7*7}}",
    "%s",
    "%2e%2e%2f",
    "a\"b;c'd%.txt",
    "<img src=x onerror=alert(1)>",
    " leading and trailing ",
    "...",
    ".hidden",
    "CON",
    "a" * 255,
    "я" * 255,
    "한" * 255,
    "😀" * 127,
    "\u200fשלום\u200e.pdf",
    "تقرير\u200f 2026.docx\u200f",
]

# Bytes of a row in a PostgreSQL index, without the numbers beside the key.
INDEXED = 2704 - 64

# Anything that one might type; most of it is a name.
some_text = st.text(min_size=1, max_size=60)


def is_name(text: str) -> bool:
    try:
        to_name(text)
    except InvalidName:
        return False
    return True


some_names = some_text.filter(is_name).map(to_name)


@pytest.mark.parametrize(("text", "reason"), REFUSED.items(), ids=short)
def test_invalid_names_are_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidName) as caught:
        to_name(text)

    assert caught.value.reason == reason
    assert caught.value.name.isprintable()
    assert len(caught.value.name) <= 80


@pytest.mark.parametrize("name", EXACT, ids=short)
def test_valid_names_are_unchanged(name: str) -> None:
    assert to_name(name) == name
    assert split_path(name) == (name,)


def test_both_unicode_forms_are_one_name() -> None:
    composed, decomposed = (unicodedata.normalize(form, "Отчёт й é") for form in ("NFC", "NFD"))

    assert composed != decomposed
    assert to_name(decomposed) == to_name(composed) == composed


@given(some_names)
def test_normalizing_a_valid_name_is_idempotent(name: str) -> None:
    assert to_name(name) == name
    assert 1 <= len(name.encode("utf-16-le")) // 2 <= names.NAME_UNITS


@given(st.lists(some_names, max_size=8).map(tuple))
def test_joining_and_splitting_a_path_round_trips(segments: tuple[str, ...]) -> None:
    assert split_path(join_path(segments)) == segments


@pytest.mark.parametrize("path", ["/", "/etc/passwd", "a//b", "a/", "a/../b", "./a", "a/\\b"])
def test_a_path_with_an_invalid_segment_is_refused(path: str) -> None:
    with pytest.raises(InvalidName):
        split_path(path)


def test_the_empty_path_is_the_root() -> None:
    assert split_path("") == ()
    assert join_path(()) == ""


def test_a_path_has_at_most_64_segments_and_2048_bytes() -> None:
    check_path(("a",) * 64)
    check_path(("a" * 255,) * 8)
    check_path(("я" * 127,) * 8 + ("b" * 8,))
    for too_long in (("a",) * 65, ("a" * 255,) * 8 + ("b",), ("я" * 127,) * 8 + ("b" * 9,)):
        with pytest.raises(InvalidName) as caught:
            check_path(too_long)
        assert caught.value.reason == names.PATH_TOO_LONG


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "report (2).pdf"),
        ("report", "report (2)"),
        (".bashrc", ".bashrc (2)"),
        ("archive.tar.gz", "archive.tar (2).gz"),
        ("It ends. And one more sentence", "It ends. And one more sentence (2)"),
        ("Отчёт №5.pdf", "Отчёт №5 (2).pdf"),
    ],
)
def test_a_numbered_name_keeps_its_extension(name: str, expected: str) -> None:
    assert numbered(name, 2) == expected


@given(some_names, st.integers(2, 10**9))
def test_a_numbered_name_is_valid_and_different(name: str, number: int) -> None:
    assert to_name(numbered(name, number)) == numbered(name, number) != name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a" * 255, "a" * 250),
        ("я" * 251 + ".pdf", "я" * 246 + ".pdf"),
        ("😀" * 127, "😀" * 125),
        ("x" + "😀" * 127, "x" + "😀" * 124),
        ("😀" * 125 + ".webm", "😀" * 122 + ".webm"),
        # Grapheme clusters are not split: a combining accent, a skin tone, a family.
        ("a" * 249 + "q\u0323\u0308" + "b" * 3, "a" * 249),
        ("a" * 247 + "👍🏽" + "b" * 4, "a" * 247),
        ("a" * 246 + "👩\u200d👧" + "b" * 4, "a" * 246),
        ("x" + "\u0323" * 254, "x" + "\u0323" * 249),
    ],
    ids=[
        "letters",
        "extension",
        "emoji",
        "odd",
        "emoji and extension",
        "accents",
        "skin",
        "family",
        "endless",
    ],
)
def test_a_long_name_is_truncated_between_characters_for_the_number(name: str, expected: str) -> None:
    stem, dot, extension = expected.partition(".")

    assert to_name(name) == name
    assert numbered(name, 10) == f"{stem} (10){dot}{extension}"
    assert to_name(numbered(name, 10)) == numbered(name, 10)


IN_ORDER = [
    "1.txt", "2.txt", "010 b.txt", "10.txt", "apple", "Banana", "cherry", "file2", "file10", "file10b",
    "ёж", "Ель", "ива", "Йод", "кот", "я2", "Я10",
]  # fmt: skip


def test_names_sort_naturally() -> None:
    assert sorted(set(IN_ORDER), key=sort_key) == IN_ORDER


def test_russian_letters_sort_alphabetically() -> None:
    alphabet = "абвгдежзийклмнопрстуфхцчшщъыьэюя"

    assert "".join(sorted(set(alphabet), key=sort_key)) == alphabet
    assert sorted(["жук", "ёлка", "ель", "дом"], key=sort_key) == ["дом", "ёлка", "ель", "жук"]


def test_case_is_only_a_tie_breaker() -> None:
    assert sorted(["b", "B", "a", "A"], key=sort_key) == ["A", "a", "B", "b"]


@given(some_names, some_names)
def test_sort_keys_are_unique(one: str, other: str) -> None:
    assert (sort_key(one) == sort_key(other)) is (one == other)


@given(some_names)
def test_sort_keys_fit_an_index(name: str) -> None:
    for each in (name, names.cut(name * 255, names.NAME_UNITS), "한" * 255, "ﷺ" * 255, "9" * 255):
        assert len(sort_key(each)) < INDEXED
        assert len(search_key(each).encode()) < INDEXED


def test_the_suffix_of_a_name_is_found_in_any_script() -> None:
    for name in ("한" * 252 + "각닭밟", "я" * 252 + "щйё", "日本語" * 85):
        assert search_key(name).endswith(search_key(name[-3:]))


@given(st.integers(0, 10**40), st.integers(0, 10**40))
def test_numbers_in_names_sort_by_value(one: int, other: int) -> None:
    assert (sort_key(f"n{one}") < sort_key(f"n{other}")) is (one < other)


@pytest.mark.parametrize("username", ["a", "alice", "Ольга", "o.k-_9", "9lives", "李", "a" * 64])
def test_letters_and_digits_of_any_script_are_valid_in_user_names(username: str) -> None:
    assert to_username(username) == username


@pytest.mark.parametrize(
    "username",
    ["", "..", ".", "a/b", "admin ", " admin", "-a", "_a", ".a", "a" * 65, "a b", "a\n", "a\0", "a:b", "😀",
     "a\u202eb", "\udcff", "ﷺ" * 64],
    ids=short,
)  # fmt: skip
def test_other_characters_are_invalid_in_user_names(username: str) -> None:
    with pytest.raises(InvalidUsername):
        to_username(username)


@pytest.mark.parametrize(
    ("one", "other"),
    [("admin", "ADMIN"), ("admin", "\uff41dmin"), ("strasse", "Straße"), ("ﬁsh", "fish"), ("Ёж", "ё\u0436")],
    ids=short,
)
def test_similar_user_names_share_a_key(one: str, other: str) -> None:
    assert username_key(one) == username_key(other)


@given(some_text)
def test_the_key_of_a_user_name_is_idempotent(username: str) -> None:
    key = username_key(username)

    assert username_key(key) == key
