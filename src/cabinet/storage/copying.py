"""Blobs of one store become blobs of another: for a backup, and back.

By hard links where both are folders on one filesystem; else by copies, which are hashed on their
way. A blob that the target has already, of the right size, costs one look.

Rule: nothing takes the name of a blob before it is durable; what the source has lost or damaged is
told and passed over, what the target cannot do is raised.
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

# Copies at a time: the syncs of small files share the journal's, and one file's hash the other's wait.
THREADS = 8


class Outcome(StrEnum):
    """What became of a blob that was to be taken."""

    THERE = auto()
    LINKED = auto()
    COPIED = auto()
    MISSING = auto()
    DAMAGED = auto()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A blob that shall be taken; its size in bytes, and its key where that does not follow from the content."""

    content_hash: str
    size: int
    key: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A blob, and what became of it."""

    blob: Wanted
    outcome: Outcome


class _Unreadable(Exception):
    """The source's disk reports an error."""


def can_link(source: BlobStore, target: BlobStore) -> bool:
    """Tell whether the two stores seem to lie on one filesystem, so that a blob needs no room."""
    if not (isinstance(source, OnDisk) and isinstance(target, OnDisk)):
        return False
    return source.root.stat().st_dev == target.root.stat().st_dev


def take(source: BlobStore, target: BlobStore, wanted: Sequence[Wanted]) -> Iterator[Taken]:
    """Have `target` hold these blobs of `source`, durably, and yield what became of each, in any order.

    Nobody else may write these blobs to `target` meanwhile. Raises `StorageFull` or `StorageFault`
    of the target; what was taken until then stays.
    """
    missing = []
    for blob in wanted:
        if size_in(target, blob) == blob.size:
            yield Taken(blob, Outcome.THERE)
            continue
        found = size_in(source, blob)
        if found == blob.size:
            missing.append(blob)
        else:
            yield Taken(blob, Outcome.MISSING if found is None else Outcome.DAMAGED)
    linked = _link(source, target, missing)
    yield from (Taken(blob, Outcome.LINKED) for blob in missing if blob.content_hash in linked)
    left = [blob for blob in missing if blob.content_hash not in linked]
    if left:
        with ThreadPoolExecutor(THREADS, thread_name_prefix="copy") as pool:
            yield from pool.map(lambda blob: Taken(blob, _copy(source, target, blob)), left)


def check(store: BlobStore, blob: Wanted) -> Outcome:
    """Read and hash a blob, and tell whether it is there, missing or damaged."""
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


def size_in(store: BlobStore, blob: Wanted) -> int | None:
    """Return the size that a blob has in `store`, None when it is not there."""
    return store.size_of(_key(store, blob))


def _key(store: BlobStore, blob: Wanted) -> str:
    return key_in(store, blob.content_hash, blob.key)


def _link(source: BlobStore, target: BlobStore, blobs: Sequence[Wanted]) -> set[str]:
    if not isinstance(target, OnDisk):
        return set()
    return set(target.link_from(source, [blob.content_hash for blob in blobs]))


def _copy(source: BlobStore, target: BlobStore, blob: Wanted) -> Outcome:
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


def _content_of(source: BlobStore, blob: Wanted) -> Iterator[bytes]:
    """Yield the bytes of a blob; an error of its disk is told apart from one of the disk that takes it."""
    try:
        with source.open(_key(source, blob)) as stream:
            yield from iter_stream(stream)
    except (OSError, StorageFault) as error:
        raise _Unreadable from error
