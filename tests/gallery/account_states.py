"""Account, help and error pages.

Rule: as in scene.py; forms are filled in with invalid values.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from tempfile import TemporaryDirectory
from typing import Any

from flask import abort
from playwright.sync_api import expect

from cabinet import create_app
from cabinet.extensions import db
from tests.gallery.scene import ELSEWHERE, Scene, State
from tests.support.auth import PASSWORD

BROKEN = "/broken"


def at(path: str) -> Callable[[Scene], None]:
    """Return a function that opens a page by its address."""

    def arrive(scene: Scene) -> None:
        scene.open(path)

    return arrive


def help_parts(scene: Scene) -> None:
    scene.open("/help/browser").locator(".help-parts summary").click()
    scene.sees(".help-parts ul")


def refused_registration(scene: Scene) -> None:
    page = scene.open("/register")
    page.locator("#username").fill("anna lindqvist!")
    page.locator("#password").fill("12345678")
    page.locator("main form [type=submit]").click()
    scene.sees(".field-error")


def refused_login(scene: Scene) -> None:
    page = scene.open("/login")
    page.locator("#username").fill("anna")
    page.locator("#password").fill("not the password")
    page.locator("main form [type=submit]").click()
    scene.sees("[role=alert] p")


def account_refusals(scene: Scene) -> None:
    page = scene.open("/account")
    page.locator("#password-current").fill(PASSWORD)
    page.locator("#password-new").fill("12345678")
    page.locator("form[action$='/password'] [type=submit]").click()
    scene.sees(".field-error, main [role=alert]")


def new_token(scene: Scene) -> None:
    page = scene.open("/account")
    page.locator("#token-name").fill("Backup, every night")
    page.locator("#token-name").press("Enter")
    scene.sees("#new-token")
    for token in scene.person.send("GET", "/tokens").json()["tokens"]:
        if token["name"].startswith("Backup"):
            scene.person.send("DELETE", f"/tokens/{token['id']}")


def sign_out_from_elsewhere(scene: Scene) -> None:
    """Follow a link on another site, which asks before it does anything."""
    page = scene.page
    link = f'<!doctype html><a href="{scene.demo.server.url}/logout">out</a>'
    page.route(ELSEWHERE, lambda route: route.fulfill(body=link, content_type="text/html"))
    page.goto(ELSEWHERE)
    page.get_by_role("link").click()
    scene.sees("main form button")


def stale_form(scene: Scene) -> None:
    """Send a form without its token, as one that lay open for too long does."""
    page = scene.open("/account")
    page.locator("main [name=csrf_token]").first.evaluate("field => { field.value = 'stale'; }")
    page.locator("main form [type=submit]").first.click()
    expect(page.locator(".error-status")).to_be_visible()


def too_large(scene: Scene) -> None:
    """Send more than a form may have."""
    page = scene.open("/account")
    page.locator("#token-name").evaluate(
        "field => { field.value = 'a'.repeat(100_000); field.form.submit(); }"
    )
    expect(page.locator(".error-status")).to_be_visible()


def conflict(scene: Scene) -> None:
    """Request the listing of a file."""
    scene.open("/index?path=LICENSE")
    scene.sees(".error-status")


def drawn_by(settings: dict[str, Any], path: str, status: HTTPStatus) -> Callable[[Scene], None]:
    """Return a function that opens a page of a server with other `settings`, or of a broken one."""

    def arrive(scene: Scene) -> None:
        with TemporaryDirectory() as folder:
            # Jobs begin with the first request, and would write into the folder while it is removed.
            app = create_app({"INSTANCE": folder, "BCRYPT_LOG_ROUNDS": 4, "JOBS": "apart", **settings})
            app.add_url_rule(BROKEN, view_func=lambda: abort(HTTPStatus.INTERNAL_SERVER_ERROR))
            headers = {"Accept": "text/html", "Accept-Language": scene.look.language}
            answer = app.test_client().get(path, headers=headers, buffered=True)
            with app.app_context():
                db.engine.dispose()
        assert answer.status_code == status, answer.text
        scene.page.route(
            f"**{path}",
            lambda route: route.fulfill(status=status, body=answer.data, content_type="text/html"),
        )
        scene.open(path)

    return arrive


STATES = [
    State("home", "", at("/"), is_tall=True),
    State("register", "", at("/register"), is_alike=True),
    State("register, refused", "", refused_registration, complains="status of 422"),
    State("login", "", at("/login"), is_alike=True),
    State("login, refused", "", refused_login, complains="status of 401", is_alike=True),
    State("help", "", at("/help"), is_alike=True),
    State("help, a page", "anna", at("/help/reverse-proxy"), is_tall=True),
    State("help, its parts", "", help_parts),
    State("account", "anna", at("/account"), is_tall=True, is_alike=True),
    State("account, space nearly full", "full", at("/account"), is_alike=True),
    State("account, new token", "anna", new_token, is_tall=True),
    State("account, password refused", "anna", account_refusals, complains="status of 4", is_tall=True),
    State("sign out?", "anna", sign_out_from_elsewhere),
    State(
        "register, closed",
        "",
        drawn_by({"REGISTRATION": "closed"}, "/register", HTTPStatus.FORBIDDEN),
        complains="status of 403",
    ),
    State("error 500", "", drawn_by({}, BROKEN, HTTPStatus.INTERNAL_SERVER_ERROR), complains="status of 500"),
    State("error 403", "anna", stale_form, complains="status of 40", is_alike=True),
    State("error 404", "anna", at("/nowhere"), complains="status of 404"),
    State("error 409", "anna", conflict, complains="status of 409", is_alike=True),
    State("error 413", "anna", too_large, complains="status of 413", is_alike=True),
]
