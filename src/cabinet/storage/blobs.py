"""What a backend promises, and how one is found by its URL.

The life of bytes: `begin`, `append` while they come, `finish` (counted, hashed, durable in
staging, still invisible), `publish` (a blob), and `discard` of what staging still holds.

Rule: a backend knows content hashes and staging ids, never a user, a name or a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from cabinet.errors import BadSetting
from cabinet.storage.blocks import Measured

# Scheme of a store URL -> the module below this package whose `open_store(url)` serves it.
BACKENDS = {"file": "local"}


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A blob or a staged upload as the backend sees it: its key, bytes, and last change (UTC)."""

    key: str
    size: int
    changed_at: datetime


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


class BlobStore(Protocol):
    """Immutable bytes, keyed by their content hash. Safe for many threads and processes."""

    def begin(self, expected_size: int | None = None) -> AbstractContextManager[Staging]:
        """Open a new upload; leaving the context closes it and discards what staging holds.

        Leaving raises nothing of its own: what cannot be discarded then is left to the sweep.
        Raises `StorageFull` at once when `expected_size` bytes have no room.
        """

    def publish(self, staging: Staging, measured: Measured) -> None:
        """Make a finished upload the blob `measured.content_hash`, durably.

        The caller holds the lock of that hash, and has one transaction open that will refer to
        the blob. A blob that is there already is kept, unless its size is wrong: then the new
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

    def discard(self, staging_id: str) -> None:
        """Forget a staged upload, which need not be there."""

    def iter_blobs(self) -> Iterator[StoredObject]:
        """Yield every blob, in no particular order."""

    def iter_staged(self) -> Iterator[StoredObject]:
        """Yield every staged upload, finished or not, in no particular order."""

    def free_bytes(self) -> int | None:
        """Return how many bytes still fit, or None when the backend cannot know."""


def open_store(url: str) -> BlobStore:
    """Return the store behind `url`, made on first use; its scheme names the backend.

    Raises `BadSetting` for an unknown scheme and `UnusableStore` when the place cannot keep the
    promises above.
    """
    scheme = urlsplit(url).scheme
    if scheme not in BACKENDS:
        raise BadSetting(setting="STORE_URL", reason=f"its scheme is none of {', '.join(BACKENDS)}.")
    store: BlobStore = import_module(f"cabinet.storage.{BACKENDS[scheme]}").open_store(url)
    return store
