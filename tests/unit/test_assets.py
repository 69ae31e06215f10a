"""Static files: URLs, caching, and what is not one."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from cabinet.errors import NotFound
from cabinet.web.assets import ENDPOINT, IMMUTABLE, SCRIPTS, Assets


def address(app: Flask, name: str, fingerprint: str | None = None) -> str:
    with app.test_request_context():
        if fingerprint is not None:
            return url_for(ENDPOINT, fingerprint=fingerprint, name=name)
        found: str = app.jinja_env.globals["asset_url"](name)  # type: ignore[operator]
        return found


def test_a_fingerprinted_url_is_cacheable_for_a_year(app: Flask, client: FlaskClient) -> None:
    answer = client.get(address(app, "css/tokens.css"))

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, IMMUTABLE)
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_worker_may_load_scripts_and_nothing_else(app: Flask, client: FlaskClient) -> None:
    answer = client.get(address(app, "vendor/pdfjs-6.5.438/pdf.worker.min.mjs"))

    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; script-src 'self'"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_a_url_from_before_an_upgrade_gets_the_new_file_uncached(app: Flask, client: FlaskClient) -> None:
    answer = client.get(address(app, "css/tokens.css", "0123456789abcdef"))

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


def test_text_assets_are_compressed_if_accepted(app: Flask, client: FlaskClient) -> None:
    url = address(app, "js/page.js")
    plain = client.get(url)

    packed = client.get(url, headers={"Accept-Encoding": "gzip"})

    assert gzip.decompress(packed.data) == plain.data
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.vary == packed.vary
    assert "Accept-Encoding" in packed.vary


@pytest.mark.parametrize("accepted", ["gzip;q=0", "identity", "br"])
def test_text_assets_are_sent_plain_otherwise(app: Flask, client: FlaskClient, accepted: str) -> None:
    answer = client.get(address(app, "js/page.js"), headers={"Accept-Encoding": accepted})

    assert "Content-Encoding" not in answer.headers


def test_fonts_are_not_compressed_again(app: Flask, client: FlaskClient) -> None:
    url = address(app, "vendor/onest-latin-5.3.1.woff2")

    answer = client.get(url, headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Content-Type"] == "font/woff2"


@pytest.mark.parametrize(
    "name", ["nothing.css", "../config.py", "..%2fconfig.py", "css", "", "css/../css/tokens.css"]
)
def test_other_paths_are_not_found(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/0123456789abcdef/{name}").status_code == 404


def test_every_change_of_content_changes_the_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a")
    first = Assets(tmp_path).fingerprint
    (tmp_path / "a.css").write_text("b")
    second = Assets(tmp_path).fingerprint
    (tmp_path / "b.css").write_text("")

    third = Assets(tmp_path).fingerprint

    assert len({first, second, third}) == 3
    assert Assets(tmp_path).fingerprint == third


def test_a_file_of_another_type_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "notes.bak").write_text("secret")

    with pytest.raises(NotFound):
        Assets(tmp_path).get("notes.bak")


def test_several_stylesheets_are_concatenated_in_order_without_comments(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "ground.css").write_text("p{margin:0}")
    (tmp_path / "css" / "layers.css").write_text('@import url("../vendor/ground.css") layer(vendor);')
    (tmp_path / "css" / "a.css").write_text("/* The first:\n   of two. */\n\na { color: red; }\n")
    (tmp_path / "css" / "b.css").write_text("b { color: blue; }\n")
    assets = Assets(tmp_path)

    together = assets.get("css/layers+a+b.css")

    lines = [line for line in together.body.decode().splitlines() if line]
    assert lines == ["@layer vendor{p{margin:0}}", "a { color: red; }", "b { color: blue; }"]
    for name in ("css/a+gone.css", "css/a+../vendor/ground.css", f"css/{'+'.join('a' * 21)}.css"):
        with pytest.raises(NotFound):
            assets.get(name)


@pytest.mark.parametrize("name", ["a.js", "core/a.js"])
def test_a_script_is_served_without_comments_and_keeps_its_lines(tmp_path: Path, name: str) -> None:
    (tmp_path / "js" / "core").mkdir(parents=True)
    source = '/* What it is.\n\n   Rule: none. */\n\n/** Say so. */\nconst a = "// no comment";\n  // why\nrun(a); // stays\n'
    (tmp_path / "js" / name).write_text(source)

    body = Assets(tmp_path).get(f"js/{name}").body.decode()

    assert body.splitlines() == ["", "", "", "", "", 'const a = "// no comment";', "", "run(a); // stays"]


@pytest.mark.parametrize(("code", "word"), [("en", "Uploaded"), ("ru", "Загружен")])
def test_script_texts_are_served_beside_the_scripts(
    app: Flask, client: FlaskClient, code: str, word: str
) -> None:
    answer = client.get(address(app, f"js-{code}/core/catalog.js"))

    exported, texts = answer.text.split("export default ")
    assert (exported, json.loads(texts.removesuffix(";\n"))["uploaded"]) == ("", word)
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == IMMUTABLE


def test_each_language_folder_has_all_scripts_and_nothing_else(app: Flask, client: FlaskClient) -> None:
    for name in ("page.js", "core/format.js"):
        plain = client.get(address(app, f"js/{name}"))

        assert {client.get(address(app, f"{folder}{name}")).data for folder in SCRIPTS.values()} == {
            plain.data
        }
    for name in (
        "js-de/page.js",
        "js-/page.js",
        "js/core/catalog.js",
        "js-ru/catalog.js",
        "js-ru/js-ru/page.js",
        "css/js-ru/page.js",
    ):
        assert client.get(address(app, name)).status_code == 404, name
