"""Another blueprint that receives content uses the routine of PUT and POST, with its own rules.

Rule: the blueprint of these tests is not part of the application.
"""

from __future__ import annotations

import io
from dataclasses import replace
from http import HTTPStatus

import pytest
from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue

from cabinet.services.access.rights import Rights
from cabinet.services.uploads.publishing import Stored
from cabinet.services.uploads.uploads import Uploads
from cabinet.web.identity import acting_user
from cabinet.web.receiving import receive_body, receive_form
from cabinet.web.request_guards import streams_body
from cabinet.web.services import uploads
from tests.support.visitors import Program, is_problem

inbox = Blueprint("inbox", __name__, url_prefix="/inbox")


def uploads_of_request() -> Uploads:
    return uploads(replace(acting_user().scope, granted=~Rights.DELETE))


def told(*stored: Stored) -> ResponseReturnValue:
    return {each.entry.path: each.is_new for each in stored}


@inbox.put("/<path:path>")
@streams_body
def put(path: str) -> ResponseReturnValue:
    return told(receive_body(uploads_of_request(), path))


@inbox.post("/")
@streams_body
def post() -> ResponseReturnValue:
    return told(*receive_form(uploads_of_request(), "in"))


@pytest.fixture
def sender(app: Flask) -> Program:
    app.register_blueprint(inbox)
    return Program(app, "alice")


def test_a_put_without_on_conflict_is_numbered_if_replacing_is_not_allowed(sender: Program) -> None:
    first = sender.put("/inbox/in/f", b"1").get_json()
    second = sender.put("/inbox/in/f", b"2").get_json()
    replaced = sender.put("/inbox/in/f?on_conflict=replace", b"3")

    assert (first, second) == ({"in/f": True}, {"in/f (2)": True})
    assert is_problem(replaced, HTTPStatus.FORBIDDEN, "forbidden")
    assert sender.get("/files/in/f").data == b"1"
    assert sender.get("/files/in/f (2)").data == b"2"


def test_a_form_is_stored_below_the_root_of_the_scope(sender: Program) -> None:
    sender.put("/inbox/in/a", b"1")
    parts = [(io.BytesIO(content), name) for name, content in (("a", b"2"), ("b", b"3"))]

    stored = sender.request("POST", "/inbox/", data={"file": parts})

    assert stored.get_json() == {"in/a (2)": True, "in/b": True}


@pytest.mark.parametrize(
    ("headers", "status", "slug"),
    [
        ({"Content-Range": "bytes 0-0/2"}, 400, "malformed-request"),
        ({"X-Content-Hash": "0" * 64}, 422, "digest-mismatch"),
        ({"If-Match": '"no"'}, 412, "precondition-failed"),
        ({"Content-Encoding": "gzip"}, 415, "unsupported-encoding"),
    ],
)
def test_header_checks_of_uploads_apply_to_every_blueprint(
    sender: Program, headers: dict[str, str], status: int, slug: str
) -> None:
    refused = sender.request("PUT", "/inbox/f", headers, data=b"1")

    assert is_problem(refused, status, slug)
    assert sender.paths() == []
