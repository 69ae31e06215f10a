"""What a backend promises.

The life of bytes: `begin`, `append` while they come, `finish` (counted, hashed, durable in
staging, still invisible), `publish` (a blob), and `discard` of what staging still holds. An upload
of several requests is made by `create`; each of them holds its `lock`, goes on by `resume`, and
ends with `keep`.

Rule: a backend knows content hashes and staging ids, never a user, a name or a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from cabinet.storage.blocks import Measured


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A blob or a staged upload as the backend sees it: its key, bytes, and last change (UTC)."""

    key: str
    size: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class StagedPart:
    """A staged upload as a part of a larger one; `size` is all of it, in bytes."""

    staging_id: str
    size: int


class Staging(Protocol):
    """The bytes of one upload in progress; invisible, and owned by whoever began it."""

    @property
    def id(self) -> str:
        """The key under which the backend holds the bytes until they are discarded."""

    def append(self, chunks: Iterable[bytes]) -> None:
        """Write `chunks` behind what is there; raises `StorageFull` when there is no room."""

    def finish(self) -> Measured:
        """Make all bytes durable and tell their size and hash.

        Called once: after it, or an error of it, `append` and `finish` raise ValueError.
        """


class ResumedStaging(Staging, Protocol):
    """An upload that outlives the request: only what is kept counts when it goes on the next time."""

    @property
    def offset(self) -> int:
        """Bytes taken so far, those of earlier requests included."""

    @property
    def kept(self) -> int:
        """Bytes that are durable; grows by itself while bytes come, unless these are tentative."""

    def content_hash(self) -> str | None:
        """Return the content hash of what was appended here, None when that began inside a block.

        It costs nothing, for the blocks are hashed anyway.
        """

    def keep(self) -> None:
        """Make all bytes durable that were taken so far."""


class BlobStore(Protocol):
    """Immutable bytes, keyed by their content hash. Safe for many threads and processes."""

    def begin(self, expected_size: int | None = None) -> AbstractContextManager[Staging]:
        """Open a new upload; leaving the context closes it and discards what staging holds.

        Leaving raises nothing of its own: what cannot be discarded then is left to the sweep.
        Raises `StorageFull` at once when `expected_size` bytes have no room.
        """

    def create(self, expected_size: int | None = None) -> str:
        """Make a staged upload that stays until it is discarded, durably, and return its id.

        Raises `StorageFull` at once when `expected_size` bytes have no room.
        """

    def lock(
        self, staging_id: str, *, patience: float, let_go: Callable[[], None] | None = None
    ) -> AbstractContextManager[None]:
        """Be the only one, over all processes, who works on a staged upload.

        Whoever comes next has `let_go` of the holder called, from another thread, and waits for at
        most `patience` seconds; then raises `UploadLocked`. Raises `UploadGone` where nothing is
        staged. A lock ends with the process that holds it.
        """

    def resume(
        self, staging_id: str, offset: int, *, tentative: bool = False
    ) -> AbstractContextManager[ResumedStaging]:
        """Go on with a staged upload at `offset`, as far as it was kept; the caller holds its lock.

        Leaving the context forgets what was not kept. With `tentative` nothing is kept before the
        caller says so. Raises `UploadGone` when staging does not hold so many bytes.
        """

    def join(self, parts: Sequence[StagedPart]) -> AbstractContextManager[Staging]:
        """Open a new upload made of the bytes of `parts` in their order; the caller holds their locks.

        It takes no further bytes. A part may come twice, and all stay as they are. Leaving the
        context does what it does for `begin`. Raises `UploadGone` or `StorageFull`.
        """

    def head(self, staging: Staging, size: int) -> bytes:
        """Return the first bytes of a finished upload, at most `size` of them."""

    def publish(self, finished: Sequence[tuple[Staging, Measured]]) -> None:
        """Make each finished upload the blob `measured.content_hash`, durably.

        The caller holds the locks of these hashes, and has one transaction open that will refer to
        the blobs. A blob that is there already is kept, unless its size is wrong: then the new
        bytes take its place.
        """

    def open(self, content_hash: str) -> BinaryIO:
        """Open a blob for reading, positioned at 0, with a real file descriptor if there is one.

        The caller closes it. It stays readable when the blob is removed meanwhile. Raises
        `BlobMissing`, and `StorageFault` when the blob may be there but cannot be opened.
        """

    def size_of(self, content_hash: str) -> int | None:
        """Return a blob's size in bytes, or None when it is not there."""

    def remove(self, content_hash: str) -> None:
        """Remove a blob, which need not be there; the caller holds the lock of that hash."""

    def removing(self) -> AbstractContextManager[bool]:
        """Say that blobs are about to be removed; gives False where somebody keeps them, over all processes."""

    def keeping(self) -> AbstractContextManager[None]:
        """Have every blob stay for as long as the context lasts; waits for whoever is removing some.

        It ends with the process that keeps them, however that ends.
        """

    def discard(self, staging_id: str) -> None:
        """Forget a staged upload, which need not be there."""

    def iter_blobs(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield the blobs whose keys begin with `prefix`, in no particular order."""

    def iter_staged(self) -> Iterator[StoredObject]:
        """Yield every staged upload, finished or not, in no particular order."""

    def check_room(self, size: int = 0) -> None:
        """Raise `StorageFull` where `size` bytes more would leave less free than the reserve."""

    def free_bytes(self) -> int | None:
        """Return how many bytes are free, the reserve included, or None when the backend cannot know."""

    def reserve_bytes(self) -> int:
        """Return how many of them content may not take."""


@runtime_checkable
class OnDisk(Protocol):
    """What a store can do besides whose blobs are files below one folder: see `copying.py`."""

    @property
    def root(self) -> Path:
        """The folder that all of it lies below."""

    def link_from(self, source: BlobStore, content_hashes: Sequence[str]) -> Sequence[str]:
        """Make these blobs of `source` blobs here, too, durably, without a copy of their bytes.

        Returns which of them are: none where the two stores do not lie on one filesystem.
        """
