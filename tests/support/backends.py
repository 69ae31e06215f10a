"""The storage backends under test: a new one joins the conformance suite by one entry below.

Rule: a backend gives its URL and the means to damage it; whatever it promises is in the suite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cabinet.storage.blocks import Measured
from cabinet.storage.protocols import BlobStore
from tests.support.contents import in_chunks


class Backend(Protocol):
    """An empty place of one backend."""

    @property
    def url(self) -> str:
        """What `open_store` takes."""

    def plant(self, content_hash: str, content: bytes) -> None:
        """Make `content` the bytes of that blob behind the store's back, right or wrong."""


@dataclass(frozen=True)
class LocalBackend:
    """A folder of this machine."""

    root: Path

    @property
    def url(self) -> str:
        return self.root.as_uri()

    def blob(self, content_hash: str) -> Path:
        """Return where that blob lies, or would."""
        return self.root / "blobs" / content_hash[:2] / content_hash

    def staged(self) -> list[Path]:
        """Return everything that lies in staging, whatever it is."""
        return list((self.root / "staging").iterdir())

    def plant(self, content_hash: str, content: bytes) -> None:
        self.blob(content_hash).write_bytes(content)


# Scheme of the URL -> what makes an empty place below a folder of the test.
BACKENDS_UNDER_TEST: dict[str, Callable[[Path], Backend]] = {
    "file": lambda folder: LocalBackend(folder / "store"),
}


def put(store: BlobStore, content: bytes) -> Measured:
    """Store `content` as every upload does, and return what was measured."""
    with store.begin(len(content)) as staging:
        staging.append(in_chunks(content))
        measured = staging.finish()
        store.publish([(staging, measured)])
    return measured


def get(store: BlobStore, content_hash: str) -> bytes:
    """Return the bytes of a blob."""
    with store.open(content_hash) as blob:
        return blob.read()
