"""Copy blobs from one store to another, to make and to restore a backup.

Uses hard links where both stores are folders on one filesystem, otherwise copies that are hashed
on the way. A blob that the target already has in the right size costs one `lstat`.

Rule: a file gets the name of a blob only once it is durable. Blobs that the source has lost or
damaged are reported and skipped; errors of the target are raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum, auto

from cabinet.errors import BlobMissing, StorageFault
from cabinet.storage.chunks import iter_stream
from cabinet.storage.content_hash import hash_stream
from cabinet.storage.protocols import BlobStore, OnDisk, key_in

# Concurrent copies: syncs of small files share a journal commit, and one file is hashed while another waits.
THREADS = 8


class Outcome(StrEnum):
    """The result of copying or checking one blob."""

    THERE = auto()
    LINKED = auto()
    COPIED = auto()
    MISSING = auto()
    DAMAGED = auto()


@dataclass(frozen=True, slots=True)
class BlobRef:
    """A blob to copy: its content hash, its size in bytes, and its key."""

    content_hash: str
    size: int
    key: str


@dataclass(frozen=True, slots=True)
class CopyResult:
    """A blob and the outcome of copying or checking it."""

    blob: BlobRef
    outcome: Outcome


class _Unreadable(Exception):
    """Reading from the source failed."""


def can_link(source: BlobStore, target: BlobStore) -> bool:
    """Return whether the two stores seem to lie on one filesystem, so that a blob needs no space."""
    if not (isinstance(source, OnDisk) and isinstance(target, OnDisk)):
        return False
    return source.root.stat().st_dev == target.root.stat().st_dev


def copy_blobs(source: BlobStore, target: BlobStore, wanted: Sequence[BlobRef]) -> Iterator[CopyResult]:
    """Copy these blobs from `source` to `target`, durably, and yield the result of each, in any order.

    No other process may write these blobs to `target` meanwhile. Raises `StorageFull` or
    `StorageFault` of the target; blobs copied before the error stay.
    """
    missing = []
    for blob in wanted:
        if size_in(target, blob) == blob.size:
            yield CopyResult(blob, Outcome.THERE)
            continue
        found = size_in(source, blob)
        if found == blob.size:
            missing.append(blob)
        else:
            yield CopyResult(blob, Outcome.MISSING if found is None else Outcome.DAMAGED)
    linked = _link(source, target, missing)
    yield from (CopyResult(blob, Outcome.LINKED) for blob in missing if blob.content_hash in linked)
    left = [blob for blob in missing if blob.content_hash not in linked]
    if left:
        with ThreadPoolExecutor(THREADS, thread_name_prefix="copy") as pool:
            yield from pool.map(lambda blob: CopyResult(blob, _copy(source, target, blob)), left)


def check(store: BlobStore, blob: BlobRef) -> Outcome:
    """Read and hash a blob, and return whether it is present, missing or damaged."""
    found = size_in(store, blob)
    if found is None:
        return Outcome.MISSING
    if found != blob.size:
        return Outcome.DAMAGED
    try:
        with store.open(_key(store, blob)) as stream:
            is_right = hash_stream(stream) == blob.content_hash
    except BlobMissing:
        return Outcome.MISSING
    except (OSError, StorageFault):
        return Outcome.DAMAGED
    return Outcome.THERE if is_right else Outcome.DAMAGED


def size_in(store: BlobStore, blob: BlobRef) -> int | None:
    """Return the size of a blob in `store`, or None when it is missing."""
    return store.size_of(_key(store, blob))


def _key(store: BlobStore, blob: BlobRef) -> str:
    return key_in(store, blob.content_hash, blob.key)


def _link(source: BlobStore, target: BlobStore, blobs: Sequence[BlobRef]) -> set[str]:
    if not isinstance(target, OnDisk):
        return set()
    return set(target.link_from(source, [blob.content_hash for blob in blobs]))


def _copy(source: BlobStore, target: BlobStore, blob: BlobRef) -> Outcome:
    with target.begin(blob.size) as staging:
        try:
            staging.append(_content_of(source, blob))
        except BlobMissing:
            return Outcome.MISSING
        except _Unreadable:
            return Outcome.DAMAGED
        sealed = staging.finish()
        if sealed.content_hash != blob.content_hash:
            return Outcome.DAMAGED
        target.publish([(staging, replace(sealed, key=_key(target, blob)))])
    return Outcome.COPIED


def _content_of(source: BlobStore, blob: BlobRef) -> Iterator[bytes]:
    """Yield the bytes of a blob; raise `_Unreadable` for read errors, to tell them from write errors."""
    try:
        with source.open(_key(source, blob)) as stream:
            yield from iter_stream(stream)
    except (OSError, StorageFault) as error:
        raise _Unreadable from error
