"""Send a blob: conditional requests, one range, and the headers of a download.

Werkzeug's `send_file` rejects a range in an unknown unit, several ranges, and a suffix longer than the file,
where RFC 9110 requires the whole file; hence this module. The bytes are sent through the server's file
wrapper, which on gunicorn is the kernel's sendfile.

Rule: ranges are half-open in code, inclusive in headers. The only validator is the content hash.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC
from email.utils import format_datetime
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import quote

from flask import Request, Response
from werkzeug.datastructures import ETags
from werkzeug.wsgi import wrap_file

from cabinet.services.tree.entries import OCTETS, Entry, Precondition, from_mtime
from cabinet.storage.chunks import CHUNK_SIZE

# Types that browsers may display: none of them can run a script.
INLINE_TYPES = {
    "image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp",
    "audio/flac", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/wav", "audio/x-wav", "audio/webm",
    "video/mp4", "video/ogg", "video/quicktime", "video/webm",
    "text/plain",
}  # fmt: skip

# The modification time of a file with microseconds, in seconds since 1970; in requests and responses.
MTIME = "X-Mtime"

SANDBOX = "default-src 'none'; sandbox"

# Destinations for which a page would run a content or show it as its own (Fetch, 2.2.5). Users' content is
# never part of our pages, so it is refused, which also keeps it out of caches under another name.
RUN_AS = {
    "audioworklet", "embed", "frame", "iframe", "object", "paintworklet", "script", "serviceworker",
    "sharedworker", "style", "worker", "xslt",
}  # fmt: skip

_RANGE = re.compile(r"bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE)
# Longer numbers are larger than any file, and Python refuses to parse the longest.
_DIGITS = 19


class _Window:
    """The bytes of a file up to `stop`, for servers that read until the end."""

    def __init__(self, stream: BinaryIO, start: int, stop: int) -> None:
        self._stream = stream
        self._left = stop - start
        stream.seek(start)

    def fileno(self) -> int:
        return self._stream.fileno()

    def read(self, size: int = CHUNK_SIZE) -> bytes:
        chunk = self._stream.read(min(size, self._left))
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        self._stream.close()


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Parse a Range header for a content of `size` bytes; return a half-open range.

    None if it must be ignored: not bytes, malformed, several ranges, or an empty content; then everything is
    sent. Empty (start equals stop) if no part of it lies within the content.
    """
    match = _RANGE.fullmatch(header.strip())
    first, last = match.groups() if match else ("", "")
    if not size or not (first or last):
        return None
    if not first:
        return size - min(size, _to_int(last)), size
    start = _to_int(first)
    stop = _to_int(last) + 1 if last else size
    if stop <= start and last:
        return None
    return (start, min(stop, size)) if start < size else (size, size)


def _to_int(digits: str) -> int:
    return int(digits) if len(digits) <= _DIGITS else 10**_DIGITS


def to_etag(content_hash: str) -> str:
    """Return the entity tag of a content; it is always strong."""
    return f'"{content_hash}"'


def precondition_of(request: Request) -> Precondition:
    """Return the precondition of If-Match and If-None-Match on the current content (RFC 9110, 13.1)."""
    match = request.if_match if "If-Match" in request.headers else None
    none_match = request.if_none_match if "If-None-Match" in request.headers else None

    def holds(content_hash: str | None) -> bool:
        if match is not None and not _names(match, content_hash, match.contains):
            return False
        return none_match is None or not _names(none_match, content_hash, none_match.contains_weak)

    return holds


def _names(tags: ETags, content_hash: str | None, contains: Callable[[str], bool]) -> bool:
    return content_hash is not None and (tags.star_tag or contains(content_hash))


