"""Forms of pages as a browser posts them, and what the pages say afterwards.

Rule: an answer that the test did not ask for is shown, never passed over.
"""

from __future__ import annotations

from html import unescape
from typing import Any

from werkzeug.test import TestResponse

from tests.support.visitors import Browser, Program


def submit(window: Browser, action: str, /, **fields: Any) -> TestResponse:
    """Post a form of the page of somebody who is signed in; a list is a field that comes several times."""
    return window.post(action, fields, "/trash")


def said(window: Browser, answer: TestResponse) -> str:
    """Return the page that an accepted form leads to."""
    assert answer.status_code == 303, answer.text
    return unescape(window.get(answer.headers["Location"]).text)


def refused(answer: TestResponse, status: int) -> str:
    """Return the page that tells why a form was not accepted."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "text/html"
    return unescape(answer.text)


def trashed(person: Program) -> list[dict[str, Any]]:
    """Return what is in the trash of somebody, as programs see it."""
    found: list[dict[str, Any]] = person.get("/trash").get_json()["entries"]
    return found


def submit_and_id(window: Browser, alice: Program, path: str, back: str) -> str:
    """Delete something by a form, and return by which id it lies in the trash."""
    answer = submit(window, "/index/delete", path=path, next=back)
    assert answer.headers["Location"].startswith("/index")
    found: str = trashed(alice)[0]["id"]
    return found
