"""Look up the blob of a content hash and open it.

Rule: only this module maps hashes to keys; no transaction is open while the store is called.
"""

from __future__ import annotations

from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import BlobMissing
from cabinet.models import Blob
from cabinet.storage.protocols import BlobStore, ContentNamed


def find_key(session: Session, store: BlobStore, content_hash: str) -> str | None:
    """Return the key of a content, or None if it is unknown; ends the reading transaction.

    Reads no row if the store derives keys from content hashes.
    """
    if isinstance(store, ContentNamed):
        key: str | None = store.key_of(content_hash)
    else:
        key = session.scalar(select(Blob.key).where(Blob.content_hash == content_hash))
    session.rollback()
    return key


def open_content(session: Session, store: BlobStore, content_hash: str) -> BinaryIO:
    """Open a content for reading, as `BlobStore.open` does; raises `BlobMissing`."""
    key = find_key(session, store, content_hash)
    if key is None:
        raise BlobMissing(content_hash=content_hash)
    return store.open(key)


def size_of_content(session: Session, store: BlobStore, content_hash: str) -> int | None:
    """Return the size of a content in bytes, None if the store does not have it."""
    key = find_key(session, store, content_hash)
    return None if key is None else store.size_of(key)