def send_entry(
    request: Request, entry: Entry, open_content: Callable[[], BinaryIO], *, attachment: bool
) -> Response:
    """Return the response to a GET or HEAD of a file; `open_content` is called at most once.

    The server closes the stream once the response is sent.
    """
    if request.headers.get("Sec-Fetch-Dest") in RUN_AS:
        return Response(status=HTTPStatus.FORBIDDEN)
    content_hash, size = entry.content_hash or "", entry.size or 0
    status = _precondition_status(request, entry, content_hash)
    if status is not None:
        return _with_validators(Response(status=status), entry, content_hash)
    start, stop = 0, size
    asked = _asked_range(request, content_hash, size)
    if asked is not None:
        start, stop = asked
        if start == stop:
            refused = Response(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            refused.headers["Content-Range"] = f"bytes */{size}"
            return _with_validators(refused, entry, content_hash)
    stream = open_content()
    if request.method == "HEAD":
        stream.close()
        response = Response()
    else:
        response = Response(wrap_file(request.environ, _Window(stream, start, stop), CHUNK_SIZE))  # type: ignore[arg-type]  # read, close and fileno are all it needs
        response.direct_passthrough = True
    if asked is not None:
        response.status_code = HTTPStatus.PARTIAL_CONTENT
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response.content_length = stop - start
    _describe(response, entry, attachment=attachment)
    return _with_validators(response, entry, content_hash)


def _precondition_status(request: Request, entry: Entry, content_hash: str) -> HTTPStatus | None:
    """Return 412 or 304 if a condition requires it, in the order of RFC 9110, 13.2.2."""
    modified_at = entry.modified_at.replace(microsecond=0)
    if "If-Match" in request.headers:
        if not _names(request.if_match, content_hash, request.if_match.contains):
            return HTTPStatus.PRECONDITION_FAILED
    elif request.if_unmodified_since and modified_at > request.if_unmodified_since:
        return HTTPStatus.PRECONDITION_FAILED
    if "If-None-Match" in request.headers:
        if _names(request.if_none_match, content_hash, request.if_none_match.contains_weak):
            return HTTPStatus.NOT_MODIFIED
    elif request.if_modified_since and modified_at <= request.if_modified_since:
        return HTTPStatus.NOT_MODIFIED
    return None


def _asked_range(request: Request, content_hash: str, size: int) -> tuple[int, int] | None:
    header = request.headers.get("Range")
    if header is None or request.method != "GET":
        return None
    condition = request.headers.get("If-Range")
    # A date is a weak validator (two contents may share a second), and a weak one never matches.
    if condition is not None and condition.strip() != to_etag(content_hash):
        return None
    return parse_range(header, size)


def _describe(response: Response, entry: Entry, *, attachment: bool) -> None:
    media_type = entry.media_type or OCTETS
    inline = not attachment and media_type in INLINE_TYPES
    is_text = media_type.startswith("text/")
    response.headers["Content-Type"] = f"{media_type}; charset=utf-8" if is_text else media_type
    # Of a new response: to set one looks for others of its name, which takes three times as long.
    response.headers.add("Content-Disposition", to_disposition(entry.name, inline=inline))
    response.headers.add("Content-Security-Policy", SANDBOX)


def _with_validators(response: Response, entry: Entry, content_hash: str) -> Response:
    add = response.headers.add
    add("ETag", to_etag(content_hash))
    add("Last-Modified", format_datetime(entry.modified_at.astimezone(UTC), usegmt=True))
    # Last-Modified has only seconds.
    add(MTIME, from_mtime(entry.modified_at))
    add("Accept-Ranges", "bytes")
    add("Cache-Control", "private, no-cache")
    return response


def to_disposition(name: str, *, inline: bool = False) -> str:
    """Return a Content-Disposition for any name (RFC 6266, with RFC 8187 encoding)."""
    plain = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in name)
    kind = "inline" if inline else "attachment"
    # The characters besides letters and digits that RFC 8187 does not encode.
    encoded = quote(name, safe="!#$&+^`|")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def to_digest(sha256: str) -> str:
    """Return a Repr-Digest value (RFC 9530) for a SHA-256 in hex."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def from_digest(header: str) -> str | None:
    """Return the SHA-256, in hex, of a Repr-Digest or Content-Digest value; None when it has none.

    Raises ValueError when there is one and it is malformed.
    """
    for member in header.split(","):
        algorithm, _, value = member.strip().partition("=")
        if algorithm.lower() == "sha-256":
            value = value.strip()
            digest = base64.b64decode(value.strip(":"), validate=True)
            if len(digest) != 32 or not (value.startswith(":") and value.endswith(":")):
                raise ValueError("not a SHA-256")
            return digest.hex()
    return None
