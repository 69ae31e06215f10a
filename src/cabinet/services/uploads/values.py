"""What is said of an upload that goes on over several requests.

Rule: plain values; nothing here touches the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cabinet.models import Upload, UploadKind
from cabinet.services.tree.entries import Conflict
from cabinet.services.uploads.publishing import Target


@dataclass(frozen=True, slots=True)
class Plan:
    """What an upload shall become; `length` is None until somebody knows it.

    `description` is what the client wants to be told again, word for word, and `parts` how it named
    the uploads that are joined.
    """

    target: Target
    length: int | None = None
    kind: UploadKind = UploadKind.WHOLE
    description: str | None = None
    parts: str | None = None


class PartHasher(Protocol):
    """Computes the digest of a part while it passes."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Checksum:
    """A digest, in hex, that a part has to have; `new` makes the hasher."""

    new: Callable[[], PartHasher]
    digest: str


@dataclass(frozen=True, slots=True)
class Part:
    """What one request brings: bytes from `offset` on, `size` of them if that was announced.

    `content_hash` is the hash of these bytes alone, which costs less to check than a checksum does.
    `length` is the upload's, where the request names it. `let_go` makes `chunks` end soon; it is
    called from another thread.
    """

    offset: int
    chunks: Iterable[bytes]
    size: int | None
    length: int | None = None
    checksum: Checksum | None = None
    content_hash: str | None = None
    let_go: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class UploadInfo:
    """An upload as its owner sees it. `content_hash` is known once it has become the file at `path`."""

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
        """Tell whether all bytes are there and have become what they were for."""
        if self.kind is UploadKind.PARTIAL:
            return self.offset == self.length
        return self.content_hash is not None


def lock_name(upload_id: str) -> str:
    """Return what the lock of an upload is called."""
    return f"upload {upload_id}"


def to_info(row: Upload) -> UploadInfo:
    """Copy a row."""
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
    """Return where an upload shall go, as its row has it."""
    return Target(row.path, Conflict(row.on_conflict), modified_at=row.modified_at, media_type=row.media_type)


class LetGo:
    """Makes a part end soon, and remembers that it did."""

    def __init__(self, let_go: Callable[[], None] | None) -> None:
        self._let_go = let_go
        self.was_called = False

    def __call__(self) -> None:
        self.was_called = True
        if self._let_go is not None:
            self._let_go()
