"""Highlighting of matches in names."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cabinet.services.tree.names import search_key, search_words
from cabinet.web.listing.highlight import Marker

NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=12
)


def shown(name: str, query: str) -> str:
    return str(Marker(query).mark(name)[0])


@pytest.mark.parametrize(
    ("name", "query", "marked"),
    [
        ("Annual REPORT.pdf", "report", "Annual <mark>REPORT</mark>.pdf"),
        ("Отчёт №5.pdf", "ОТЧЕТ", "<mark>Отчёт</mark> №5.pdf"),
        ("report and report", " report ", "<mark>report</mark> and <mark>report</mark>"),
        ("Straße.md", "strasse", "<mark>Straße</mark>.md"),
        # A mark never begins or ends within a letter.
        ("Straße.md", "tras", "S<mark>traß</mark>e.md"),
        ("Straße.md", "ße.", "Stra<mark>ße.</mark>md"),
        ("ﬁle.txt", "ile", "<mark>ﬁle</mark>.txt"),
        ("Q\u0303q\u0303 tilde", "qqx", "Q\u0303q\u0303 tilde"),
        ("aq\u0303\u0323b", "aqb", "<mark>aq\u0303\u0323b</mark>"),
        ("Zażółć.txt", "zazo", "<mark>Zażó</mark>łć.txt"),
        ("ЙОГА й и\u0306", "йог", "<mark>ЙОГ</mark>А й и\u0306"),
        ("İstanbul", "ista", "<mark>İsta</mark>nbul"),
        ("日本語の本", "本語の", "日<mark>本語の</mark>本"),
        ("Notes on no", "no", "<mark>No</mark>tes on <mark>no</mark>"),
        ("Notes", "ot", "N<mark>ot</mark>es"),
        ("Q3 report.pdf", "report q3", "<mark>Q3</mark> <mark>report</mark>.pdf"),
        ("report", "port repo or", "<mark>report</mark>"),
        ("abcd", "bc abcd a", "<mark>abcd</mark>"),
        ("ab", "a b", "<mark>ab</mark>"),
        ("<b>&amp;</b>", "&amp;", "&lt;b&gt;<mark>&amp;amp;</mark>&lt;/b&gt;"),
        ("notes", "", "notes"),
        ("notes", "\u0301", "notes"),
        ("a.b*c", ".b*", "a<mark>.b*</mark>c"),
    ],
)  # fmt: skip
def test_matches_are_highlighted(name: str, query: str, marked: str) -> None:
    assert shown(unicodedata.normalize("NFC", name), query) == unicodedata.normalize("NFC", marked)


def test_a_shortened_name_is_highlighted_in_both_parts() -> None:
    assert Marker("minutes").mark("the minutes", 6) == ["the <mark>mi</mark>", "<mark>nutes</mark>"]
    assert Marker("the").mark("the minutes", 6) == ["<mark>the</mark> mi", "nutes"]


@given(NAMES, st.integers(0, 11))
@example("ｶﾞｷﾞｸﾞ", 1)
def test_every_search_result_has_highlights_that_contain_the_match(name: str, start: int) -> None:
    name = unicodedata.normalize("NFC", name)
    query = name[start : start + 4]
    words = search_words(query)
    if not all(word in search_key(name) for word in words):
        return

    spans = Marker(query).spans(name)

    for word in words:
        assert any(word in search_key(name[begin:end]) for begin, end in spans)
    assert all(one[1] < other[0] for one, other in pairwise(spans))
    assert unescape(re.sub("</?mark>", "", shown(name, query))) == name
