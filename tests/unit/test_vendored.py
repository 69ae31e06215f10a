"""Vendored files match their manifest, and nothing is loaded from other hosts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

from cabinet.web.formats import KINDS
from tests.support.rooms import CATALOG
from tests.support.vendor import GLYPHS, ICONS, MANIFEST, SPRITE, STATIC, STRIP, VENDOR, sha384

TEMPLATES = STATIC.parent / "templates"
ENTRIES = json.loads(MANIFEST.read_text(encoding="utf-8"))

# An icon is named in a call of the macro or of the scripts' function, now and then one of two.
ICON_CALL = re.compile(r"\bicon\(([^()]*)\)")
# Others are in a table.
ICON_IN_TABLE = re.compile(r"""\bicon: "([a-z0-9-]+)"|, "([a-z-]+)"\)[,\]]""")
ICON_NAME = re.compile(r"""["']([a-z][a-z0-9-]*)["']""")


def ours(*suffixes: str) -> list[Path]:
    """Return our own files of these kinds, below the static files and the templates."""
    found = [path for folder in (STATIC, TEMPLATES) for path in folder.rglob("*")]
    return [path for path in found if path.suffix in suffixes and VENDOR not in path.parents]


def test_vendored_files_match_the_manifest() -> None:
    for entry in ENTRIES:
        path = STATIC / entry["file"]
        assert sha384(path) == entry["sha384"], path
        assert entry["version"] in entry["file"] or path in {SPRITE, STRIP}, path
        assert entry["licence"] in {"Apache-2.0", "BSD-3-Clause", "ISC", "MIT", "OFL-1.1"}


def test_every_vendored_file_is_in_the_manifest() -> None:
    listed = {STATIC / entry["file"] for entry in ENTRIES}

    assert listed == {path for path in VENDOR.rglob("*") if path.is_file()} - {MANIFEST} | {SPRITE, STRIP}


def test_every_package_has_its_license() -> None:
    for package in {entry["package"] for entry in ENTRIES}:
        entries = [entry for entry in ENTRIES if entry["package"] == package]
        for licence in {entry["licence"] for entry in entries}:
            assert any(
                entry["file"].endswith(".LICENSE.txt") for entry in entries if entry["licence"] == licence
            ), (package, licence)


def test_the_sprite_has_exactly_the_used_icons() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', SPRITE.read_text(encoding="utf-8")))
    sources = [path.read_text(encoding="utf-8") for path in ours(".html", ".js")]
    words = [ICON_NAME.findall(call) for source in sources for call in ICON_CALL.findall(source)]
    others = {word for source in sources for found in ICON_IN_TABLE.findall(source) for word in found}

    assert drawn == set(ICONS)
    assert {first for first, *_ in filter(None, words)} - drawn == set()
    assert drawn - others - {word for each in words for word in each} == set()


def test_every_file_type_has_its_glyph() -> None:
    styles = (STATIC / "css" / "files.css").read_text(encoding="utf-8")
    places = dict(re.findall(r"glyph-([\w-]+) {\s+--place: (\d+);", styles))
    drawn = ET.parse(STRIP).getroot()  # noqa: S314 - our own

    named = {kind: GLYPHS[int(place)].removeprefix("file-") for kind, place in places.items()}
    assert named == {kind: kind for kind in {"file", "folder", *KINDS}}
    assert [len(line) for line in drawn] == [len(GLYPHS)] * 2
    assert f"100% / {len(GLYPHS) - 1})" in styles
    assert f"{len(GLYPHS)}00% 200% no-repeat" in styles


def test_nothing_is_loaded_from_another_host() -> None:
    namespaces = {"http://www.w3.org/2000/svg"}
    for path in ours(".html", ".js", ".css", ".svg"):
        assert set(re.findall(r"""https?://[^\s"'<>)]+""", path.read_text(encoding="utf-8"))) <= namespaces, (
            path
        )


def test_stylesheets_and_scripts_reference_existing_files() -> None:
    for path in ours(".css", ".js"):
        text = path.read_text(encoding="utf-8")
        named = (
            re.findall(r'url\("([^"]+)"\)', text)
            if path.suffix == ".css"
            else re.findall(r'(?:from |import |import\()"([^"]+)"', text)
        )
        for name in named:
            target = (path.parent / name).resolve()
            # The server makes the catalog.
            assert target.is_file() or target == STATIC / "js" / CATALOG, (path, name)


def test_templates_reference_existing_files() -> None:
    folders = {"asset": STATIC, "script": STATIC / "js"}
    for path in ours(".html"):
        for kind, name in re.findall(
            r"""(asset|script)_url\(['"]([^'"]+)""", path.read_text(encoding="utf-8")
        ):
            assert (folders[kind] / name).is_file(), (path, name)


def test_templates_have_no_inline_scripts_styles_or_handlers() -> None:
    inline = re.compile(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", re.IGNORECASE)
    for path in ours(".html"):
        assert inline.findall(path.read_text(encoding="utf-8")) == [], path


def test_the_csrf_token_comes_first_in_every_post_form() -> None:
    for path in ours(".html"):
        for form in re.findall(
            r'<form\b[^>]*method="post"(.*?)</form>', path.read_text(encoding="utf-8"), re.DOTALL
        ):
            body = form[form.index(">\n") + 1 :]
            assert body.lstrip().startswith("{{ token() }}"), (path, body[:80])
