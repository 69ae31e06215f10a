"""One URL serves browsers and programs; errors are problem+json or a page, and some can be retried.

Rule: faults are injected below the services, where a database or a disk would cause them.
"""

from __future__ import annotations

import sqlite3

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from cabinet.errors import StorageFault, StorageFull, Unavailable
from cabinet.services.accounts.sessions import Sessions
from cabinet.services.changes.files import Files
from cabinet.services.tree.tree import Tree
from cabinet.storage.local.staging import LocalStaging
from tests.conftest import MakeApp
from tests.support.auth import basic
from tests.support.visitors import NAVIGATION, Browser, Program

ACCEPTED = {
    "*/*": False,
    "": False,
    "application/json": False,
    "application/json, text/html;q=0.9": False,
    "text/html": True,
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": True,
    "text/html;q=0.5, application/json;q=0.4": True,
    "image/png": False,
    "nonsense": False,
}


@pytest.mark.parametrize(("accept", "page"), ACCEPTED.items())
def test_a_client_that_prefers_html_gets_a_page(app: Flask, accept: str, page: bool) -> None:
    client = app.test_client()

    home = client.get("/", headers={"Accept": accept})
    missing = client.get("/nothing", headers={"Accept": accept})

    assert home.mimetype == ("text/html" if page else "application/json")
    assert missing.mimetype == ("text/html" if page else "application/problem+json")
    assert missing.status_code == 404
    assert "Accept-Language" in missing.headers["Vary"]


def test_the_root_url_describes_the_api_to_programs(app: Flask) -> None:
    told = app.test_client().get("/").get_json()

    assert told == {"name": "Cabinet", "version": told["version"], "registration": "open"}


def test_a_page_is_translated_and_json_is_not(app: Flask) -> None:
    client = app.test_client()
    russian = {"Accept-Language": "ru-RU,en;q=0.5"}

    assert '<html lang="ru"' in client.get("/nothing", headers={**NAVIGATION, **russian}).text
    assert client.get("/nothing", headers=russian).get_json()["title"] == "Not found"


def test_redirects_of_the_framework_are_unchanged(app: Flask) -> None:
    app.add_url_rule("/old/", "old", lambda: "here")

    response = app.test_client().get("/old")

    assert (response.status_code, response.headers["Location"]) == (308, "http://localhost/old/")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("method", ["TRACE", "PATCH", "PROPFIND", "FOO"])
def test_an_unknown_method_is_refused_with_the_allowed_ones(alice: Program, method: str) -> None:
    response = alice.request(method, "/files/f")

    assert response.status_code == 405
    assert {"GET", "HEAD", "PUT", "DELETE"} <= set(response.headers["Allow"].replace(" ", "").split(","))


def test_no_header_overrides_the_method_of_a_post(alice: Program) -> None:
    alice.put("/files/f", b"content")
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert alice.request("POST", "/files/f?_method=DELETE", {name: "DELETE"}).status_code == 405
    assert alice.get("/files/f").data == b"content"


@pytest.mark.parametrize("path", ["/files//", "/files//a", "/index/", "/login/", "/LOGIN", "/download"])
def test_a_nearly_matching_url_is_not_found_and_not_redirected(alice: Program, path: str) -> None:
    response = alice.get(path)

    assert response.status_code in {404, 422}, response.headers


LOCKED = sqlite3.OperationalError("database is locked")
LOCKED.sqlite_errorcode = sqlite3.SQLITE_BUSY

FAULTS = {
    "database locked": (OperationalError("SELECT secret", {}, LOCKED), 503, "unavailable", "1"),
    "busy": (Unavailable(retry_after=7), 503, "unavailable", "7"),
    "disk full": (StorageFull(), 507, "storage-full", None),
    "disk broken": (StorageFault(reason="Input/output error"), 503, "storage-fault", None),
    "bad SQL": (OperationalError("SELECT secret", {}, Exception("no such table")), 500, "error", None),
}


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize(("fault", "status", "slug", "retry_after"), FAULTS.values(), ids=FAULTS)
def test_a_database_error_is_identified_and_shows_no_sql(
    alice: Program, monkeypatch: pytest.MonkeyPatch, accept: str,
    fault: Exception, status: int, slug: str, retry_after: str | None,
) -> None:  # fmt: skip
    def fail(*_: object) -> None:
        raise fault

    alice.put("/files/f")
    monkeypatch.setattr(Files, "get", fail)

    response = alice.get("/files/f", {"Accept": accept})

    assert response.status_code == status
    assert response.headers.get("Retry-After") == retry_after
    assert "SELECT" not in response.text
    if accept == "application/json":
        assert response.get_json()["type"] == f"/problems/{slug}"
    monkeypatch.undo()
    assert alice.get("/files/f").status_code == 200


@pytest.mark.parametrize(
    "fault", [FAULTS["database locked"][0], FAULTS["bad SQL"][0]], ids=["locked", "bad SQL"]
)
def test_an_error_while_loading_the_user_still_renders_a_page(
    browser: Browser, alice: Program, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def fail(*_: object) -> None:
        raise fault

    browser.sign_in("alice")
    monkeypatch.setattr(Sessions, "find", fail)

    page = browser.get("/index")
    assert page.status_code == (503 if fault is FAULTS["database locked"][0] else 500)
    assert page.mimetype == "text/html"
    assert browser.get("/login").status_code == 200
    script = browser.client.get("/files", headers={"Accept": "application/json"})
    assert script.content_type == "application/problem+json"


@pytest.mark.parametrize("fault", [StorageFull(), StorageFault(reason="Input/output error")], ids=str)
def test_an_upload_that_fails_on_the_disk_keeps_the_old_content(
    app: Flask, alice: Program, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def fail(*_: object) -> None:
        raise fault

    alice.put("/files/f", b"old")
    monkeypatch.setattr(LocalStaging, "finish", fail)
    assert alice.put("/files/f", b"new").status_code in {503, 507}
    assert alice.upload([("f", b"new")]).status_code in {503, 507}
    monkeypatch.undo()

    assert alice.get("/files/f").data == b"old"
    assert list(app.extensions["cabinet"].store.iter_staged()) == []


def test_a_name_taken_concurrently_asks_to_retry(alice: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    alice.put("/files/f", b"old")
    find_rows = Tree.find_rows
    monkeypatch.setattr(
        Tree,
        "find_rows",
        lambda self, paths: {names: row for names, row in find_rows(self, paths).items() if not names},
    )

    response = alice.put("/files/f", b"new")

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    monkeypatch.undo()
    assert alice.get("/files/f").data == b"old"


def test_wrong_basic_credentials_on_a_public_page_cause_no_error(make_app: MakeApp) -> None:
    client = make_app().test_client()

    assert client.get("/nothing", headers={**NAVIGATION, **basic("x", "y")}).status_code == 404
