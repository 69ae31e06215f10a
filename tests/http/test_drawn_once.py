"""Parts of pages that are drawn once: in each language, below each path, and of nobody."""

from __future__ import annotations

import re
from http import HTTPStatus

from flask import Flask

from tests.conftest import MakeApp
from tests.support.visitors import Browser, Program

DIALOG = 'id="keys-title">'
USERNAME = r'id="signin-username"[^>]*value="(\w+)"'


def page_of(window: Browser, path: str = "/index", **options: str) -> str:
    shown = window.get(path, headers=options)
    assert shown.status_code == HTTPStatus.OK
    return shown.text


def test_each_language_has_its_own(window: Browser) -> None:
    for _ in range(2):
        english = page_of(window, **{"Accept-Language": "en"})
        russian = page_of(window, **{"Accept-Language": "ru"})

        assert f"{DIALOG}Keyboard shortcuts" in english
        assert f"{DIALOG}Горячие клавиши" in russian


def test_below_the_path_of_a_proxy_so_are_their_addresses(make_app: MakeApp) -> None:
    app = make_app(PROXY_HOPS=1)
    Program(app, "alice")
    window = Browser(app)
    window.sign_in("alice")

    plain = page_of(window)
    below = page_of(window, **{"X-Forwarded-Prefix": "/drive"})

    assert plain.count('href="/static/') == below.count('href="/drive/static/') > 50
    assert 'href="/static/' not in below


def test_they_tell_nobody_of_anybody(app: Flask, window: Browser, alice: Program, bob: Program) -> None:
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
