"""What a backend promises: a small core, and what only some can do beside it.

    BlobStore         begin, publish, open, size_of, remove, iter_blobs, free_bytes
    ResumableStore    ... and uploads of several requests, which it keeps between them
    ContentNamed      ... and its keys follow from the content hashes
    OnDisk            ... and its blobs are files
    Locker            locks by name, over all processes that share a store

The life of bytes: `begin`, `append` while they come, `finish` (counted, hashed, durable in
staging, still invisible), `publish` (a blob), and the end of what staging still holds. An upload
of several requests is made by `create`; each of them goes on by `resume`, under the lock of the
upload, and ends with `keep`.

A blob has a key, which the store chooses and the blob's row carries. Where keys follow from the
content, several uploads may be about to publish one blob: hence `publish` is called in the
transaction that refers to it, under the lock of its hash. A store that gives each upload a key of
its own may do all of its work in `finish`, before any transaction, and next to nothing in `publish`.

Rule: a backend knows keys, content hashes and staging ids, never a user, a name or a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from cabinet.storage.blocks import Measured
from cabinet.storage.reserve import Free

# The lock of all blobs of a store: who needs that every one stays holds it together with others who
# do, and who removes some holds it alone.
BLOBS_LOCK = "blobs"


@dataclass(frozen=True, slots=True)
class Sealed(Measured):
    """What is known of an upload that takes no more bytes, and the key that its blob shall have."""

    key: str


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
        """What the backend knows the bytes by until they are discarded."""

    def append(self, chunks: Iterable[bytes]) -> None:
        """Write `chunks` behind what is there; raises `StorageFull` when there is no room."""

    def finish(self) -> Sealed:
        """Make all bytes durable and tell their size, their hash, and the key that they shall have.

        Called once: after it, or an error of it, `append` and `finish` raise ValueError.
        """

    def head(self, size: int) -> bytes:
        """Return the first bytes, at most `size` of them, once it is finished."""


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
    """Immutable bytes, by their keys. Safe for many threads and processes."""

    def begin(self, expected_size: int | None = None) -> AbstractContextManager[Staging]:
        """Open a new upload; leaving the context closes it and discards what staging holds.

        Leaving raises nothing of its own: what cannot be discarded then is left to the sweep.
        Raises `StorageFull` at once when `expected_size` bytes have no room.
        """

    def publish(self, finished: Sequence[tuple[Staging, Sealed]]) -> None:
        """Make each finished upload the blob `sealed.key`, durably.

        That is the key which `finish` told, or, where a row knows that content already, the row's.
        The caller holds the locks of the hashes, and has one transaction open that will refer to
        the blobs. A blob that is there already is kept, unless its size is wrong: then the new
        bytes take its place.
        """

    def open(self, key: str) -> BinaryIO:
        """Open a blob for reading, positioned at 0, with a real file descriptor if there is one.

        The caller closes it. It stays readable when the blob is removed meanwhile. Raises
        `BlobMissing`, and `StorageFault` when the blob may be there but cannot be opened.
        """

    def size_of(self, key: str) -> int | None:
        """Return a blob's size in bytes, or None when it is not there."""

    def remove(self, key: str) -> None:
        """Remove a blob, which need not be there; the caller holds the lock of its hash."""

    def iter_blobs(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield the blobs whose keys begin with `prefix`, in no particular order."""

    def free_bytes(self) -> Free | None:
        """Return how much room there is, or None when the backend cannot know."""


class ResumableStore(BlobStore, Protocol):
    """A store that keeps an upload from one request to the next."""

    def create(self, expected_size: int | None = None) -> str:
        """Make a staged upload that stays until it is discarded, durably, and return its id.

        Raises `StorageFull` at once when `expected_size` bytes have no room.
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

    def staged_size(self, staging_id: str) -> int | None:
        """Return how many bytes staging holds of an upload, at least those kept; None when it is not there."""

    def discard(self, staging_id: str) -> None:
        """Forget a staged upload, which need not be there."""

    def iter_staged(self) -> Iterator[StoredObject]:
        """Yield every staged upload, finished or not, in no particular order."""


@runtime_checkable
class ContentNamed(Protocol):
    """A store whose keys follow from the content hashes, so that nobody has to look one up."""

    def key_of(self, content_hash: str) -> str:
        """Return the key of the blob with that content, whether it is there or not."""


@runtime_checkable
class OnDisk(Protocol):
    """A store whose blobs are files below one folder: see `copying.py`."""

    @property
    def root(self) -> Path:
        """The folder that all of it lies below."""

    def link_from(self, source: BlobStore, content_hashes: Sequence[str]) -> Sequence[str]:
        """Make these blobs of `source` blobs here, too, durably, without a copy of their bytes.

        Returns which of them are: none where the two stores do not lie on one filesystem.
        """


class Locker(Protocol):
    """Locks by name, over all processes that share a store. A lock ends with the process that holds it."""

    def hold(
        self,
        name: str,
        *,
        patience: float | None,
        together: bool = False,
        let_go: Callable[[], None] | None = None,
    ) -> AbstractContextManager[None]:
        """Hold the lock `name`, alone, or `together` with others who do; different names never wait for long.

        Waits for `patience` seconds, None for as long as it takes; then raises `LockTaken`. Whoever
        waits has `let_go` of the one that holds it alone called, from another thread, soon and once.
        Whoever does not wait may find a lock taken that is just being released.
        """

    def tidy(self) -> None:
        """Remove what killed processes left of their locks; nobody who holds one or waits notices."""


def key_in(store: BlobStore, content_hash: str, key: str) -> str:
    """Return the key of a content in `store`, which is `key` unless it follows from the content."""
    return store.key_of(content_hash) if isinstance(store, ContentNamed) else key
