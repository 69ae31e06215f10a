"""Parse the headers that describe a body: digests and the modification time.

A request and a part of a form have the same headers.

Rule: a header that cannot be parsed is rejected, because the client relies on it.
"""

from __future__ import annotations

from datetime import datetime

from werkzeug.datastructures import Headers

from cabinet.errors import N_, InvalidField
from cabinet.services.tree.entries import to_mtime
from cabinet.services.uploads.uploads import ExpectedContent
from cabinet.storage.content_hash import is_content_hash
from cabinet.web.ranges import MTIME, from_digest

CONTENT_HASH = "X-Content-Hash"

BAD_DIGEST = N_("it is not a supported digest.")


def expected_content_of(headers: Headers, size: int | None = None) -> ExpectedContent:
    """Return the digests that `headers` announce for a body of `size` bytes; raises `InvalidField`."""
    return ExpectedContent(size, content_hash_of(headers, CONTENT_HASH), _sha256_of(headers))


def content_hash_of(headers: Headers, name: str) -> str | None:
    """Return the content hash in the header `name`, None without it; raises `InvalidField`."""
    text = headers.get(name)
    if text is None:
        return None
    content_hash = text.strip().lower()
    if not is_content_hash(content_hash):
        raise InvalidField(field=name, reason=BAD_DIGEST)
    return content_hash


def mtime_of(headers: Headers) -> datetime | None:
    """Return the modification time that `headers` give, None without one; raises `InvalidField`."""
    text = headers.get(MTIME)
    return None if text is None else to_mtime(text.strip())


def _sha256_of(headers: Headers) -> str | None:
    found = set()
    for name in ("Content-Digest", "Repr-Digest"):
        try:
            digest = from_digest(headers.get(name, ""))
        except ValueError as error:
            raise InvalidField(field=name, reason=BAD_DIGEST) from error
        if digest is not None:
            found.add(digest)
    if len(found) > 1:
        raise InvalidField(field="Repr-Digest", reason=BAD_DIGEST)
    return found.pop() if found else None
