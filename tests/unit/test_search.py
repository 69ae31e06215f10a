"""Search by name: matching and scope."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from cabinet.errors import InvalidField, NotAFolder, NotFound
from cabinet.services.accounts.account import Account
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.names import search_key
from tests.support.searching import found, store
from tests.support.services import Workbench


@pytest.mark.database
@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("report", "Annual REPORT (2).pdf"),
        ("ОТЧЁТ", "годовой отчет.docx"),
        ("отчет", "Отчёт №5.pdf"),
        ("№5.", "Отчёт №5.pdf"),
        ("naive", "Naïve.txt"),
        ("strasse", "Straße.md"),
        ("йога", "ЙОГА.mp4"),
        ("日本語", "日本語の本.txt"),
        ("😀.t", "a😀.txt"),
        ('a"b', 'x a"b y'),
        ("100%", "100% sure"),
        ("a_b", "A_B"),
        ("x/y", None),
        (" padded ", "padded"),
        ("и\u0306ог", "йогурт"),
        ("a' OR '1", "a' or '1"),
        ("* NOT", "* not"),
    ],
)
def test_case_and_accents_are_ignored_and_no_character_is_special(
    session: Session, bench: Workbench, alice: Account, query: str, name: str | None
) -> None:
    store(session, bench, alice, "d/something else", "d/another", *([f"d/{name}"] if name else []))

    assert found(session, bench, alice, query) == ([f"d/{name}"] if name else [])


def test_wildcards_are_literal(session: Session, bench: Workbench, alice: Account) -> None:
    store(session, bench, alice, "abc", "axc", "a%c", "a_c", "a*c")

    for query in ("a%c", "a_c", "a*c"):
        assert found(session, bench, alice, query) == [query]


def test_short_i_is_a_separate_letter(session: Session, bench: Workbench, alice: Account) -> None:
    store(session, bench, alice, "чайка", "чаика")

    assert found(session, bench, alice, "чай") == ["чайка"]


def test_one_and_two_letters_are_found_anywhere_in_a_name(
    session: Session, bench: Workbench, alice: Account
) -> None:
    store(session, bench, alice, "Plan Q3", "2026-07.txt", "ЖК Заря", "年报告书", "a\U0001f600b", "d/x")
    store(session, bench, alice, "q", "3", "0 7", "К и Ж", "告报", "\U0001f600")

    assert found(session, bench, alice, "Q3") == ["Plan Q3"]
    assert found(session, bench, alice, "07") == ["2026-07.txt"]
    assert found(session, bench, alice, "жк") == ["ЖК Заря"]
    assert found(session, bench, alice, "报告") == ["年报告书"]
    assert found(session, bench, alice, "\U0001f600b") == ["a\U0001f600b"]
    assert found(session, bench, alice, "告") == ["告报", "年报告书"]
    assert found(session, bench, alice, "x") == ["d/x", "2026-07.txt"]
    assert found(session, bench, alice, "к", limit=1) == ["К и Ж", "ЖК Заря"]
    assert found(session, bench, alice, "\U0001f600") == ["\U0001f600", "a\U0001f600b"]
    assert found(session, bench, alice, "ъ") == found(session, bench, alice, "ъъ") == []


@pytest.mark.database
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("Q3 report", ["report q3", "Q3-Report", "reportq3"]),
        ("REPORT  q3", ["report q3", "Q3-Report", "reportq3"]),
        ("3 q", ["report q3", "q 3", "Q3-Report", "reportq3"]),
        ("q3 q3", ["report q3", "Q3-Report", "reportq3"]),
        ("port rep", ["report q3", "report 3", "Q3-Report", "reportq3"]),
        # A word is found in one piece, and a space joins nothing.
        ("tq", ["reportq3"]),
        ("trop er", []),
        ("t\u00a0q3", ["report q3", "Q3-Report", "reportq3"]),
        ("report q3 missing", []),
        ("q3 x/y", []),
        ("q3 \0", []),
    ],
)
def test_all_words_are_required_in_any_order(
    session: Session, bench: Workbench, alice: Account, query: str, names: list[str]
) -> None:
    store(session, bench, alice, "reportq3", "Q3-Report", "q 3", "report 3", "repo rt", "report q3")

    assert found(session, bench, alice, query) == names


def test_words_and_letters_beyond_the_index_limit_are_compared(
    session: Session, bench: Workbench, alice: Account
) -> None:
    words = [f"{chr(0x430 + number)}{number}" for number in range(32)]
    words_of_all = " ".join(words)
    store(session, bench, alice, words_of_all, " ".join(words[:-1]), "я" * 200 + "ю", "я" * 200)

    assert found(session, bench, alice, " ".join(reversed(words))) == [words_of_all]
    assert found(session, bench, alice, "я" * 100 + "ю") == ["я" * 200 + "ю"]
    assert found(session, bench, alice, " ".join(reversed("абвгдежзийклмнопрстуфхцчшщъыьэюя"))) == [
        words_of_all
    ]
    assert found(session, bench, alice, " ".join(map(chr, range(0x430, 0x830)))) == []


@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exactly_the_names_with_all_words_are_found(bench: Workbench, data: st.DataObject) -> None:
    """Names and words of a few letters, so that the grams of many are alike."""
    text = st.text("ab1Яё報\U0001f600-% ", min_size=1, max_size=8).map(str.strip).filter(bool)
    names = data.draw(st.lists(text, unique_by=search_key, min_size=1, max_size=8))
    with bench.session() as session:
        account = bench.register(session)
        store(session, bench, account, *names)
        for query in data.draw(st.lists(text, min_size=1, max_size=8)):
            wanted = [
                name
                for name in reversed(names)
                if all(word in search_key(name) for word in search_key(query).split())
            ]
            assert found(session, bench, account, query, limit=3) == wanted


def test_only_entries_below_the_folder_are_found(session: Session, bench: Workbench, alice: Account) -> None:
    store(session, bench, alice, "a/file 1", "a/b/file 2", "ab/file 3", "file 4")

    assert found(session, bench, alice, "file", "a") == ["a/b/file 2", "a/file 1"]
    assert found(session, bench, alice, "fi", "a") == ["a/b/file 2", "a/file 1"]
    assert found(session, bench, alice, "file", "a/b") == ["a/b/file 2"]
    with pytest.raises(NotFound):
        found(session, bench, alice, "file", "nowhere")
    with pytest.raises(NotAFolder):
        found(session, bench, alice, "file", "file 4")


def test_folders_are_found_except_the_searched_one(
    session: Session, bench: Workbench, alice: Account
) -> None:
    bench.files(session, alice).make_folder("papers/old papers")

    assert found(session, bench, alice, "papers") == ["papers/old papers", "papers"]
    assert found(session, bench, alice, "papers", "papers") == ["papers/old papers"]


def test_a_trashed_folder_hides_its_content_until_restored(
    session: Session, bench: Workbench, alice: Account
) -> None:
    store(session, bench, alice, "a/b/c/file", "file too")
    files = bench.files(session, alice)

    files.trash("a/b")
    assert found(session, bench, alice, "file") == ["file too"]
    assert found(session, bench, alice, "fi") == ["file too"]
    files.trash("file too")
    assert found(session, bench, alice, "file") == []

    for trashed in bench.trash(session, alice).list_page(10).entries:
        bench.trash(session, alice).restore(trashed.id)
    assert found(session, bench, alice, "file") == ["file too", "a/b/c/file"]


def test_moves_copies_renames_and_deletions_update_the_results(
    session: Session, bench: Workbench, alice: Account
) -> None:
    store(session, bench, alice, "a/b/file", "other")
    moving = bench.moving(session, alice)

    moving.move(["a"], "z", OnConflict.FAIL)
    moving.copy(["z/b"], "copy", OnConflict.FAIL)
    moving.move(["other"], "a third file", OnConflict.FAIL)

    assert sorted(found(session, bench, alice, "file")) == ["a third file", "copy/file", "z/b/file"]
    assert found(session, bench, alice, "other") == []
    bench.files(session, alice).purge("z")
    assert sorted(found(session, bench, alice, "file")) == ["a third file", "copy/file"]


def test_entries_of_other_users_are_not_found(session: Session, bench: Workbench, alice: Account) -> None:
    bob = bench.register(session, "bob")
    store(session, bench, bob, "secret file", "se")

    assert found(session, bench, alice, "secret") == []
    assert found(session, bench, alice, "se") == []
    assert found(session, bench, bob, "secret") == ["secret file"]


@pytest.mark.parametrize("query", ["", "   ", "\u0301"])
def test_an_empty_query_is_refused(session: Session, bench: Workbench, alice: Account, query: str) -> None:
    with pytest.raises(InvalidField):
        found(session, bench, alice, query)


def test_a_query_longer_than_any_name_finds_nothing(
    session: Session, bench: Workbench, alice: Account
) -> None:
    store(session, bench, alice, "x" * 200)

    assert found(session, bench, alice, "x" * 5000) == []
    assert found(session, bench, alice, "x" * 199) == ["x" * 200]
