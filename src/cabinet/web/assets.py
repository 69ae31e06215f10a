"""The stylesheets, scripts, fonts and icons, under addresses that change with their content.

One fingerprint covers the whole of `static/`, and every address carries it: a script imports its
neighbour, and a stylesheet its fonts, by relative addresses, so a fingerprint a file would change
one and leave the other stale. A browser may keep such an address for a year. An address with
another fingerprint (a page opened before an upgrade) gets today's file, for this once.

What a page needs at once travels light: stylesheets as one, `css/a+b.css` being a and then b, and
scripts and stylesheets of ours without their comments. Lines stay lines, so that whoever reads an
error finds its place.

The scripts have a folder for each language, `js-ru/` and so on, which differ in one module:
`core/catalog.js` holds the texts that they show. So texts are imported like anything else, and no script
waits for them by an `await` of its own.

Rule: only what lies in `static/`, and what is made of our texts, is served here, from memory, found
by its exact name.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path, PurePosixPath

from flask import Flask, Response, request
from flask_babel import force_locale

from cabinet.errors import NotFound
from cabinet.web.i18n import SUPPORTED, language
from cabinet.web.texts import script_texts

ENDPOINT = "assets"
PREFIX = "/static/"
IMMUTABLE = "public, max-age=31536000, immutable"
# 64 bits: enough to tell two releases apart, short enough to read in a log.
FINGERPRINT_LENGTH = 16
# By suffix and not by the machine's own tables, which disagree about scripts and fonts.
MEDIA_TYPES = {
    ".bcmap": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".pfb": "application/octet-stream",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
# What holds inside of a worker, whose rights are those of its own script's answer: it may load the
# rest of its program and reach nothing else. That is what reads users' PDFs.
POLICY = "default-src 'none'; script-src 'self'"
COMPRESSED_ALREADY = frozenset({".pfb", ".png", ".woff2"})

# Answers that are kept; more than there are files, for some are asked for together.
KEPT = 1024
# Stylesheets that one address may name.
MOST_TOGETHER = 20

# The folder of the scripts in each language, and the module in it that differs.
SCRIPTS = {code: f"js-{code}/" for code in SUPPORTED}
CATALOG = "core/catalog.js"
_IN_A_LANGUAGE = re.compile(f"^({'|'.join(SCRIPTS.values())})")
# What is ours and has comments, each on lines of its own.
_OURS = re.compile(r"css/[^/]+|js/.+")
_LINE_COMMENT = re.compile(rb"^[ \t]*//[^\n]*$", re.MULTILINE)
_BLOCK_COMMENT = re.compile(rb"^[ \t]*/\*.*?\*/[ \t]*$", re.MULTILINE | re.DOTALL)
# In a stylesheet that is not the first of several, an @import would not count.
_IMPORT = re.compile(rb'@import url\("\.\./([^"]+)"\) layer\((\w+)\);')


@dataclass(frozen=True)
class Asset:
    """One file, as it is and gzipped where that helps."""

    body: bytes
    packed: bytes | None
    media_type: str


class Assets:
    """The files below `folder`, and those that `made` has the makers of; each is read once."""

    def __init__(self, folder: Path, made: Mapping[str, Callable[[], bytes]] | None = None) -> None:
        self._folder = folder
        self._made = made or {}
        self.get = lru_cache(KEPT)(self._read)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every servable file, by its path below the folder."""
        files = (path for path in self._folder.rglob("*") if path.suffix in MEDIA_TYPES)
        return frozenset(path.relative_to(self._folder).as_posix() for path in files) | self._made.keys()

    @cached_property
    def fingerprint(self) -> str:
        """A digest over all names and contents."""
        digest = hashlib.sha256()
        for name in sorted(self.names):
            content = self._source(name)
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:FINGERPRINT_LENGTH]

    def _source(self, name: str) -> bytes:
        """Return what a file holds; raises `NotFound` for whatever is not in `names`."""
        if name not in self.names:
            raise NotFound
        return self._made[name]() if name in self._made else (self._folder / name).read_bytes()

    def _read(self, name: str) -> Asset:
        """Return one file, or several stylesheets as one; raises `NotFound` where one is not there."""
        suffix = PurePosixPath(name).suffix
        if name.startswith("css/") and "+" in name:
            parts = name.removeprefix("css/").removesuffix(".css").split("+")
            if len(parts) > MOST_TOGETHER:
                raise NotFound
            body = b"\n".join(self._light(f"css/{part}.css") for part in parts)
            body = _IMPORT.sub(self._inline, body)
        else:
            body = self._light(name)
        packed = None if suffix in COMPRESSED_ALREADY else gzip.compress(body, mtime=0)
        return Asset(body=body, packed=packed, media_type=MEDIA_TYPES[suffix])

    def _light(self, name: str) -> bytes:
        """Return a file, without comments if it is ours."""
        if name not in self._made:
            name = _IN_A_LANGUAGE.sub("js/", name)
        source = self._source(name)
        if not _OURS.fullmatch(name):
            return source
        bare = _BLOCK_COMMENT.sub(_keep_lines, source)
        return _LINE_COMMENT.sub(b"", bare) if name.endswith(".js") else bare

    def _inline(self, wanted: re.Match[bytes]) -> bytes:
        return b"@layer " + wanted[2] + b"{" + self._source(wanted[1].decode()) + b"}"


def _keep_lines(comment: re.Match[bytes]) -> bytes:
    return b"\n" * comment[0].count(b"\n")


def _catalog_in(code: str) -> bytes:
    """Return the module of the scripts' texts in one language."""
    with force_locale(code):
        texts = json.dumps(script_texts(), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return f"export default {texts};\n".encode()


def init_app(app: Flask) -> None:
    """Serve the assets and give templates `asset_url(name)`, `styles_url(names)` and `script_url(name)`."""
    catalogs = {f"{folder}{CATALOG}": partial(_catalog_in, code) for code, folder in SCRIPTS.items()}
    assets = Assets(Path(app.root_path) / "static", catalogs)

    def serve(fingerprint: str, name: str) -> Response:
        """Answer with an asset, to be kept for ever if the fingerprint is today's."""
        asset = assets.get(name)
        packed = asset.packed if request.accept_encodings["gzip"] > 0 else None
        response = Response(packed or asset.body, content_type=asset.media_type)
        if packed:
            response.content_encoding = "gzip"
        if asset.packed:
            response.vary.add("Accept-Encoding")
        fresh = fingerprint == assets.fingerprint
        response.headers["Cache-Control"] = IMMUTABLE if fresh else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = POLICY
        return response

    def asset_url(name: str) -> str:
        # Not by `url_for`: a page has a hundred of these.
        return f"{request.script_root}{PREFIX}{assets.fingerprint}/{name}"

    def styles_url(names: str) -> str:
        return asset_url(f"css/{'+'.join(names.split())}.css")

    def script_url(name: str) -> str:
        return asset_url(f"{SCRIPTS[language()]}{name}")

    app.add_url_rule(f"{PREFIX}<fingerprint>/<path:name>", ENDPOINT, serve)
    for function in (asset_url, styles_url, script_url):
        app.add_template_global(function)
