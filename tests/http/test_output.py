"""Security headers, and that content never runs with the rights of our pages.

Rule: headers are checked on all kinds of responses, including errors.
"""

from __future__ import annotations

import re
from base64 import b64encode
from html import unescape
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from cabinet.web.ranges import INLINE_TYPES
from tests.conftest import MakeApp
from tests.support.visitors import NAVIGATION, Browser, Program

SCRIPT = b"<html><script>alert(document.domain)</script></html>"


@pytest.fixture
def failing(app: Flask) -> Flask:
    """Return an application with a route that raises an unexpected error."""

    def fail() -> str:
        raise RuntimeError("SELECT secret FROM /var/lib/somewhere")

    app.add_url_rule("/failing", "failing", fail)
    return app


def has_security_headers(response: TestResponse) -> bool:
    headers = response.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert re.fullmatch(r"[0-9a-f]{16}", headers["X-Request-Id"])
    assert headers["Cache-Control"].startswith(("no-store", "private"))
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy or policy.endswith("sandbox")
    return True


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_response_has_security_headers(failing: Flask, accept: str) -> None:
    alice = Program(failing)
    alice.put("/files/f", b"content")
    seen = set()
    for method, path in (
        ("GET", "/"), ("GET", "/login"), ("GET", "/index"), ("GET", "/account"), ("GET", "/files"),
        ("GET", "/files/f"), ("HEAD", "/download/f"), ("GET", "/nothing"), ("GET", "/files/nothing"),
        ("GET", "/files/%ff"), ("POST", "/files/f"), ("TRACE", "/files/f"), ("OPTIONS", "/files/f"),
        ("POST", "/login"), ("PUT", "/files/f/below"), ("GET", "/failing"), ("GET", "/healthz"),
    ):  # fmt: skip
        response = alice.request(method, path, {"Accept": accept}, data=b"")
        assert has_security_headers(response), (method, path)
        seen.add(response.status_code)
    large = alice.request("POST", "/login", {"Accept": accept}, data={"username": "x" * 100_000})
    assert has_security_headers(large)
    stale = alice.get("/files/f", {"If-Match": '"x"', "Accept": accept})
    assert has_security_headers(stale)
    unsatisfiable = alice.get("/files/f", {"Range": "bytes=99-", "Accept": accept})
    assert has_security_headers(unsatisfiable)
    assert has_security_headers(alice.client.get("/me"))
    seen |= {large.status_code, stale.status_code, unsatisfiable.status_code}
    assert seen >= {200, 404, 405, 411, 412, 413, 416, 422, 500}


def test_an_unexpected_error_shows_only_an_id(failing: Flask, caplog: pytest.LogCaptureFixture) -> None:
    alice = Program(failing)

    for accept in ("application/json", "text/html"):
        caplog.clear()
        response = alice.get("/failing", {"Accept": accept})
        assert response.status_code == 500
        assert "secret" not in response.text
        assert "Traceback" not in response.text
        assert response.headers["X-Request-Id"] in response.text
        assert response.headers["X-Request-Id"] in caplog.text
        assert "SELECT secret" in caplog.text


ACTIVE = ["page.html", "page.htm", "image.svg", "data.xml", "page.xhtml", "paper.pdf", "x.mht", "x.swf", "a.js",
          "style.css", "noext", "x.html.txt"]  # fmt: skip


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
@pytest.mark.parametrize("query", ["", "?inline", "?inline=1&attachment=0", "?download=0"])
def test_active_content_is_downloaded_or_sandboxed(alice: Program, accept: str, query: str) -> None:
    for name in ACTIVE:
        alice.put(f"/files/{name}", SCRIPT)
        for face in ("files", "download"):
            response = alice.get(f"/{face}/{name}{query}", {"Accept": accept})
            assert response.data == SCRIPT
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
            inline = response.headers["Content-Disposition"].startswith("inline")
            assert not inline or (face == "files" and response.mimetype in INLINE_TYPES), name


def test_the_media_type_follows_the_name_and_never_the_content(alice: Program) -> None:
    alice.put("/files/picture.jpg", SCRIPT, {"Content-Type": "text/html"})

    response = alice.get("/files/picture.jpg")

    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.headers["Content-Disposition"].startswith("inline")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_that_can_run_scripts_is_shown_inline() -> None:
    active = {"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/xml", "application/pdf",
              "text/javascript", "application/javascript", "text/css"}  # fmt: skip

    assert not active & INLINE_TYPES
    assert {kind.partition("/")[0] for kind in INLINE_TYPES} == {"image", "audio", "video", "text"}


def test_no_page_has_inline_scripts_or_styles(browser: Browser, alice: Program) -> None:
    alice.put("/files/f")
    pages = [browser.get(path).text for path in ("/", "/login", "/register", "/nothing")]
    browser.sign_in("alice")
    alice.put("/files/gone")
    alice.delete("/files/gone")
    alice.put("/files/f", b"once more")
    pages += [
        browser.get(path).text
        for path in (
            "/index", "/account", "/files/nothing", "/index/arrange?path=f", "/trash", "/index/trash/empty",
            "/versions/f", "/search?q=f",
        )
    ]  # fmt: skip

    for page in pages:
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)
        assert "<style" not in page
        assert not re.search(r"\s(style|on[a-z]+)=\"", page)
        assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", page)


