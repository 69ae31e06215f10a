"""Which language an answer speaks, and errors and script texts in it."""

from __future__ import annotations

import pytest
from babel import Locale
from flask import Flask
from flask.testing import FlaskClient

from cabinet.errors import InvalidName, OffsetMismatch, TooLarge, UsernameTaken
from cabinet.services.tree.names import DOTS
from cabinet.web.i18n import choose_locale, language, translate_error
from cabinet.web.texts import PLURAL, SINGLE, script_texts
from tests.support.auth import AuthActions

pytestmark = pytest.mark.any_database

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
def test_the_browser_s_wishes_are_negotiated(app: Flask, accepted: str, expected: str) -> None:
    with app.test_request_context(headers={"Accept-Language": accepted}):
        assert choose_locale() == expected


@pytest.mark.parametrize(
    ("cookie", "expected"), [("ru", "ru"), ("en", "en"), ("xx", "en"), ("ru;DROP", "ru")]
)
def test_a_cookie_comes_before_the_browser_s_wishes(app: Flask, cookie: str, expected: str) -> None:
    with app.test_request_context(headers={"Cookie": f"language={cookie}", "Accept-Language": "en"}):
        assert choose_locale() == expected


def test_a_user_s_setting_comes_before_the_cookie(client: FlaskClient, auth: AuthActions) -> None:
    auth.become()
    client.post("/language", data={"language": "ru"})
    client.set_cookie("language", "en")

    page = client.get("/account", headers={**HTML, "Accept-Language": "en"})

    assert '<html lang="ru"' in page.text


def test_outside_of_a_request_everything_is_english(app: Flask) -> None:
    with app.app_context():
        assert (choose_locale(), language()) == ("en", "en")


@pytest.mark.parametrize("path", ["/", "/login", "/nothing-here"])
def test_a_page_says_what_its_language_depends_on(client: FlaskClient, path: str) -> None:
    assert {"Accept-Language", "Cookie"} <= set(client.get(path, headers=HTML).vary)


def test_an_error_is_told_in_the_language_with_its_reason(app: Flask) -> None:
    with app.test_request_context(headers=RUSSIAN):
        title, detail = translate_error(InvalidName(name="..", reason=DOTS))

    assert title == "Недопустимое имя"
    assert detail == "Недопустимое имя «..»: оно означает другую папку."


@pytest.mark.parametrize("name", ["Delete", "100%", "%(username)s", "%s"])
def test_what_the_user_called_things_is_never_translated_or_filled_in(app: Flask, name: str) -> None:
    with app.test_request_context(headers=RUSSIAN):
        _, detail = translate_error(UsernameTaken(username=name))

    assert detail == f"Имя пользователя «{name}» уже занято."


def test_an_error_of_the_framework_is_told_in_the_language_too(client: FlaskClient) -> None:
    page = client.delete("/login", headers={**HTML, **RUSSIAN})

    assert page.status_code == 405
    assert "Что-то пошло не так" in page.text
    assert "Method Not Allowed" not in page.text


def test_sizes_in_errors_are_told_as_people_say_them(app: Flask) -> None:
    with app.test_request_context():
        _, detail = translate_error(TooLarge(limit=1_000_000))

    assert detail == "Too large: the limit is 1 MB."
    # A program hears all the digits.
    assert str(TooLarge(limit=1_000_001)) == "Too large: the limit is 1000001 bytes."


def test_numbers_in_errors_are_grouped(app: Flask) -> None:
    with app.test_request_context():
        _, detail = translate_error(OffsetMismatch(expected=1_000_000, provided=0))

    assert "Expected offset 1,000,000, got 0" in detail


@pytest.mark.parametrize("code", ["en", "ru"])
def test_script_texts_have_every_plural_category_and_keep_their_placeholders(app: Flask, code: str) -> None:
    with app.test_request_context(headers={"Accept-Language": code}):
        texts = script_texts()

    assert set(texts) == set(SINGLE) | set(PLURAL)
    categories = {"other", *Locale(code).plural_form.tags}
    for key in PLURAL:
        forms = texts[key]
        assert not isinstance(forms, str)
        assert set(forms) == categories
        assert len({text.count("%(") for text in forms.values()}) == 1


def test_the_plurals_of_scripts_are_declined(app: Flask) -> None:
    with app.test_request_context(headers=RUSSIAN):
        forms = script_texts()["done"]

    assert not isinstance(forms, str)
    assert (forms["one"], forms["few"], forms["many"]) == (
        "%(count)s файл загружен",
        "%(count)s файла загружено",
        "%(count)s файлов загружено",
    )
