"""Serve stylesheets, scripts, fonts and icons at URLs that change with their content.

One fingerprint covers the whole of `static/` and is part of every URL: scripts import each other, and
stylesheets their fonts, by relative URLs, so with a fingerprint per file one could change and leave the other
stale. A browser may cache such a URL for a year. A URL with another fingerprint (of a page opened before an
upgrade) gets the current file, uncached.

Responses are kept small: several stylesheets are served as one (`css/a+b.css` is a followed by b), and our
own scripts and stylesheets are served without comments. Line breaks are kept, so that errors show the right
line.

The scripts have one folder per language, `js-ru/` and so on. They differ in one module, `core/catalog.js`,
which holds the texts. So texts are imported like any other module, and no script needs a top-level `await`
for them. Pages load the modules in bundles (`web/bundles.py`), workers one by one.

Rule: only files in `static/`, modules generated from our texts, and bundles of both are served, from memory and
by exact name.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path, PurePosixPath

from flask import Flask, Response, request
from flask_babel import force_locale

from cabinet.errors import NotFound
from cabinet.web import bundles
from cabinet.web.i18n import SUPPORTED, language
from cabinet.web.texts import script_texts

ENDPOINT = "assets"
PREFIX = "/static/"
IMMUTABLE = "public, max-age=31536000, immutable"
# 64 bits: enough to tell two releases apart, short enough to read in a log.
FINGERPRINT_LENGTH = 16
# By suffix and not from the system's table, which differs between machines for scripts and fonts.
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
# A worker runs under the policy of its own script's response: this one lets it load the other scripts of its
# program and nothing else. The worker that parses users' PDFs runs so.
POLICY = "default-src 'none'; script-src 'self'"
COMPRESSED_ALREADY = frozenset({".pfb", ".png", ".woff2"})

# Cached responses; more than there are files, because stylesheets are also requested in combinations.
KEPT = 1024
# The most stylesheets that one URL may combine.
MAX_COMBINED = 20

# The folder of the scripts in each language, and the one module that differs.
SCRIPTS = {code: f"js-{code}/" for code in SUPPORTED}
CATALOG = "core/catalog.js"
_IN_A_LANGUAGE = re.compile(f"^({'|'.join(SCRIPTS.values())})")
# Our own files, whose comments are on lines of their own.
_OURS = re.compile(r"css/[^/]+|js/.+")
_LINE_COMMENT = re.compile(rb"^[ \t]*//[^\n]*$", re.MULTILINE)
_BLOCK_COMMENT = re.compile(rb"^[ \t]*/\*.*?\*/[ \t]*$", re.MULTILINE | re.DOTALL)
# An @import is only valid at the beginning of a stylesheet, so it is inlined in a combined one.
_IMPORT = re.compile(rb'@import url\("\.\./([^"]+)"\) layer\((\w+)\);')


@dataclass(frozen=True)
class Asset:
    """One file, plain and gzipped if that makes it smaller."""

    body: bytes
    packed: bytes | None
    media_type: str


class Assets:
    """The files below `folder`, the generated ones of `made`, and the bundles of `bundled`; each is read once.

    Both mappings are of names to functions.
    """

    def __init__(
        self,
        folder: Path,
        made: Mapping[str, Callable[[], bytes]] | None = None,
        bundled: Mapping[str, Callable[[], bytes]] | None = None,
    ) -> None:
        self._folder = folder
        self._made = made or {}
        self._bundled = bundled or {}
        self.get = lru_cache(KEPT)(self._read)

    @cached_property
    def names(self) -> frozenset[str]:
        """The paths of all files that can be served, relative to the folder."""
        files = (path for path in self._folder.rglob("*") if path.suffix in MEDIA_TYPES)
        found = frozenset(path.relative_to(self._folder).as_posix() for path in files)
        return found | self._made.keys() | self._bundled.keys()

    @cached_property
    def fingerprint(self) -> str:
        """A digest of all names and contents; of bundles, which take longer to make, what they are made of and by."""
        digest = hashlib.sha256(Path(bundles.__file__).read_bytes())
        for name in sorted(self.names - self._bundled.keys()):
            content = self._source(name)
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:FINGERPRINT_LENGTH]

    def _source(self, name: str) -> bytes:
        """Return the content of a file; raises `NotFound` for names that are not in `names`."""
        if name not in self.names:
            raise NotFound
        return self._made[name]() if name in self._made else (self._folder / name).read_bytes()

    def _read(self, name: str) -> Asset:
        """Return one file, or several stylesheets as one; raises `NotFound` if a file does not exist."""
        suffix = PurePosixPath(name).suffix
        if name.startswith("css/") and "+" in name:
            parts = name.removeprefix("css/").removesuffix(".css").split("+")
            if len(parts) > MAX_COMBINED:
                raise NotFound
            body = b"\n".join(self.without_comments(f"css/{part}.css") for part in parts)
            body = _IMPORT.sub(self._inline, body)
        elif name in self._bundled:
            body = self._bundled[name]()
        else:
            body = self.without_comments(name)
        packed = None if suffix in COMPRESSED_ALREADY else gzip.compress(body, mtime=0)
        return Asset(body=body, packed=packed, media_type=MEDIA_TYPES[suffix])

    def without_comments(self, name: str) -> bytes:
        """Return the content of a file, without comments if it is one of ours."""
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
    """Return the module with the scripts' texts in one language."""
    with force_locale(code):
        texts = json.dumps(script_texts(), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return f"export default {texts};\n".encode()


def init_app(app: Flask) -> None:
    """Serve the assets and give templates `asset_url(name)`, `styles_url(names)` and `bundle_url(name)`."""
    catalogs = {f"{folder}{CATALOG}": partial(_catalog_in, code) for code, folder in SCRIPTS.items()}

    @cache
    def bundles_in(code: str) -> dict[str, str]:
        names = (name for name in assets.names if name.startswith("js/"))
        sources = {name.removeprefix("js/"): assets.without_comments(name).decode() for name in names}
        return bundles.bundle({**sources, CATALOG: _catalog_in(code).decode()})

    bundled = {
        f"{folder}{bundles.FOLDER}{name}": lambda code=code, name=name: bundles_in(code)[name].encode()
        for code, folder in SCRIPTS.items()
        for name in bundles.NAMES
    }
    assets = Assets(Path(app.root_path) / "static", catalogs, bundled)

    def serve(fingerprint: str, name: str) -> Response:
        """Return an asset; it may be cached forever if the fingerprint is the current one."""
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
        # Not `url_for`, which is slow: a page has a hundred of these.
        return f"{request.script_root}{PREFIX}{assets.fingerprint}/{name}"

    def styles_url(names: str) -> str:
        return asset_url(f"css/{'+'.join(names.split())}.css")

    def bundle_url(name: str) -> str:
        return asset_url(f"{SCRIPTS[language()]}{bundles.FOLDER}{name}")

    app.add_url_rule(f"{PREFIX}<fingerprint>/<path:name>", ENDPOINT, serve)
    for function in (asset_url, styles_url, bundle_url):
        app.add_template_global(function)
