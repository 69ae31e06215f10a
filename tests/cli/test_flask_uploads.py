"""`flask uploads`: list and expire."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cabinet.web.runtime import EXTENSION
from tests.support.auth import AuthActions
from tests.support.operators import Operator

TUS = {"Tus-Resumable": "1.0.0"}
NAME = base64.b64encode("отчёт.pdf".encode()).decode()


@pytest.fixture
def operator(app: Flask) -> Operator:
    return Operator(app)


@pytest.fixture
def upload(client: FlaskClient, auth: AuthActions) -> str:
    """Create an upload of 10 bytes, send 4 of them, and return its URL."""
    auth.register()
    auth.login()
    headers = {**TUS, "Upload-Length": "10", "Upload-Metadata": f"filename {NAME},folder ZG9jcw=="}
    address = client.post("/uploads", headers=headers).headers["Location"]
    part = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert client.patch(address, headers=part, data=b"four").status_code == 204
    return address


def test_unfinished_uploads_are_listed(operator: Operator, auth: AuthActions, upload: str) -> None:
    (found,) = operator.document("uploads", "list")["uploads"]

    assert upload == f"/uploads/{found['id']}"
    assert (found["path"], found["offset"], found["length"]) == ("docs/отчёт.pdf", 4, 10)
    listed = operator.run("uploads", "list", "--user", found["username"])
    assert "4 bytes of 10 bytes" in listed.stdout
    assert "docs/отчёт.pdf" in listed.stdout
    assert "1 unfinished." in listed.stderr


def test_uploads_can_be_listed_by_user(operator: Operator, upload: str) -> None:
    operator.create("somebody")

    assert operator.document("uploads", "list", "--user", "somebody") == {"uploads": []}
    operator.run("uploads", "list", "--user", "nobody", code=1)


def test_only_expired_uploads_are_removed(
    app: Flask, client: FlaskClient, operator: Operator, upload: str
) -> None:
    assert operator.run("uploads", "expire").stdout == "Expired: 0\n"
    later = app.extensions[EXTENSION].clock() + timedelta(days=8)
    app.extensions[EXTENSION].clock = lambda: later

    assert operator.document("uploads", "expire") == {"expired": [upload.rpartition("/")[2]]}

    assert operator.document("uploads", "list") == {"uploads": []}
