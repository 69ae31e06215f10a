"""The values that describe a resumable upload.

Rule: plain values; nothing here touches the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cabinet.models import Upload, UploadKind
from cabinet.services.tree.entries import OnConflict
from cabinet.services.uploads.publishing import Target
from cabinet.storage.chunks import Chunk


@dataclass(frozen=True, slots=True)
class Plan:
    """A request to create an upload; `length` is None while unknown.

    `description` is metadata that is returned to the client unchanged, and `parts` the client's list of the
    uploads to join. `upload_hash` is the expected content hash of an upload that is complete at once, and `checksum` any
    other digest of a joined one. `network` is where a guest comes from.
    """

    target: Target
    length: int | None = None
    kind: UploadKind = UploadKind.WHOLE
    description: str | None = None
    parts: str | None = None
    upload_hash: str | None = None
    network: str | None = None
    checksum: Checksum | None = None


class PartHasher(Protocol):
    """Computes the digest of a part while it is received."""

    def update(self, data: Chunk, /) -> None: ...

    def hexdigest(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Checksum:
    """The expected digest of a part, in hex; `new` creates the hasher."""

    new: Callable[[], PartHasher]
    digest: str


@dataclass(frozen=True, slots=True)
class Part:
    """The body of one request: bytes from `offset` on, `size` of them if that was announced.

    `content_hash` is the hash of these bytes alone, which costs less to check than a checksum. `length` is
    that of the upload, if the request gives it, and `upload_hash` the content hash of the whole upload, which is
    checked if this part completes it. `request_release` makes `chunks` end soon; it is called from another
    thread.
    """

    offset: int
    chunks: Iterable[Chunk]
    size: int | None
    length: int | None = None
    checksum: Checksum | None = None
    content_hash: str | None = None
    upload_hash: str | None = None
    request_release: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class UploadInfo:
    """An upload as its owner sees it. `content_hash` is set once it has become the file at `path`."""

    id: str
    kind: UploadKind
    path: str
    offset: int
    length: int | None
    description: str | None
    parts: str | None
    content_hash: str | None
    created_at: datetime
    expires_at: datetime

    @property
    def is_finished(self) -> bool:
        """Return whether all bytes were received and, unless the upload is partial, published."""
        if self.kind is UploadKind.PARTIAL:
            return self.offset == self.length
        return self.content_hash is not None


def lock_name(upload_id: str) -> str:
    """Return the name of the lock of an upload."""
    return f"upload {upload_id}"


def to_info(row: Upload) -> UploadInfo:
    """Return the values of a row."""
    return UploadInfo(
        id=row.id,
        kind=UploadKind(row.kind),
        path=row.path,
        offset=row.offset,
        length=row.length,
        description=row.description,
        parts=row.parts,
        content_hash=row.content_hash,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def target_of(row: Upload) -> Target:
    """Return the target that is stored in the row of an upload."""
    return Target(
        row.path, OnConflict(row.on_conflict), modified_at=row.modified_at, media_type=row.media_type
    )


class ReleaseRequest:
    """Makes a part end soon, and remembers whether it was called."""

    def __init__(self, request_release: Callable[[], None] | None) -> None:
        self._request_release = request_release
        self.was_called = False

    def __call__(self) -> None:
        self.was_called = True
        if self._request_release is not None:
            self._request_release()
