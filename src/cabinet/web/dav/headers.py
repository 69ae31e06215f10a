"""Parse the headers of WebDAV's clients: the time and the checksum of an upload.

Rule: a header that cannot be parsed is refused, because the client relies on it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import request
from werkzeug.datastructures import Headers

from cabinet.errors import N_, MalformedRequest
from cabinet.services.tree.entries import to_mtime
from cabinet.storage.chunks import BackgroundHasher, Chunk, iter_hashed
from cabinet.web.digests import mtime_of

# The time of the last change on the client, in seconds since 1970.
MTIME = "X-OC-Mtime"
MTIME_ACCEPTED = "accepted"
CHECKSUM = "OC-Checksum"

BAD_HEADER = N_("a header has a value that this method does not know.")
BAD_CHECKSUM = N_("OC-Checksum is not MD5, SHA1 or SHA256 with its hexadecimal digits.")
CHECKSUM_DIFFERS = N_("the content that arrived does not have the announced checksum.")

# By name, with the number of hexadecimal digits.
_ALGORITHMS = {"MD5": 32, "SHA1": 40, "SHA256": 64}
_CHECKSUM = re.compile(r"\s*([A-Za-z0-9-]+):([0-9A-Fa-f]+)\s*")


@dataclass(frozen=True, slots=True)
class BodyChecksum:
    """The checksum that a client announced for the body."""

    algorithm: str
    digest: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.digest}"

    def new(self) -> hashlib._Hash:
        """Return what computes it."""
        # Not for secrecy: these are the algorithms that clients have.
        return hashlib.new(self.algorithm.lower(), usedforsecurity=False)

    def watch(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Pass the body on; raises `MalformedRequest` at its end if the checksum differs."""
        hasher = self.new()
        aside = BackgroundHasher(hasher)
        try:
            yield from iter_hashed(chunks, aside)
        finally:
            aside.close()
        if hasher.hexdigest() != self.digest:
            raise MalformedRequest(reason=CHECKSUM_DIFFERS)


def checksum_of(headers: Headers) -> BodyChecksum | None:
    """Return the announced checksum, None without one; raises `MalformedRequest`."""
    text = headers.get(CHECKSUM)
    if text is None:
        return None
    match = _CHECKSUM.fullmatch(text)
    algorithm, digest = (match[1].upper(), match[2].lower()) if match else ("", "")
    if _ALGORITHMS.get(algorithm) != len(digest):
        raise MalformedRequest(reason=BAD_CHECKSUM)
    return BodyChecksum(algorithm, digest)


def mtime_of_upload() -> datetime | None:
    """Return the time of the last change that the headers give, None without one; raises `InvalidField`."""
    text = request.headers.get(MTIME)
    return mtime_of(request.headers) if text is None else to_mtime(text.strip())
