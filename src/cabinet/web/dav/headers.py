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
# What programs compare; of ownCloud's either, of Nextcloud's the second.
_COMPARED = ("MD5", "SHA1")
# Bytes of a body that is hashed faster than a thread begins.
SMALL_BODY = 256 << 10
_CHECKSUM = re.compile(r"\s*([A-Za-z0-9-]+):([0-9A-Fa-f]+)\s*")


@dataclass(frozen=True, slots=True)
class AnnouncedChecksum:
    """The checksum that a client announced for a content."""

    algorithm: str
    digest: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.digest}"

    def new(self) -> hashlib._Hash:
        """Return what computes it."""
        return _new(self.algorithm)


class BodyChecksums:
    """The checksums of a body, computed while it passes: that which the client announced, and those to be known.

    The programs that announce SHA-1 or MD5, or a time without any checksum, ask for either of them when they compare.
    Others get only what they announced, which costs the least.
    """

    def __init__(self, headers: Headers) -> None:
        """Read what is announced; raises `MalformedRequest`."""
        self._announced = checksum_of(headers)
        wanted = {self._announced.algorithm} if self._announced else set()
        if wanted.intersection(_COMPARED) or (not wanted and MTIME in headers):
            wanted.update(_COMPARED)
        self._hashers = {name: _new(name) for name in sorted(wanted)}
        self._in_background = headers.get("Content-Length", type=int) not in range(SMALL_BODY + 1)

    def watch(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Pass the body on; raises `MalformedRequest` at its end if the announced checksum differs."""
        if not self._in_background:
            yield from iter_hashed(chunks, *self._hashers.values())
        else:
            aside = [BackgroundHasher(hasher) for hasher in self._hashers.values()]
            try:
                yield from iter_hashed(chunks, *aside)
            finally:
                for each in aside:
                    each.close()
        announced = self._announced
        if announced and self._hashers[announced.algorithm].hexdigest() != announced.digest:
            raise MalformedRequest(reason=CHECKSUM_DIFFERS)

    def known(self) -> str | None:
        """Return what is known of the body once it has passed, None for nothing."""
        return " ".join(f"{name}:{hasher.hexdigest()}" for name, hasher in self._hashers.items()) or None


def _new(algorithm: str) -> hashlib._Hash:
    # Not for secrecy: these are the algorithms that clients have.
    return hashlib.new(algorithm.lower(), usedforsecurity=False)


def checksum_of(headers: Headers) -> AnnouncedChecksum | None:
    """Return the announced checksum, None without one; raises `MalformedRequest`."""
    text = headers.get(CHECKSUM)
    if text is None:
        return None
    match = _CHECKSUM.fullmatch(text)
    algorithm, digest = (match[1].upper(), match[2].lower()) if match else ("", "")
    if _ALGORITHMS.get(algorithm) != len(digest):
        raise MalformedRequest(reason=BAD_CHECKSUM)
    return AnnouncedChecksum(algorithm, digest)


def mtime_of_upload() -> datetime | None:
    """Return the time of the last change that the headers give, None without one; raises `InvalidField`."""
    text = request.headers.get(MTIME)
    return mtime_of(request.headers) if text is None else to_mtime(text.strip())
