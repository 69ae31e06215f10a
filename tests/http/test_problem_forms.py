"""A blueprint can have its own error format; all others keep the common one.

Rule: the blueprint of these tests is not part of the application.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Blueprint, Flask, Response, abort
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cabinet.errors import NotFound, OtherUser, Unavailable
from cabinet.web.identity import acting_user
from cabinet.web.problems import Problem, renders_problems
from tests.support.visitors import NAVIGATION, is_problem

XML = "application/xml; charset=utf-8"


def fail_with(error: Exception) -> Callable[[], str]:
    def fail() -> str:
        raise error

    return fail


def ask_who_acts() -> str:
    return acting_user().username


FAULTS: dict[str, tuple[Callable[[], str], int, str]] = {
    "missing": (fail_with(NotFound()), 404, "not-found"),
    "member": (fail_with(OtherUser(username="b&b")), 403, "other-user"),
    "busy": (fail_with(Unavailable(retry_after=7)), 503, "unavailable"),
    "pool": (fail_with(PoolTimeout()), 503, "unavailable"),
    "sql": (fail_with(OperationalError("SELECT secret", {}, Exception("no table"))), 500, "error"),
    "bug": (fail_with(ZeroDivisionError("secret")), 500, "error"),
    "framework": (lambda: abort(410), 410, "gone"),
    "stranger": (ask_who_acts, 401, "sign-in-required"),
}


def make_face() -> Blueprint:
    """Return a blueprint whose every view fails, with another one nested in it."""
    face = Blueprint("xml", __name__, url_prefix="/xml")
    inner = Blueprint("inner", __name__, url_prefix="/inner")

    @renders_problems(face)
    def as_xml(problem: Problem) -> Response:
        members = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in problem.members.items())
        text = f"<error><{problem.slug}/><title>{escape(problem.title)}</title>{members}</error>"
        return Response(text, content_type=XML)

    for name, (view, _, _) in FAULTS.items():
        face.add_url_rule(f"/{name}", name, view, methods=["GET", "POST"])
        inner.add_url_rule(f"/{name}", name, view)
    face.register_blueprint(inner)
    return face


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.register_blueprint(make_face())
    plain = Blueprint("plain", __name__, url_prefix="/plain")
    plain.add_url_rule("/missing", "missing", FAULTS["missing"][0])
    app.register_blueprint(plain)
    return app.test_client()


@pytest.mark.parametrize("accept", ["*/*", NAVIGATION["Accept"]], ids=["program", "browser"])
@pytest.mark.parametrize("below", ["/xml", "/xml/inner"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_error_of_a_blueprint_has_its_format_and_status(
    client: FlaskClient, below: str, fault: str, accept: str
) -> None:
    _, status, slug = FAULTS[fault]

    answer = client.get(f"{below}/{fault}", headers={"Accept": accept})

    assert (answer.status_code, answer.content_type) == (status, XML)
    assert f"<{slug}/>" in answer.text
    assert "secret" not in answer.text
    assert answer.headers["X-Request-Id"]


def test_an_error_in_another_format_has_the_same_information(client: FlaskClient) -> None:
    assert "<username>b&amp;b</username>" in client.get("/xml/member").text
    assert client.get("/xml/busy").headers["Retry-After"] == "7"
    assert client.get("/xml/stranger").headers.getlist("WWW-Authenticate")[0].startswith("Basic ")


def test_errors_before_the_view_have_the_format_of_the_blueprint(client: FlaskClient) -> None:
    answer = client.post("/xml/missing", headers={"Sec-Fetch-Site": "cross-site"})

    assert (answer.status_code, answer.content_type) == (403, XML)


def test_other_blueprints_keep_the_common_format(client: FlaskClient) -> None:
    assert is_problem(client.get("/plain/missing"), 404, "not-found")
    assert is_problem(client.get("/xml/nothing"), 404, "not-found")
    assert client.get("/plain/missing", headers=NAVIGATION).mimetype == "text/html"
    assert client.get("/index", headers=NAVIGATION).status_code == 303
