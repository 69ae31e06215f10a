"""Parse the headers that describe a body: digests and the modification time.

A request and a part of a form have the same headers.

Rule: a header that cannot be parsed is rejected, because the client relies on it.
"""

from __future__ import annotations

from datetime import datetime

from werkzeug.datastructures import Headers

from cabinet.errors import N_, InvalidField
from cabinet.services.tree.entries import to_mtime
from cabinet.services.uploads.uploads import Promised
from cabinet.storage.content_hash import is_content_hash
from cabinet.web.ranges import MTIME, from_digest

CONTENT_HASH = "X-Content-Hash"

BAD_DIGEST = N_("it is not a digest of the form that is understood here.")


def promised_of(headers: Headers, size: int | None = None) -> Promised:
    """Return the digests that `headers` announce for a body of `size` bytes; raises `InvalidField`."""
    content_hash = headers.get(CONTENT_HASH)
    if content_hash is not None:
        content_hash = content_hash.strip().lower()
        if not is_content_hash(content_hash):
            raise InvalidField(field=CONTENT_HASH, reason=BAD_DIGEST)
    return Promised(size, content_hash, _sha256_of(headers))


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
