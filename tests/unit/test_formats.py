"""Formatting of sizes, times, names and user agents, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone

import pytest
from babel.numbers import format_decimal
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from cabinet.web.formats import (
    KIND_OF_SUFFIX,
    TAIL_LENGTH,
    day,
    exact_size,
    file_kind,
    filesize,
    moment,
    name_parts,
    number,
    program,
)
from cabinet.web.i18n import SUPPORTED


@contextmanager
def language(app: Flask, code: str) -> Iterator[None]:
    with app.test_request_context(headers={"Accept-Language": code}):
        yield


@pytest.mark.parametrize(
    ("size", "english", "russian"),
    [
        (0, "0 bytes", "0 байт"),
        (999, "999 bytes", "999 байт"),
        (1000, "1 kB", "1 кБ"),
        (1049, "1 kB", "1 кБ"),
        (1050, "1.1 kB", "1,1 кБ"),
        (9949, "9.9 kB", "9,9 кБ"),
        (9950, "10 kB", "10 кБ"),
        (999_499, "999 kB", "999 кБ"),
        (999_500, "1 MB", "1 МБ"),
        (5_368_709_120, "5.4 GB", "5,4 ГБ"),
        (1 << 40, "1.1 TB", "1,1 ТБ"),
        (10**15, "1 PB", "1 ПБ"),
        (10**18, "1 EB", "1 ЭБ"),
        (1234 * 10**18, "1,234 EB", "1\N{NO-BREAK SPACE}234 ЭБ"),
    ],
)
def test_a_size_has_at_most_three_digits_and_localized_units(
    app: Flask, size: int, english: str, russian: str
) -> None:
    with language(app, "en"):
        assert filesize(size) == english
    with language(app, "ru"):
        assert filesize(size) == russian


@pytest.mark.parametrize(
    ("size", "russian"),
    [(1, "1 байт"), (2, "2 байта"), (5, "5 байт"), (11, "11 байт"), (21, "21 байт"), (22, "22 байта")],
)
def test_exact_sizes_use_plural_forms(app: Flask, size: int, russian: str) -> None:
    with language(app, "ru"):
        assert exact_size(size) == russian


def test_digits_are_grouped_by_the_rules_of_the_language(app: Flask) -> None:
    with language(app, "en"):
        assert (exact_size(1_234_567), number(1_234_567)) == ("1,234,567 bytes", "1,234,567")
    with language(app, "ru"):
        assert number(1_234_567).split() == ["1", "234", "567"]


@pytest.mark.parametrize("code", SUPPORTED)
def test_numbers_match_the_cldr_tables(app: Flask, code: str) -> None:
    with language(app, code):
        for value in (0, 7, 999, 1000, 9999, 10_000, 123_456, 1_234_567, 10**12):
            assert number(value) == format_decimal(value, locale=code)


def test_a_time_is_a_utc_time_element(app: Flask) -> None:
    seen = datetime(2026, 3, 4, 1, 5, 59, tzinfo=timezone(timedelta(hours=3)))

    with language(app, "ru"):
        shown = moment(seen)

    assert shown.startswith('<time datetime="2026-03-03T22:05:59Z" data-shape="moment">3 мар')
    assert shown.endswith("22:05 UTC</time>")


def test_a_day_is_a_time_element_without_a_clock_time(app: Flask) -> None:
    with language(app, "en"):
        shown = day(datetime(2026, 3, 4, 23, 59, tzinfo=UTC))

    assert shown == '<time datetime="2026-03-04T23:59:00Z" data-shape="day">Mar 4, 2026</time>'


@given(st.text(min_size=1, max_size=300))
@example("a name that is longer than most names are.pdf")
def test_the_parts_of_a_shortened_name_keep_its_end(name: str) -> None:
    parts = name_parts(name)

    assert parts.stem + parts.tail == name
    assert len(parts.tail) == len(name) or len(parts.tail) == TAIL_LENGTH


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Photo.JPG", "image"),
        ("backup.tar.gz", "archive"),
        ("Отчёт.docx", "text"),
        (".gitignore", ""),
        ("README", ""),
        ("data.unheard-of", ""),
    ],
)
def test_the_suffix_determines_the_type(name: str, kind: str) -> None:
    assert file_kind(name) == kind


def test_each_suffix_has_one_type() -> None:
    from cabinet.web.formats import KINDS

    assert len(KIND_OF_SUFFIX) == sum(len(suffixes.split()) for suffixes in KINDS.values())


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36", "Chrome · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 Edg/156.0", "Edge · Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 YaBrowser/26.1 Safari/537.36", "Yandex Browser · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) Gecko/150.0 Firefox/150.0", "Firefox · Android"),
        ("curl/8.14.1", "curl"),
        ("something <else>", "something <else>"),
        ("", "Unknown program"),
    ],
)  # fmt: skip
def test_a_user_agent_has_a_display_name(app: Flask, user_agent: str, name: str) -> None:
    with language(app, "en"):
        assert program(user_agent) == name
