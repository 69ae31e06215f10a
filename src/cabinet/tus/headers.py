"""Parse the request headers of tus, and build its response headers.

Rule: pure functions; malformed input raises `MalformedRequest`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from email.utils import format_datetime
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

from cabinet.errors import N_, MalformedRequest, TooLarge
from cabinet.models import UploadKind
from cabinet.services.kernel.ids import new_id
from cabinet.services.tree.entries import OnConflict, to_media_type, to_mtime
from cabinet.services.tree.names import join_path, split_path, to_name
from cabinet.services.uploads.publishing import Target
from cabinet.services.uploads.values import Checksum, UploadInfo
from cabinet.web.parameters import to_on_conflict

VERSION = "1.0.0"
EXTENSIONS = (
    "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,concatenation"
)
PATCH_TYPE = "application/offset+octet-stream"

# Our own: the content hash of the whole upload, with the request that completes it.
UPLOAD_HASH = "Upload-Content-Hash"

CHECKSUMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}

BAD_NUMBER = N_("an offset or a length is not a number.")
LENGTH_OR_DEFERRED = N_("either Upload-Length or Upload-Defer-Length: 1 is required.")
BAD_METADATA = N_("Upload-Metadata is not pairs of a key and its value in base64.")
BAD_CHECKSUM = N_("Upload-Checksum is not sha1 or sha256 and a digest in base64.")
BAD_CONCAT = N_("Upload-Concat is neither partial nor final with the addresses of uploads.")

_KEY = re.compile(r"[!-+\--~]+")
_UPLOAD = re.compile(r"(?:^|/)uploads/([^/]+)$")
# Longer numbers are larger than any file, and Python refuses to read the longest.
_DIGITS = 19


def to_number(text: str | None) -> int:
    """Parse an offset or a length; raises `TooLarge` above 2^63 - 1."""
    if text is None or not (text.isascii() and text.isdigit()):
        raise MalformedRequest(reason=BAD_NUMBER)
    if len(text.lstrip("0")) > _DIGITS:
        raise TooLarge(limit=2**63 - 1)
    return int(text)


def to_offset(text: str | None) -> int:
    """Parse the offset of a part."""
    try:
        return to_number(text)
    except TooLarge as error:
        raise MalformedRequest(reason=BAD_NUMBER) from error


def optional_number(text: str | None) -> int | None:
    """Parse an offset or a length; None stays None."""
    return None if text is None else to_number(text)


def length_of_creation(headers: Headers) -> int | None:
    """Return the length of a new upload, None when it is deferred."""
    deferred, length = headers.get("Upload-Defer-Length"), headers.get("Upload-Length")
    if (deferred is None) == (length is None) or deferred not in {None, "1"}:
        raise MalformedRequest(reason=LENGTH_OR_DEFERRED)
    return optional_number(length)


def parse_metadata(header: str) -> Mapping[str, str]:
    """Parse Upload-Metadata; bytes that are not UTF-8 become surrogates, which names do not allow."""
    metadata: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in metadata:
            raise MalformedRequest(reason=BAD_METADATA)
        try:
            decoded = base64.b64decode(value.strip(), validate=True)
        except (binascii.Error, ValueError) as error:
            raise MalformedRequest(reason=BAD_METADATA) from error
        metadata[key] = decoded.decode(errors="surrogateescape")
    return metadata


def to_target(metadata: Mapping[str, str]) -> Target:
    """Return the target of an upload; without a file name, generate a unique one.

    Raises `InvalidName` or `InvalidField`.
    """
    name = to_name(metadata.get("filename") or f"upload-{new_id()[:8]}")
    path = join_path((*split_path(metadata.get("folder", "")), name))
    split_path(path)
    on_conflict = to_on_conflict(metadata.get("on_conflict", OnConflict.REPLACE))
    mtime = metadata.get("mtime")
    return Target(
        path,
        on_conflict,
        modified_at=to_mtime(mtime) if mtime else None,
        media_type=to_media_type(metadata.get("filetype", "")),
    )


def parse_checksum(header: str | None) -> Checksum | None:
    """Parse Upload-Checksum; None without the header."""
    if header is None:
        return None
    algorithm, _, encoded = header.strip().partition(" ")
    try:
        new = CHECKSUMS[algorithm]
        digest = base64.b64decode(encoded, validate=True)
    except (KeyError, binascii.Error, ValueError) as error:
        raise MalformedRequest(reason=BAD_CHECKSUM) from error
    if len(digest) != new().digest_size:
        raise MalformedRequest(reason=BAD_CHECKSUM)
    return Checksum(new, digest.hex())


def parse_concat(header: str | None) -> tuple[UploadKind, list[str]]:
    """Parse Upload-Concat: return the kind of upload and, for a joined one, the ids of its parts."""
    if header is None:
        return UploadKind.WHOLE, []
    if header == "partial":
        return UploadKind.PARTIAL, []
    word, _, urls = header.partition(";")
    parts = [_upload_id(url) for url in urls.split()]
    if word != "final" or not parts:
        raise MalformedRequest(reason=BAD_CONCAT)
    return UploadKind.JOINED, parts


def _upload_id(url: str) -> str:
    try:
        found = _UPLOAD.search(urlsplit(url).path)
    except ValueError as error:
        raise MalformedRequest(reason=BAD_CONCAT) from error
    if found is None:
        raise MalformedRequest(reason=BAD_CONCAT)
    return found[1]


def announcement(max_size: int) -> dict[str, str]:
    """Return the headers that describe this server's capabilities."""
    return {
        "Tus-Version": VERSION,
        "Tus-Max-Size": str(max_size),
        "Tus-Extension": EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
    }


def progress(state: UploadInfo) -> dict[str, str]:
    """Return the headers with the offset and the expiry of an upload."""
    headers = {"Upload-Offset": str(state.offset)}
    if state.content_hash is None:
        headers["Upload-Expires"] = format_datetime(state.expires_at, usegmt=True)
    return headers


def description(state: UploadInfo) -> dict[str, str]:
    """Return the headers with the length, metadata and parts given at creation."""
    length = state.length
    headers = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    if state.description is not None:
        headers["Upload-Metadata"] = state.description
    if state.parts is not None:
        headers["Upload-Concat"] = state.parts
    return headers
