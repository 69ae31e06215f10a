"""The interfaces of a backend: a small core and optional capabilities.

    BlobStore         begin, publish, open, size_of, remove, iter_blobs, free_bytes
    ResumableStore    ... and uploads over several requests
    ContentNamed      ... and keys that are derived from content hashes
    OnDisk            ... and blobs that are files
    Locker            named locks between all processes that share a store

The life cycle of an upload: `begin`, `append` while bytes arrive, `finish` (counted, hashed and
durable in staging, still invisible), `publish` (it is a blob), then the rest of staging is
discarded. An upload over several requests starts with `create`; each request continues it with
`resume`, under the lock of the upload, and ends with `keep`.

A blob has a key, which the store chooses and the blob's row holds. Where keys are derived from
content, several uploads may publish the same blob at once: therefore `publish` is called in the
transaction that refers to the blob, under the lock of its hash. A store that gives each upload its
own key may do all of its work in `finish`, before any transaction, and almost none in `publish`.

Rule: a backend handles keys, content hashes and staging ids, never users, names or rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from cabinet.storage.blocks import SizeAndHash
from cabinet.storage.chunks import Chunk
from cabinet.storage.reserve import FreeSpace

# The lock of all blobs of a store: hold it shared while no blob may be removed, and exclusively to
# remove blobs.
BLOBS_LOCK = "blobs"


@dataclass(frozen=True, slots=True)
class Sealed(SizeAndHash):
    """The size, the content hash and the future blob key of a finished upload."""

    key: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A blob or a staged upload in a listing: its key, size in bytes, and last change (UTC)."""

    key: str
    size: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class StagedPart:
    """A staged upload as one part of a joined upload; `size` is its whole size in bytes."""

    staging_id: str
    size: int


class Staging(Protocol):
    """The bytes of one upload in progress; not visible as a blob, and owned by the caller that opened it."""

    @property
    def id(self) -> str:
        """The backend's id of these bytes until they are discarded."""

    def append(self, chunks: Iterable[Chunk]) -> None:
        """Write `chunks` after the last byte; raises `StorageFull` when there is no space."""

    def finish(self) -> Sealed:
        """Make all bytes durable, and return their size, content hash and future blob key.

        Call it once: afterwards, even if it raised, `append` and `finish` raise ValueError.
        """

    def head(self, size: int) -> bytes:
        """Return the first bytes of the finished upload, at most `size` of them."""


class ResumedStaging(Staging, Protocol):
    """An upload over several requests; the next request resumes after the bytes that were kept."""

    @property
    def offset(self) -> int:
        """The offset after the last byte received, in this or an earlier request."""

    @property
    def kept(self) -> int:
        """The offset after the last durable byte; it also advances during `append`, unless tentative."""

    def content_hash(self) -> str | None:
        """Return the content hash of the bytes appended in this request, None if they start inside a block.

        This is cheap, because blocks are hashed in any case.
        """

    def keep(self) -> None:
        """Make all bytes received so far durable."""


class JoinedStaging(Staging, Protocol):
    """An upload that joins others."""

    def iter_chunks(self) -> Iterator[Chunk]:
        """Yield the bytes of the finished upload in order."""


