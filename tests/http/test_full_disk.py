"""A disk with less free space than the reserve: nothing can be added, and everything can be deleted.

The disk is real; the reserve is set to a large value.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.conftest import MakeApp
from tests.support.images import picture
from tests.support.operators import Operator
from tests.support.visitors import FORM_HEAD, Browser, Program, Unread, is_problem

pytestmark = pytest.mark.database

EVERYTHING = 1 << 62
TUS = {"Tus-Resumable": "1.0.0", "Upload-Metadata": "filename Zg=="}
PATCH = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
FORM = {"CONTENT_TYPE": "multipart/form-data; boundary=cut"}


@pytest.fixture
def before(make_app: MakeApp) -> Program:
    """Return alice's program, with what she stored while there was room."""
    alice = Program(make_app(), "alice")
    for name in ("a", "b", "c"):
        alice.put(f"/files/{name}", name.encode())
    alice.put("/files/c", b"newer")
    alice.put("/files/picture.jpg", picture("JPEG", 400, 200))
    return alice


@pytest.fixture
def full(before: Program, make_app: MakeApp) -> Flask:
    return make_app(DISK_RESERVE=EVERYTHING)


@pytest.fixture
def alice(full: Flask, before: Program) -> Program:
    before.client = full.test_client(use_cookies=False)
    return before


def send(
    alice: Program, method: str, path: str, headers: dict[str, str], beginning: bytes = b"", **environ: Any
) -> TestResponse:
    body = {"wsgi.input": Unread(beginning), "CONTENT_LENGTH": "100"}
    return alice.request(method, path, headers, environ_overrides=body | environ)


def test_uploads_are_refused_everywhere_without_reading_content(before: Program, make_app: MakeApp) -> None:
    begun = before.request("POST", "/uploads", TUS | {"Upload-Length": "100"})
    before.client = make_app(DISK_RESERVE=EVERYTHING).test_client(use_cookies=False)
    upload = begun.headers["Location"]
    chunked = {"wsgi.input": Unread(), "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}

    refused = [
        send(before, "PUT", "/files/f", {}),
        before.put("/files/empty", b""),
        before.request("PUT", "/files/f", environ_overrides=chunked),
        send(before, "POST", "/upload", {}, FORM_HEAD, **FORM),
        before.request("POST", "/uploads", TUS | {"Upload-Length": "1"}),
        before.request("POST", "/uploads", TUS | {"Upload-Defer-Length": "1"}),
        send(before, "PATCH", upload, TUS | PATCH),
        before.request("PATCH", upload, TUS | PATCH, environ_overrides=chunked),
    ]

    assert all(is_problem(answer, 507, "storage-full") for answer in refused)
    assert before.request("HEAD", upload, TUS).headers["Upload-Offset"] == "0"
    assert before.paths() == ["a", "b", "c", "picture.jpg"]


def test_other_requests_work_on_a_full_disk(full: Flask, alice: Program) -> None:
    browser = Browser(full)
    assert browser.sign_in("alice").status_code == 303
    assert browser.get("/index").status_code == 200
    assert alice.get("/files/a").data == b"a"
    assert alice.request("POST", "/versions/c/1/restore").status_code == 200
    assert alice.delete("/versions/c/2").status_code == 204
    for action, source in (("copies", "c"), ("moves", "copies")):
        arranged = alice.request("POST", f"/{action}", json={"from": [source], "to": f"{action}/"})
        assert arranged.status_code in {200, 201}
    assert alice.delete("/files/a?permanent=1").status_code == 204
    for name in ("b", "c"):
        assert alice.delete(f"/files/{name}").status_code == 204
    trashed = alice.get("/trash").get_json()["entries"]
    assert alice.request("POST", f"/trash/{trashed[0]['id']}/restore").status_code == 200
    assert alice.delete(f"/trash/{trashed[1]['id']}").status_code == 204
    assert alice.delete("/trash").status_code == 204
    assert Program(full, "newcomer").paths() == []


def test_thumbnails_are_not_generated_but_existing_ones_are_served(
    before: Program, make_app: MakeApp
) -> None:
    assert before.get("/thumbnails/picture.jpg?size=64").status_code in {200, 202}
    while before.get("/thumbnails/picture.jpg?size=64").status_code != 200:
        pass
    before.client = make_app(DISK_RESERVE=EVERYTHING).test_client(use_cookies=False)

    assert before.get("/thumbnails/picture.jpg?size=64").status_code == 200
    assert is_problem(before.get("/thumbnails/picture.jpg?size=256"), 507, "storage-full")


def test_readiness_reports_a_full_disk_and_stays_successful(full: Flask) -> None:
    ready = full.test_client().get("/readyz")

    assert (ready.status_code, ready.get_json()) == (200, {"status": "full"})


def test_the_import_respects_the_reserve_too(full: Flask, alice: Program, tmp_path: Any) -> None:
    file = tmp_path / "more"
    file.write_bytes(b"more")
    told = Operator(full).run("files", "import", "alice", file, code=1)

    assert "There is no space left on the server" in told.stderr
    assert "more" not in alice.paths()
