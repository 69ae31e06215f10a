"""Cached fragments of pages: per language and path prefix, without user data."""

from __future__ import annotations

import re
from http import HTTPStatus

from flask import Flask

from tests.conftest import MakeApp
from tests.support.visitors import Browser, Program
from tests.support.wording import RUSSIAN

DIALOG = 'id="keys-title">'
USERNAME = r'id="signin-username"[^>]*value="(\w+)"'


def page_of(window: Browser, path: str = "/index", **options: str) -> str:
    shown = window.get(path, headers=options)
    assert shown.status_code == HTTPStatus.OK
    return shown.text


def test_cached_fragments_exist_per_language(window: Browser) -> None:
    for _ in range(2):
        english = page_of(window, **{"Accept-Language": "en"})
        russian = page_of(window, **{"Accept-Language": "ru"})

        titles = [text.partition(DIALOG)[2].partition("<")[0] for text in (english, russian)]
        assert titles[0].isascii()
        assert RUSSIAN.search(titles[1])


def test_cached_fragments_use_the_path_prefix_of_the_proxy(make_app: MakeApp) -> None:
    app = make_app(PROXY_HOPS=1)
    Program(app, "alice")
    window = Browser(app)
    window.sign_in("alice")

    plain = page_of(window)
    below = page_of(window, **{"X-Forwarded-Prefix": "/drive"})

    assert plain.count('href="/static/') == below.count('href="/drive/static/') > 50
    assert 'href="/static/' not in below


def test_cached_fragments_contain_no_user_data(
    app: Flask, window: Browser, alice: Program, bob: Program
) -> None:
    alice.put("/files/hers/secret.txt")
    hers = page_of(window, "/index?path=hers")
    other = Browser(app)
    other.sign_in("bob")

    his = page_of(other)

    assert "hers" in hers
    assert "alice" in hers
    assert re.findall(USERNAME, his) == ["bob"]
    assert "hers" not in his
    assert "alice" not in his