class BlobStore(Protocol):
    """Immutable blobs by key. Thread-safe, and safe between processes."""

    def begin(self, expected_size: int | None = None) -> AbstractContextManager[Staging]:
        """Open a new upload; leaving the context closes it and discards what is left in staging.

        Leaving raises no errors of its own; the sweep removes what could not be discarded.
        Raises `StorageFull` at once when `expected_size` bytes do not fit.
        """

    def publish(self, finished: Sequence[tuple[Staging, Sealed]]) -> None:
        """Make each finished upload the blob with the key `sealed.key`, durably.

        The key is the one that `finish` returned, or the one of the row that already exists for
        that content. The caller holds the locks of the hashes, and has one transaction open that
        will refer to the blobs. An existing blob is kept, unless its size is wrong: then the new
        bytes replace it.
        """

    def open(self, key: str) -> BinaryIO:
        """Open a blob for reading, positioned at 0, with a real file descriptor if there is one.

        The caller closes it. It stays readable if the blob is removed meanwhile. Raises
        `BlobMissing`, and `StorageFault` when the blob may exist but cannot be opened.
        """

    def size_of(self, key: str) -> int | None:
        """Return a blob's size in bytes, or None when it does not exist."""

    def remove(self, key: str) -> None:
        """Remove a blob if it exists; the caller holds the lock of its hash."""

    def iter_blobs(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield the blobs whose keys begin with `prefix`, in no particular order."""

    def free_bytes(self) -> FreeSpace | None:
        """Return the free space, or None when the backend cannot know it."""


class ResumableStore(BlobStore, Protocol):
    """A store that keeps uploads between requests."""

    def create(self, expected_size: int | None = None) -> str:
        """Create a staged upload, durably, and return its id; it stays until it is discarded.

        Raises `StorageFull` at once when `expected_size` bytes do not fit.
        """

    def resume(
        self, staging_id: str, offset: int, *, tentative: bool = False
    ) -> AbstractContextManager[ResumedStaging]:
        """Continue a staged upload at `offset`, the end of its kept bytes; the caller holds its lock.

        Leaving the context drops the bytes that were not kept. With `tentative`, bytes are kept only
        by a call of `keep`. Raises `UploadGone` when staging has fewer than `offset` bytes.
        """

    def join(self, parts: Sequence[StagedPart]) -> AbstractContextManager[JoinedStaging]:
        """Open a new upload that joins the bytes of `parts` in order; the caller holds their locks.

        It accepts no further bytes. A part may occur more than once; the parts are not changed.
        Leaving the context works as for `begin`. Raises `UploadGone` or `StorageFull`.
        """

    def staged_size(self, staging_id: str) -> int | None:
        """Return the number of staged bytes, at least the kept ones; None when there is no such upload."""

    def discard(self, staging_id: str) -> None:
        """Remove a staged upload if it exists."""

    def iter_staged(self) -> Iterator[StoredObject]:
        """Yield every staged upload, finished or not, in no particular order."""


@runtime_checkable
class ContentNamed(Protocol):
    """A store whose keys are derived from content hashes, so that no row has to be read for a key."""

    def key_of(self, content_hash: str) -> str:
        """Return the key of the blob with that content, whether it exists or not."""


@runtime_checkable
class OnDisk(Protocol):
    """A store whose blobs are files in one folder; used by `copying.py`."""

    @property
    def root(self) -> Path:
        """The folder that contains the whole store."""

    def link_from(self, source: BlobStore, content_hashes: Sequence[str]) -> Sequence[str]:
        """Add these blobs of `source` to this store, durably, without copying their bytes.

        Returns the hashes that were added: none when the stores lie on different filesystems.
        """


class Locker(Protocol):
    """Named locks between all processes that share a store. The death of the holder releases a lock."""

    def hold(
        self,
        name: str,
        *,
        timeout: float | None,
        shared: bool = False,
        request_release: Callable[[], None] | None = None,
    ) -> AbstractContextManager[None]:
        """Hold the lock `name`, exclusively or `shared`; different names do not block each other for long.

        Waits up to `timeout` seconds (None: without limit), then raises `LockTaken`. While another
        caller waits, `request_release` of the exclusive holder is called once, from another thread.
        A caller with a timeout of 0 may find a lock taken that is just being released.
        """

    def remove_stale(self) -> None:
        """Remove leftovers of killed processes; holders and waiters are not affected."""


def key_in(store: BlobStore, content_hash: str, key: str) -> str:
    """Return the key of a content in `store`: derived from the hash where keys are, otherwise `key`."""
    return store.key_of(content_hash) if isinstance(store, ContentNamed) else key
