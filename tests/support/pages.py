"""Forms of pages as a browser posts them, and the resulting pages.

Rule: an unexpected response is shown, never ignored.
"""

from __future__ import annotations

from html import unescape
from typing import Any

from werkzeug.test import TestResponse

from tests.support.visitors import Browser, Program


def submit(window: Browser, action: str, /, **fields: Any) -> TestResponse:
    """Post a form of a page as a signed-in user; a list is a repeated field."""
    return window.post(action, fields, "/trash")


def said(window: Browser, answer: TestResponse) -> str:
    """Return the page that an accepted form redirects to."""
    assert answer.status_code == 303, answer.text
    return unescape(window.get(answer.headers["Location"]).text)


def refused(answer: TestResponse, status: int) -> str:
    """Return the page that explains a refused form."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "text/html"
    return unescape(answer.text)


def trashed(person: Program) -> list[dict[str, Any]]:
    """Return the trash of a user in the API."""
    found: list[dict[str, Any]] = person.get("/trash").get_json()["entries"]
    return found


def submit_and_id(window: Browser, alice: Program, path: str, back: str) -> str:
    """Delete an entry by a form, and return its id in the trash."""
    answer = submit(window, "/index/delete", path=path, next=back)
    assert answer.headers["Location"].startswith("/index")
    found: str = trashed(alice)[0]["id"]
    return found
