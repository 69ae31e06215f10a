"""The help pages: HTML for browsers, Markdown for programs, for all users alike."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from cabinet.help.documents import GROUPS, INDEX
from tests.conftest import MakeApp
from tests.support.visitors import Browser, Program, is_problem

NAMES = [INDEX, *(name for _, names in GROUPS for name in names)]
PAGE = {"Accept": "text/html"}
MARKDOWN = "text/markdown; charset=utf-8"


def test_a_browser_gets_help_pages_without_signing_in(browser: Browser) -> None:
    page = browser.get("/help/install")

    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "<h1>Install</h1>" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "ETag" not in page.headers


@pytest.mark.parametrize("name", NAMES)
def test_every_help_page_is_served_in_each_language(browser: Browser, name: str) -> None:
    for language in ("en", "ru"):
        page = browser.get(f"/help/{name}", headers={**PAGE, "Accept-Language": language})

        assert page.status_code == 200
        assert page.text.count("<h1") == 1
        assert page.text.count('aria-current="page"') == 2


def test_a_program_gets_markdown(app: Flask) -> None:
    answer = app.test_client().get("/help/install")

    assert answer.content_type == MARKDOWN
    assert answer.headers["Content-Language"] == "en"
    assert answer.text.startswith("# Install\n")
    assert {"Accept", "Accept-Language", "Cookie"} <= set(answer.vary)


def test_the_md_suffix_serves_markdown_to_a_browser_too(browser: Browser) -> None:
    answer = browser.get("/help/install.ru.md")

    assert answer.content_type == MARKDOWN
    assert answer.headers["Content-Language"] == "ru"


def test_markdown_has_an_etag(app: Flask) -> None:
    client = app.test_client()
    tag = client.get("/help/install").headers["ETag"]
    again = client.get("/help/install", headers={"If-None-Match": tag})
    russian = client.get("/help/install", headers={"If-None-Match": tag, "Accept-Language": "ru"})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == "private, no-cache"
    assert russian.status_code == 200


def test_an_untranslated_page_says_that_it_is_in_english(browser: Browser) -> None:
    page = browser.get("/help/architecture", headers={**PAGE, "Accept-Language": "ru"})

    assert '<html lang="ru"' in page.text
    assert '<article class="help-text" lang="en">' in page.text


def test_links_include_the_path_prefix_of_a_proxy(make_app: MakeApp) -> None:
    headers = {**PAGE, "X-Forwarded-Prefix": "/cabinet"}
    page = make_app(PROXY_HOPS=1).test_client().get("/help/install", headers=headers)

    assert 'href="/cabinet/help/reverse-proxy"' in page.text
    assert '.md"' not in page.text
    assert re.findall(r'href="(?!/cabinet/|#|http)[^"]*"', page.text) == []


@pytest.mark.parametrize(
    "name",
    ["nothing", "nothing.md", "..", "documents.py", "install.de.md", ".md", "install.ru", "%2e%2e%2fapp.py"],
)
def test_an_unknown_document_is_not_found(app: Flask, name: str) -> None:
    assert is_problem(app.test_client().get(f"/help/{name}"), 404, "not-found")


@pytest.mark.parametrize("path", ["/", "/login", "/nothing", "/help"])
def test_a_visitor_has_a_link_to_help(browser: Browser, path: str) -> None:
    assert 'href="/help"' in browser.get(path, headers=PAGE).text


@pytest.mark.parametrize("path", ["/index", "/trash", "/account", "/nothing"])
def test_a_user_has_a_link_to_help(window: Browser, path: str) -> None:
    assert 'href="/help"' in window.get(path, headers=PAGE).text


def test_help_works_for_signed_in_users(window: Browser, alice: Program) -> None:
    assert 'class="rail"' in window.get("/help/browser").text
    assert alice.get("/help/browser").content_type == MARKDOWN
