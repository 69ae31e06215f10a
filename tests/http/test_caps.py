"""The caps on entries and uploads of one user, and the errors at a cap."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.conftest import MakeApp
from tests.support.visitors import Program, is_problem

TUS = {"Tus-Resumable": "1.0.0", "Upload-Length": "3"}


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(USER_ENTRIES=4, USER_UPLOADS=1, COPY_ENTRIES=2)


def begin(alice: Program, name: str) -> TestResponse:
    """Begin an upload of a file with a name in base64."""
    return alice.request("POST", "/uploads", TUS | {"Upload-Metadata": f"filename {name}"})


def test_at_the_cap_new_entries_are_refused_until_there_is_room(alice: Program, bob: Program) -> None:
    for path in ("d/a", "d/b", "c"):
        assert alice.put(f"/files/{path}", b"x").status_code == 201

    for refused in (
        alice.put("/files/new", b"x"),
        alice.request("POST", "/folders", json={"path": "new"}),
        alice.request("POST", "/copies", json={"from": ["c"], "to": "new"}),
        begin(alice, "bmV3"),
    ):
        assert is_problem(refused, 507, "too-many-entries")
        assert "at most 4 files and folders" in refused.get_json()["detail"]
    assert alice.put("/files/c", b"another version").status_code == 200
    assert bob.put("/files/c", b"x").status_code == 201

    assert alice.delete("/files/c").status_code == 204
    assert is_problem(alice.put("/files/new", b"x"), 507, "too-many-entries")
    assert alice.delete("/trash").status_code == 204
    assert alice.put("/files/new", b"x").status_code == 201


def test_a_copy_above_the_cap_is_refused_with_advice(alice: Program) -> None:
    for path in ("d/a", "d/b"):
        alice.put(f"/files/{path}", b"x")

    refused = alice.request("POST", "/copies", json={"from": ["d"], "to": "e"})

    assert is_problem(refused, 422, "copy-too-large")
    assert "in several steps" in refused.get_json()["detail"]


def test_too_many_unfinished_uploads_are_refused(alice: Program) -> None:
    first = begin(alice, "YQ==")

    refused = begin(alice, "Yg==")

    assert first.status_code == 201
    assert is_problem(refused, 507, "too-many-uploads")
    assert alice.delete(first.headers["Location"], TUS).status_code == 204
    assert begin(alice, "Yg==").status_code == 201
