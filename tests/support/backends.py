"""The stores under test: an entry below adds a store to the conformance suites.

Rule: a backend opens its store and can damage it; its requirements are in the suites.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from cabinet.storage.local.plain import PlainStore
from cabinet.storage.opening import open_store
from cabinet.storage.protocols import BlobStore, ResumableStore, Sealed
from cabinet.storage.reserve import NO_RESERVE, Reserve
from tests.support.contents import in_chunks
from tests.support.memory_store import Memory, MemoryStore, StoredBytes


class Backend(Protocol):
    """An empty place of one backend."""

    def open(self, reserve: Reserve = NO_RESERVE) -> ResumableStore:
        """Return the store as another process on the same instance would open it."""

    def plant(self, key: str, content: bytes) -> None:
        """Replace the bytes of a blob without the store, by right or wrong ones."""


@dataclass(frozen=True)
class LocalBackend:
    """A folder of this machine."""

    root: Path

    @property
    def url(self) -> str:
        return self.root.as_uri()

    def open(self, reserve: Reserve = NO_RESERVE) -> ResumableStore:
        return open_store(self.url, reserve)

    def blob(self, key: str) -> Path:
        """Return the path of that blob, whether it exists or not."""
        return self.root / "blobs" / key[:2] / key

    def staged(self) -> list[Path]:
        """Return everything in staging."""
        return list((self.root / "staging").iterdir())

    def plant(self, key: str, content: bytes) -> None:
        self.blob(key).write_bytes(content)


class PlainBackend(LocalBackend):
    """The folder of a backup."""

    def open(self, reserve: Reserve = NO_RESERVE) -> ResumableStore:
        store = PlainStore(self.root, reserve)
        store.make()
        return store


@dataclass(frozen=True)
class MemoryBackend:
    """The memory of this process, under keys that are no hashes."""

    memory: Memory = field(default_factory=Memory)

    def open(self, reserve: Reserve = NO_RESERVE) -> ResumableStore:
        return MemoryStore(self.memory, reserve)

    def plant(self, key: str, content: bytes) -> None:
        self.memory.blobs[key] = StoredBytes(content)


# The scheme of the URL, or another name -> creates an empty backend in a folder of the test.
BACKENDS_UNDER_TEST: dict[str, Callable[[Path], Backend]] = {
    "file": lambda folder: LocalBackend(folder / "store"),
    "backup": lambda folder: PlainBackend(folder / "store"),
    "memory": lambda _folder: MemoryBackend(),
}


def put(store: BlobStore, content: bytes, key: str | None = None) -> Sealed:
    """Store `content` as every upload does, under `key` if a row has one, and return the sealed upload."""
    with store.begin(len(content)) as staging:
        staging.append(in_chunks(content))
        sealed = staging.finish()
        sealed = replace(sealed, key=key or sealed.key)
        store.publish([(staging, sealed)])
    return sealed


def get(store: BlobStore, key: str) -> bytes:
    """Return the bytes of a blob."""
    with store.open(key) as blob:
        return blob.read()