def test_a_hostile_name_is_escaped_on_every_page(browser: Browser, alice: Program) -> None:
    name = "'\"><img src=x onerror=alert(1)>{{7*7}}%(name)s"
    path = quote(name)
    browser.sign_in("alice")
    alice.put(f"/files/{path}/{path}", b"1")
    alice.put(f"/files/{path}/{path}", b"2")
    alice.delete(f"/files/{path}/{path}")
    (gone,) = alice.get("/trash").get_json()["entries"]
    alice.put(f"/files/{path}/{path}", b"3")
    alice.put(f"/files/{path}/{path}", b"4")
    posted = [
        browser.post("/index/folders", {"folder": name, "name": name}, "/trash"),
        browser.post("/index/folders", {"folder": "", "name": f"{name}/"}, "/trash"),
        browser.post("/index/arrange", {"path": [name, f"{name}/{name}"]}, "/trash"),
        browser.post("/index/rename", {"path": name, "name": f"{name}/"}, "/trash"),
        browser.post("/index/move", {"path": name, "to": f"{name}/x", "on_conflict": name}, "/trash"),
        browser.post("/index/copy", {"path": name, "to": name, "on_conflict": "fail"}, "/trash"),
        browser.post("/index/trash/restore", {"id": gone["id"], "on_conflict": "fail"}, "/trash"),
        browser.post("/index/delete", {"path": f"{name}/{name}"}, "/trash"),
    ]
    alice.put(f"/files/{path}/{path}", b"5")

    for shown in (
        *posted,
        *map(
            browser.get,
            (
                f"/index?path={path}", f"/index/arrange?path={path}/{path}&next={path}", "/trash",
                f"/versions/{path}/{path}", f"/search?q={path}&path={path}", f"/search?q={path}",
            ),
        ),
    ):  # fmt: skip
        assert shown.status_code in {200, 303, 409, 422}
        assert "<img" not in shown.text
        assert shown.status_code == 303 or name in unescape(shown.text)


def test_personal_pages_are_not_cached_and_assets_are(browser: Browser, alice: Program) -> None:
    browser.sign_in("alice")
    page = browser.get("/index")
    assert page.headers["Cache-Control"] == "no-store"
    assert "Cookie" in page.headers["Vary"]

    (asset, *_) = re.findall(r'<script type="module" src="([^"]+)"', page.text)
    fresh = browser.client.get(asset, headers={"Accept-Encoding": "gzip"})
    assert fresh.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert fresh.headers["Content-Encoding"] == "gzip"
    plain = browser.client.get(re.sub(r"/static/\w+/", "/static/0123456789abcdef/", asset))
    assert plain.headers["Cache-Control"] == "no-cache"
    assert plain.headers["X-Content-Type-Options"] == "nosniff"
    assert plain.mimetype == "text/javascript"


def test_only_assets_are_served_as_assets(browser: Browser) -> None:
    for name in ("../app.py", "%2e%2e/app.py", "js", "nothing.js", "css/../../config.py", "/etc/passwd"):
        assert browser.client.get(f"/static/x/{name}").status_code == 404, name


def test_health_checks_need_no_authentication(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    app = make_app()
    client = app.test_client()
    for path in ("/healthz", "/readyz"):
        assert (client.get(path).status_code, client.get(path).get_json()) == (200, {"status": "ok"})

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "execute", fail)
        down = client.get("/readyz")
    assert (down.status_code, down.get_json()) == (503, {"status": "unavailable"})
    assert client.get("/readyz").status_code == 200

    store = app.extensions["cabinet"].store
    store._staging.rename(store._staging.with_name("elsewhere"))

    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()) == (503, {"status": "unavailable"})
    assert client.get("/healthz").status_code == 200
    assert client.get("/healthz", headers=NAVIGATION).get_json() == {"status": "ok"}


def test_content_without_a_known_suffix_is_shown_by_its_type_in_every_upload_method(alice: Program) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(20)
    alice.put("/files/put", picture)
    alice.upload([("post", picture)])
    made = alice.request(
        "POST", "/uploads",
        {
            "Tus-Resumable": "1.0.0", "Upload-Length": str(len(picture)),
            "Upload-Metadata": f"filename {b64encode(b'tus').decode()}", "Content-Type": "application/offset+octet-stream",
        },
        data=picture,
    )  # fmt: skip
    assert made.status_code == 201, made.text

    for name in ("put", "post", "tus"):
        response = alice.get(f"/files/{name}")
        assert response.data == picture
        assert response.headers["Content-Type"] == "image/png"
        assert response.headers["Content-Disposition"].startswith("inline")
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
