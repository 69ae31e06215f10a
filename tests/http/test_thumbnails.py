"""Thumbnails over HTTP: access, caching, and responses without one."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from cabinet.jobs import thumbnails as jobs
from cabinet.services.thumbnails import thumbnails
from cabinet.services.thumbnails.thumbnails import EDITION
from tests.conftest import MakeApp
from tests.support.images import heic, opened, picture
from tests.support.operators import Operator
from tests.support.visitors import Program, is_problem

PICTURE = picture("JPEG", 400, 200)


@pytest.fixture(autouse=True)
def long_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a request wait for as long as it takes, on however busy a machine."""
    monkeypatch.setattr(thumbnails, "WAIT_SECONDS", 60)
    monkeypatch.setattr(jobs, "IDLE_SECONDS", 0)


def test_a_thumbnail_is_a_small_image_with_its_own_etag(alice: Program) -> None:
    content_hash = alice.put("/files/a/фото.jpg", PICTURE).get_json()["content_hash"]

    response = alice.get("/thumbnails/a/фото.jpg?size=64")

    assert response.status_code == 200
    assert opened(response.data).size == (64, 32)
    headers = response.headers
    assert headers["Content-Type"] == "image/webp"
    assert headers["Content-Disposition"].startswith("inline; ")
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cache-Control"] == "private, no-cache"
    assert content_hash not in headers["ETag"]
    assert alice.get("/thumbnails/a/фото.jpg?size=64", {"If-None-Match": headers["ETag"]}).status_code == 304
    assert opened(alice.get("/thumbnails/a/фото.jpg").data).size == (256, 128)
    assert opened(alice.get("/thumbnails/a/фото.jpg?size=1600").data).size == (400, 200)
    kept = alice.get(f"/thumbnails/a/фото.jpg?of={content_hash}")
    assert kept.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert alice.get("/thumbnails/a/фото.jpg?of=other").headers["Cache-Control"] == "private, no-cache"


def test_new_content_has_a_new_thumbnail(alice: Program) -> None:
    alice.put("/files/a.jpg", PICTURE)
    before = alice.get("/thumbnails/a.jpg")
    alice.put("/files/a.jpg", picture("JPEG", 200, 400))

    after = alice.get("/thumbnails/a.jpg", {"If-None-Match": before.headers["ETag"]})

    assert after.status_code == 200
    assert opened(after.data).size == (128, 256)


def test_non_images_missing_files_and_files_of_others_have_no_thumbnail(alice: Program, bob: Program) -> None:
    alice.put("/files/folder/a.jpg", PICTURE)
    alice.put("/files/page.jpg", b"<html><script>alert(1)</script></html>")
    alice.put("/files/text.txt", b"text")
    assert alice.get("/thumbnails/folder/a.jpg").status_code == 200

    for path in ("text.txt", "folder", "missing.jpg"):
        assert is_problem(alice.get(f"/thumbnails/{path}"), 404, "not-found")
    assert is_problem(bob.get("/thumbnails/folder/a.jpg"), 404, "not-found")
    for size in ("65", "0", "-64", "١٢", "9" * 5000, ""):
        assert is_problem(alice.get(f"/thumbnails/folder/a.jpg?size={size}"), 422, "invalid-field")
    alice.delete("/files/folder")
    assert is_problem(alice.get("/thumbnails/folder/a.jpg"), 404, "not-found")


def test_a_file_wrongly_named_as_image_has_no_thumbnail_and_no_error(alice: Program) -> None:
    content_hash = alice.put("/files/page.jpg", b"<html><script>alert(1)</script></html>").get_json()[
        "content_hash"
    ]

    for size in (64, 256, 1600):
        response = alice.get(f"/thumbnails/page.jpg?size={size}")
        assert (response.status_code, response.data) == (204, b"")
        assert response.headers["Cache-Control"] == "no-store"
    kept = alice.get(f"/thumbnails/page.jpg?of={content_hash}")
    assert kept.headers["Cache-Control"] == "private, max-age=86400"


@pytest.mark.parametrize("name", ["IMG_0001.HEIC", "photo.heif", "scan.tif", "SCAN.TIFF", "no suffix"])
def test_photo_formats_unsupported_by_browsers_have_thumbnails(alice: Program, name: str) -> None:
    content, width = (picture("TIFF", 400), 400) if "scan" in name.lower() else (heic("plain"), 64)
    entry = alice.put(f"/files/{name}", content).get_json()

    assert entry["media_type"] in {"image/heic", "image/heif", "image/tiff"}
    for size in (64, 1600):
        made = opened(alice.get(f"/thumbnails/{name}?size={size}").data)
        assert (made.format, made.width) == ("WEBP", min(size, width))
    page = alice.get("/index", {"Accept": "text/html"}).get_data(as_text=True)
    assert f'src="/thumbnails/{quote(name)}?size=64&amp;edition={EDITION}&amp;' in page


def test_an_early_request_gets_retry_after(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(JOBS="apart")
    alice = Program(app, "alice")
    alice.put("/files/a.jpg", PICTURE)
    monkeypatch.setattr(thumbnails, "WAIT_SECONDS", 0)

    response = alice.get("/thumbnails/a.jpg")

    assert (response.status_code, response.data) == (202, b"")
    assert response.headers["Retry-After"] == "1"
    assert response.headers["Cache-Control"] == "no-store"
    assert Operator(app).run("jobs", "run", "thumbnails").exit_code == 0
    assert alice.get("/thumbnails/a.jpg").status_code == 200
