"""The stylesheets, scripts, fonts and icons, under addresses that change with their content.

One fingerprint covers the whole of `static/`, and every address carries it: a script imports its
neighbour, and a stylesheet its fonts, by relative addresses, so a fingerprint a file would change
one and leave the other stale. A browser may keep such an address for a year. An address with
another fingerprint (a page opened before an upgrade) gets today's file, for this once.

Rule: only what lies in `static/` is served here, from memory, found by its exact name.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

from flask import Flask, Response, request

from cabinet.errors import NotFound

ENDPOINT = "assets"
PREFIX = "/static/"
IMMUTABLE = "public, max-age=31536000, immutable"
# 64 bits: enough to tell two releases apart, short enough to read in a log.
FINGERPRINT_LENGTH = 16
# By suffix and not by the machine's own tables, which disagree about scripts and fonts.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
# What holds inside of a worker, whose rights are those of its own script's answer: it may load the
# rest of its program and reach nothing else. That is what reads users' PDFs.
POLICY = "default-src 'none'; script-src 'self'"
COMPRESSED_ALREADY = frozenset({".png", ".woff2"})


@dataclass(frozen=True)
class Asset:
    """One file, as it is and gzipped where that helps."""

    body: bytes
    packed: bytes | None
    media_type: str


class Assets:
    """The files below `folder`, read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.get = cache(self._read)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every servable file, by its path below the folder."""
        files = (path for path in self._folder.rglob("*") if path.suffix in MEDIA_TYPES)
        return frozenset(path.relative_to(self._folder).as_posix() for path in files)

    @cached_property
    def fingerprint(self) -> str:
        """A digest over all names and contents."""
        digest = hashlib.sha256()
        for name in sorted(self.names):
            content = (self._folder / name).read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:FINGERPRINT_LENGTH]

    def _read(self, name: str) -> Asset:
        """Return one file; raises `NotFound` for whatever is not in `names`."""
        if name not in self.names:
            raise NotFound
        body = (self._folder / name).read_bytes()
        suffix = PurePosixPath(name).suffix
        packed = None if suffix in COMPRESSED_ALREADY else gzip.compress(body, mtime=0)
        return Asset(body=body, packed=packed, media_type=MEDIA_TYPES[suffix])


def init_app(app: Flask) -> None:
    """Serve the assets and give templates `asset_url(name)`."""
    assets = Assets(Path(app.root_path) / "static")

    def serve(fingerprint: str, name: str) -> Response:
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

    app.add_url_rule(f"{PREFIX}<fingerprint>/<path:name>", ENDPOINT, serve)
    app.add_template_global(asset_url)
