"""The language of a response, and translated errors and script texts."""

from __future__ import annotations

import pytest
from babel import Locale
from flask import Flask
from flask.testing import FlaskClient

from cabinet.errors import InvalidName, OffsetMismatch, QuotaExceeded, TooLarge, UsernameTaken
from cabinet.services.tree.names import DOTS
from cabinet.web.i18n import choose_locale, language, translate_error
from cabinet.web.texts import PLURAL, SINGLE, script_texts
from tests.support.auth import AuthActions

HTML = {"Accept": "text/html"}
RUSSIAN = {"Accept-Language": "ru-RU,ru;q=0.9"}


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("ru-RU,en;q=0.5", "ru"),
        ("ru", "ru"),
        ("en-GB,ru;q=0.9", "en"),
        ("de-DE,ru;q=0.8,en;q=0.3", "ru"),
        ("de,fr;q=0.8", "en"),
        ("en;q=0,ru;q=0.1", "ru"),
        ("*", "en"),
        ("", "en"),
        (";;;q=,,-,x;q=y", "en"),
    ],
)
def test_accept_language_is_negotiated(app: Flask, accepted: str, expected: str) -> None:
    with app.test_request_context(headers={"Accept-Language": accepted}):
        assert choose_locale() == expected


@pytest.mark.parametrize(
    ("cookie", "expected"), [("ru", "ru"), ("en", "en"), ("xx", "en"), ("ru;DROP", "ru")]
)
def test_a_cookie_overrides_accept_language(app: Flask, cookie: str, expected: str) -> None:
    with app.test_request_context(headers={"Cookie": f"language={cookie}", "Accept-Language": "en"}):
        assert choose_locale() == expected


def test_a_user_setting_overrides_the_cookie(client: FlaskClient, auth: AuthActions) -> None:
    auth.become()
    client.post("/language", data={"language": "ru"})
    client.set_cookie("language", "en")

    page = client.get("/account", headers={**HTML, "Accept-Language": "en"})

    assert '<html lang="ru"' in page.text


def test_outside_of_a_request_the_language_is_english(app: Flask) -> None:
    with app.app_context():
        assert (choose_locale(), language()) == ("en", "en")


@pytest.mark.parametrize("path", ["/", "/login", "/nothing-here"])
def test_a_page_varies_by_what_determines_its_language(client: FlaskClient, path: str) -> None:
    assert {"Accept-Language", "Cookie"} <= set(client.get(path, headers=HTML).vary)


def test_an_error_is_translated_with_its_reason(app: Flask) -> None:
    with app.test_request_context(headers=RUSSIAN):
        title, detail = translate_error(InvalidName(name="..", reason=DOTS))

    assert title == "Недопустимое имя"
    assert detail == "Недопустимое имя «..»: оно зарезервировано для другой папки."


@pytest.mark.parametrize("name", ["Delete", "100%", "%(username)s", "%s"])
def test_user_data_is_never_translated_or_interpolated(app: Flask, name: str) -> None:
    with app.test_request_context(headers=RUSSIAN):
        _, detail = translate_error(UsernameTaken(username=name))

    assert detail == f"Имя пользователя «{name}» уже занято."


def test_framework_errors_are_translated_too(client: FlaskClient) -> None:
    page = client.delete("/login", headers={**HTML, **RUSSIAN})

    assert page.status_code == 405
    assert "Что-то пошло не так" in page.text
    assert "Method Not Allowed" not in page.text


def test_sizes_in_errors_are_formatted(app: Flask) -> None:
    with app.test_request_context():
        _, detail = translate_error(TooLarge(limit=1_000_000))

    assert detail == "Too large: the limit is 1 MB."
    # Programs get all digits.
    assert str(TooLarge(limit=1_000_001)) == "Too large: the limit is 1000001 bytes."


def test_sizes_that_would_look_alike_are_exact(app: Flask) -> None:
    with app.test_request_context():
        _, alike = translate_error(QuotaExceeded(needed=1_040_000, free=1_010_000))
        _, apart = translate_error(QuotaExceeded(needed=2_040_000, free=1_010_000))

    assert "needs 1,040,000 bytes, 1,010,000 bytes free" in alike
    assert "needs 2 MB, 1 MB free" in apart


def test_unknown_sizes_are_left_out(app: Flask) -> None:
    with app.test_request_context():
        _, detail = translate_error(QuotaExceeded())

    assert detail == "Not enough space. Empty the trash or delete old versions."


def test_numbers_in_errors_are_grouped(app: Flask) -> None:
    with app.test_request_context():
        _, detail = translate_error(OffsetMismatch(expected=1_000_000, provided=0))

    assert "Expected offset 1,000,000, got 0" in detail


@pytest.mark.parametrize("code", ["en", "ru"])
def test_script_texts_have_every_plural_form_and_all_placeholders(app: Flask, code: str) -> None:
    with app.test_request_context(headers={"Accept-Language": code}):
        texts = script_texts()

    assert set(texts) == set(SINGLE) | set(PLURAL)
    categories = {"other", *Locale(code).plural_form.tags}
    for key in PLURAL:
        forms = texts[key]
        assert not isinstance(forms, str)
        assert set(forms) == categories
        assert len({text.count("%(") for text in forms.values()}) == 1


def test_script_plurals_are_correct(app: Flask) -> None:
    with app.test_request_context(headers=RUSSIAN):
        forms = script_texts()["done"]

    assert not isinstance(forms, str)
    assert (forms["one"], forms["few"], forms["many"]) == (
        "%(count)s файл загружен",
        "%(count)s файла загружено",
        "%(count)s файлов загружено",
    )
