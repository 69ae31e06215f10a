"""One URL serves people and programs; errors are problem+json or a page, and some can be tried again.

Rule: faults are made below the services, where a database or a disk would make them.
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

pytestmark = pytest.mark.any_database

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
def test_who_prefers_a_page_gets_one(app: Flask, accept: str, page: bool) -> None:
    client = app.test_client()

    home = client.get("/", headers={"Accept": accept})
    missing = client.get("/nothing", headers={"Accept": accept})

    assert home.mimetype == ("text/html" if page else "application/json")
    assert missing.mimetype == ("text/html" if page else "application/problem+json")
    assert missing.status_code == 404
    assert "Accept-Language" in missing.headers["Vary"]


def test_home_tells_a_program_what_this_is(app: Flask) -> None:
    told = app.test_client().get("/").get_json()

    assert told == {"name": "Cabinet", "version": told["version"], "registration": "open"}


def test_a_page_is_in_the_language_of_its_reader_and_json_is_not(app: Flask) -> None:
    client = app.test_client()
    russian = {"Accept-Language": "ru-RU,en;q=0.5"}

    assert '<html lang="ru"' in client.get("/nothing", headers={**NAVIGATION, **russian}).text
    assert client.get("/nothing", headers=russian).get_json()["title"] == "Not found"


def test_a_redirect_of_the_framework_stays_one(app: Flask) -> None:
    app.add_url_rule("/old/", "old", lambda: "here")

    response = app.test_client().get("/old")

    assert (response.status_code, response.headers["Location"]) == (308, "http://localhost/old/")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("method", ["TRACE", "PATCH", "PROPFIND", "FOO"])
def test_a_method_that_nobody_knows_is_refused_with_those_that_are(alice: Program, method: str) -> None:
    response = alice.request(method, "/files/f")

    assert response.status_code == 405
    assert {"GET", "HEAD", "PUT", "DELETE"} <= set(response.headers["Allow"].replace(" ", "").split(","))


def test_no_header_makes_another_method_of_a_post(alice: Program) -> None:
    alice.put("/files/f", b"content")
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert alice.request("POST", "/files/f?_method=DELETE", {name: "DELETE"}).status_code == 405
    assert alice.get("/files/f").data == b"content"


@pytest.mark.parametrize("path", ["/files//", "/files//a", "/index/", "/login/", "/LOGIN", "/download"])
def test_an_address_that_nearly_fits_is_not_found_and_not_redirected(alice: Program, path: str) -> None:
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
def test_a_fault_below_is_told_apart_and_shows_no_sql(
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
def test_a_fault_while_the_user_is_looked_up_still_makes_a_page(
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
def test_an_upload_that_the_disk_refuses_leaves_the_old_content(
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


def test_a_name_that_somebody_else_took_in_that_moment_is_to_be_tried_again(
    alice: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.put("/files/f", b"old")
    monkeypatch.setattr(Tree, "find_all", lambda self, _paths, root=None, **_: {(): root or self.root()})

    response = alice.put("/files/f", b"new")

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    monkeypatch.undo()
    assert alice.get("/files/f").data == b"old"


def test_wrong_basic_credentials_on_a_page_for_everybody_cost_no_error(make_app: MakeApp) -> None:
    client = make_app().test_client()

    assert client.get("/nothing", headers={**NAVIGATION, **basic("x", "y")}).status_code == 404
