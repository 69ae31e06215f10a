"""Resumable uploads by the protocol tus 1.0.0.

Rule: every URL, header and JSON member of the protocol is named here and nowhere else. An upload is
identified by its id; a URL from the server is never followed.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3

from cabinet.client.failures import Refused
from cabinet.client.local import Body
from cabinet.client.times import to_seconds
from cabinet.client.wire.connection import Connection, Request
from cabinet.client.wire.entries import RemoteEntry
from cabinet.errors import CabinetError, Forbidden, OffsetMismatch
from cabinet.storage.content_hash import is_content_hash

UPLOADS = "/uploads"

_VERSION = {"Tus-Resumable": "1.0.0"}
_CONTENT_TYPE = "application/offset+octet-stream"

# Not of the protocol: the content hash of the whole upload, sent with the request that completes it.
_WHOLE_HASH = "Upload-Content-Hash"
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """The state of an upload; `content_hash` is "" until it is finished."""

    offset: int
    length: int | None
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class UnfinishedUpload:
    """An unfinished upload on the server; `document` is its JSON."""

    id: str
    path: str
    offset: int
    length: int | None
    expires_at: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Destination:
    """The target of an upload, sent as its metadata."""

    path: str
    on_conflict: str
    mtime_ns: int | None = None

    def to_metadata(self) -> str:
        """Return the value of the Upload-Metadata header."""
        folder, _, name = self.path.rpartition("/")
        members = {"filename": name, "folder": folder, "on_conflict": self.on_conflict}
        if (seconds := to_seconds(self.mtime_ns)) is not None:
            members["mtime"] = seconds
        return ",".join(f"{key} {_base64(value.encode())}" for key, value in members.items() if value)


def is_ahead(error: CabinetError) -> bool:
    """Return whether a part was refused because the server's offset is another one.

    The server may store the end of an interrupted request after it has told its offset.
    """
    return isinstance(error, Refused) and error.is_kind(OffsetMismatch)


class Tus:
    """The operations of the protocol; `to_entry` parses the JSON of an entry."""

    def __init__(self, connection: Connection, to_entry: Callable[[Any], RemoteEntry]) -> None:
        self._connection = connection
        self._to_entry = to_entry

    def round_trip(self) -> float:
        """Return the seconds of a request that needs no work on the server."""
        began = time.monotonic()
        self._connection.json(Request("OPTIONS", UPLOADS, is_repeatable=True))
        return time.monotonic() - began

    def create(self, length: int | None, destination: Destination) -> str:
        """Create an upload of `length` bytes, None if not known yet, and return its id."""
        headers = {"Upload-Metadata": destination.to_metadata(), **_length(length)}
        return self._create(headers)

    def create_partial(self, length: int, destination: Destination) -> str:
        """Create a partial upload of one to `destination` and return its id."""
        # The final upload repeats the metadata; here they are for lists of uploads.
        described = {"Upload-Metadata": destination.to_metadata()}
        return self._create({"Upload-Concat": "partial", **described, **_length(length)})

    def join(self, ids: Sequence[str], destination: Destination, content_hash: str) -> str:
        """Join finished partial uploads in order into a final one and return its id.

        It consumes the partial uploads, so the request is not repeatable. The server refuses another
        content than that of `content_hash`.
        """
        addresses = " ".join(self._connection.server.base + _target(each) for each in ids)
        headers = {
            "Upload-Concat": f"final;{addresses}",
            "Upload-Metadata": destination.to_metadata(),
            _WHOLE_HASH: content_hash,
        }
        return self._create(headers, is_repeatable=False)

    def get_status(self, upload_id: str) -> UploadStatus:
        """Return the status of an upload."""
        request = Request("HEAD", _target(upload_id), _VERSION, is_repeatable=True)
        return self._read_status(self._connection.open(request))

    def send(
        self,
        upload_id: str,
        offset: int,
        body: Body,
        *,
        content_hash: str | None = None,
        length: int | None = None,
    ) -> UploadStatus:
        """Send the bytes from `offset` without retries, and return the status of the upload.

        `content_hash` is that of the whole upload: if this part completes it, the server refuses another
        content. `length` sets the length of an upload that was created without one.
        """
        headers = {**_VERSION, "Content-Type": _CONTENT_TYPE, "Upload-Offset": str(offset)}
        if content_hash is not None:
            headers[_WHOLE_HASH] = content_hash
        if length is not None:
            headers["Upload-Length"] = str(length)
        return self._read_status(self._connection.once(Request("PATCH", _target(upload_id), headers, body)))

    def cancel(self, upload_id: str) -> None:
        """Cancel an upload; the server discards its bytes."""
        self._connection.json(Request("DELETE", _target(upload_id), _VERSION, is_repeatable=True))

    def entry(self, upload_id: str) -> RemoteEntry:
        """Return the entry of a finished upload."""
        request = Request("GET", _target(upload_id), is_repeatable=True)
        try:
            return self._to_entry(self._connection.json(request))
        except Refused as error:
            if not error.is_kind(Forbidden):
                raise
        return self._sent(upload_id)

    def _sent(self, upload_id: str) -> RemoteEntry:
        """Return the entry of a finished upload from its headers, for a token that must not read."""
        response = self._connection.open(Request("HEAD", _target(upload_id), _VERSION, is_repeatable=True))
        status = self._read_status(response)
        address = urlsplit(response.headers.get("Content-Location", "")).path
        path = unquote(address.partition("/files/")[2])
        document = {"kind": "file", "name": path.rpartition("/")[2], "path": path}
        return self._to_entry(document | {"size": status.offset, "content_hash": status.content_hash})

    def list(self) -> list[UnfinishedUpload]:
        """Return the unfinished uploads of the user."""
        answer = self._connection.json(Request("GET", UPLOADS, is_repeatable=True))
        items = answer.get("uploads") if isinstance(answer, dict) else None
        if not isinstance(items, list):
            raise self._connection.misunderstood("it has no list “uploads”")
        return [self._read_unfinished(item) for item in items]

    def _create(self, headers: Mapping[str, str], *, is_repeatable: bool = True) -> str:
        # Safe to repeat: a duplicate upload stays empty and expires.
        request = Request("POST", UPLOADS, {**_VERSION, **headers}, b"", is_repeatable=is_repeatable)
        response = self._connection.open(request)
        with self._connection.reading(response):
            upload_id = response.headers.get("Location", "").rstrip("/").rpartition("/")[2]
        if not _ID.fullmatch(upload_id):
            raise self._connection.misunderstood("the upload has no Location")
        return upload_id

    def _read_status(self, response: urllib3.BaseHTTPResponse) -> UploadStatus:
        with self._connection.reading(response):
            response.drain_conn()
        offset = response.headers.get("Upload-Offset", "")
        length = response.headers.get("Upload-Length", "")
        content_hash = response.headers.get("X-Content-Hash", "")
        if not (offset.isascii() and offset.isdigit()) or not is_content_hash(content_hash or "0" * 64):
            raise self._connection.misunderstood("an upload has no offset or hash")
        return UploadStatus(int(offset), int(length) if length.isdecimal() else None, content_hash)

    def _read_unfinished(self, item: Any) -> UnfinishedUpload:
        members = item if isinstance(item, dict) else {}
        upload_id, offset, length = members.get("id"), members.get("offset"), members.get("length")
        if not isinstance(upload_id, str) or not _ID.fullmatch(upload_id) or not isinstance(offset, int):
            raise self._connection.misunderstood("an upload has no id or offset")
        return UnfinishedUpload(
            upload_id,
            str(members.get("path") or ""),
            offset,
            length if isinstance(length, int) else None,
            str(members.get("expires_at") or ""),
            members,
        )


def _target(upload_id: str) -> str:
    return f"{UPLOADS}/{upload_id}"


def _length(length: int | None) -> dict[str, str]:
    return {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
