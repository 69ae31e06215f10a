"""A store in memory whose keys are no hashes, as a remote one with an object for each upload.

All of its work is done in `finish`, before any transaction; `publish` only marks the objects that count.

Rule: meets all requirements of `ResumableStore`, and is in the conformance suites.
"""

from __future__ import annotations

import io
import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO

from cabinet.errors import BlobMissing, StorageFault, UploadGone
from cabinet.storage.chunks import Chunk
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from cabinet.storage.protocols import ResumedStaging, Sealed, StagedPart, Staging, StoredObject
from cabinet.storage.reserve import NO_RESERVE, FreeSpace, Reserve, check_room

SIZE = 1 << 30


@dataclass
class StoredBytes:
    """The bytes of an object, and when they came."""

    content: bytes
    changed_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Memory:
    """The content of a store, for as long as it is open."""

    blobs: dict[str, StoredBytes] = field(default_factory=dict)
    staged: dict[str, StoredBytes] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryStaging:
    """An upload of one request, or one that resumes at `offset` of a staged one."""

    def __init__(self, store: MemoryStore, staging_id: str, offset: int = 0) -> None:
        self.id = staging_id
        self.kept = self._start = offset
        self._store = store
        self._content = bytearray(store.memory.staged[staging_id].content[:offset])
        self._is_finished = False

    @property
    def offset(self) -> int:
        return len(self._content)

    def append(self, chunks: Iterable[Chunk]) -> None:
        self._refuse_when_finished()
        for chunk in chunks:
            self._content += chunk

    def content_hash(self) -> str | None:
        return None if self._start % BLOCK_SIZE else hash_chunks([bytes(self._content[self._start :])])

    def keep(self) -> None:
        check_room(self._store.free_bytes(), len(self._content) - self.kept)
        self._store.memory.staged[self.id] = StoredBytes(bytes(self._content))
        self.kept = len(self._content)

    def head(self, size: int) -> bytes:
        return bytes(self._content[:size])

    def finish(self) -> Sealed:
        self._refuse_when_finished()
        self.keep()
        self._is_finished = True
        content = bytes(self._content)
        return Sealed(len(content), hash_chunks([content]), key=f"object/{secrets.token_hex(8)}")

    def _refuse_when_finished(self) -> None:
        if self._is_finished:
            raise ValueError("finished already")


class _Joined(MemoryStaging):
    def __init__(self, store: MemoryStore, staging_id: str, parts: Sequence[StagedPart]) -> None:
        super().__init__(store, staging_id)
        self._parts = parts

    def iter_chunks(self) -> Iterator[Chunk]:
        yield self._store.memory.staged[self.id].content

    def append(self, chunks: Iterable[Chunk]) -> None:
        raise ValueError("a joined upload takes no further bytes")

    def finish(self) -> Sealed:
        self._refuse_when_finished()
        for part in self._parts:
            self._content += self._store.staged(part.staging_id, part.size)
        return super().finish()


class MemoryStore:
    """A `ResumableStore` of keys that say nothing."""

    def __init__(self, memory: Memory, reserve: Reserve = NO_RESERVE) -> None:
        self.memory = memory
        self._reserve = reserve

    def staged(self, staging_id: str, size: int) -> bytes:
        """Return the first bytes of a staged upload; raises `UploadGone` if there are fewer."""
        found = self.memory.staged.get(staging_id)
        if found is None or len(found.content) < size:
            raise UploadGone
        return found.content[:size]

    @contextmanager
    def begin(self, expected_size: int | None = None) -> Iterator[Staging]:
        staging_id = self.create(expected_size)
        try:
            yield MemoryStaging(self, staging_id)
        finally:
            self.discard(staging_id)

    def create(self, expected_size: int | None = None) -> str:
        check_room(self.free_bytes(), expected_size or 0)
        staging_id = secrets.token_hex(16)
        self.memory.staged[staging_id] = StoredBytes(b"")
        return staging_id

    @contextmanager
    def resume(self, staging_id: str, offset: int, *, tentative: bool = False) -> Iterator[ResumedStaging]:
        self.staged(staging_id, offset)
        yield MemoryStaging(self, staging_id, offset)

    @contextmanager
    def join(self, parts: Sequence[StagedPart]) -> Iterator[_Joined]:
        staging_id = self.create(sum(part.size for part in parts))
        try:
            yield _Joined(self, staging_id, parts)
        finally:
            self.discard(staging_id)

    def staged_size(self, staging_id: str) -> int | None:
        found = self.memory.staged.get(staging_id)
        return None if found is None else len(found.content)

    def discard(self, staging_id: str) -> None:
        self.memory.staged.pop(staging_id, None)

    def iter_staged(self) -> Iterator[StoredObject]:
        yield from _listed(self.memory.staged)

    def publish(self, finished: Sequence[tuple[Staging, Sealed]]) -> None:
        for staging, sealed in finished:
            with self.memory.lock:
                if staging.id not in self.memory.staged:
                    raise StorageFault(reason="no such object")
                if self.size_of(sealed.key) != sealed.size:
                    self.memory.blobs[sealed.key] = StoredBytes(self.memory.staged[staging.id].content)

    def open(self, key: str) -> BinaryIO:
        found = self.memory.blobs.get(key)
        if found is None:
            raise BlobMissing(content_hash=key)
        return io.BufferedReader(io.BytesIO(found.content))

    def size_of(self, key: str) -> int | None:
        found = self.memory.blobs.get(key)
        return None if found is None else len(found.content)

    def remove(self, key: str) -> None:
        self.memory.blobs.pop(key, None)

    def iter_blobs(self, prefix: str = "") -> Iterator[StoredObject]:
        yield from (found for found in _listed(self.memory.blobs) if found.key.startswith(prefix))

    def free_bytes(self) -> FreeSpace:
        reserve = self._reserve.on(SIZE)
        return FreeSpace(SIZE, reserve, SIZE - reserve)


def _listed(objects: dict[str, StoredBytes]) -> list[StoredObject]:
    return [StoredObject(key, len(each.content), each.changed_at) for key, each in list(objects.items())]
