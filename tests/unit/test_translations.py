"""The catalogs are complete, current and compiled. `python tests/support/catalog.py` updates them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from babel.messages.catalog import Catalog, Message
from flask import Flask
from flask_babel import ngettext

from tests.support.catalog import LANGUAGES, compiled, extract, load, po_file, texts

PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]")


@pytest.fixture(scope="module")
def source() -> Catalog:
    """Return a catalog of all texts in the source."""
    return extract()


@pytest.fixture(params=LANGUAGES)
def catalog(request: pytest.FixtureRequest) -> Catalog:
    """Return the catalog of each language in turn."""
    return load(request.param)


def forms(text: str | Iterable[str] | None) -> list[str]:
    """Return the one form of a text, or the several of a plural."""
    return [text] if isinstance(text, str) else list(text or [])


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def has_other_placeholders(message: Message) -> bool:
    wanted = placeholders(forms(message.id)[-1])
    return any(placeholders(form) != wanted for form in forms(message.string))


def test_the_catalog_has_exactly_the_texts_of_the_source(source: Catalog, catalog: Catalog) -> None:
    ours, theirs = ({str(message.id) for message in texts(each)} for each in (source, catalog))

    assert (ours - theirs, theirs - ours) == (set(), set())


def test_every_text_is_translated_and_none_is_fuzzy(catalog: Catalog) -> None:
    unfinished = [m.id for m in texts(catalog) if m.fuzzy or not m.string or not all(forms(m.string))]

    assert unfinished == []


def test_placeholders_match_the_source(catalog: Catalog) -> None:
    assert [message.id for message in texts(catalog) if has_other_placeholders(message)] == []


def test_plurals_have_all_forms_of_the_language(catalog: Catalog) -> None:
    plurals = [message for message in texts(catalog) if message.pluralizable]

    assert {len(forms(message.string)) for message in plurals} == {catalog.num_plurals}


def test_texts_end_like_their_originals(catalog: Catalog) -> None:
    def differs(message: Message) -> bool:
        ends = forms(message.id)[-1].endswith(".")
        return any(form.endswith(".") != ends for form in forms(message.string))

    assert [message.id for message in texts(catalog) if differs(message)] == []


def test_the_compiled_catalog_is_up_to_date() -> None:
    for language in LANGUAGES:
        assert po_file(language).with_suffix(".mo").read_bytes() == compiled(load(language))


@pytest.mark.parametrize(
    ("count", "russian"),
    [
        (1, "1 объект"),
        (2, "2 объекта"),
        (5, "5 объектов"),
        (11, "11 объектов"),
        (21, "21 объект"),
        (22, "22 объекта"),
    ],
)
def test_russian_plurals_are_correct(app: Flask, count: int, russian: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "ru"}):
        assert ngettext("%(count)s item", "%(count)s items", count, count=count) == russian


def test_russian_uses_its_own_quotation_marks() -> None:
    texts_in_russian = [form for message in texts(load("ru")) for form in forms(message.string)]

    assert [text for text in texts_in_russian if set(text) & set("“”„\"'")] == []
