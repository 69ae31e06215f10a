"""Where the store has a content: its hash becomes the key of its blob.

Rule: nobody else takes one for the other; no transaction is open when the store is asked.
"""

from __future__ import annotations

from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import BlobMissing
from cabinet.models import Blob
from cabinet.storage.protocols import BlobStore, ContentNamed


def find_key(session: Session, store: BlobStore, content_hash: str) -> str | None:
    """Return the key of a content; None where nobody knows it. Ends the reading transaction.

    Where keys follow from the contents, no row is asked.
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
    """Return the size of a content in bytes, None where the store does not have it."""
    key = find_key(session, store, content_hash)
    return None if key is None else store.size_of(key)
