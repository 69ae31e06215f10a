"""A store for backups, on a filesystem that may not support hard links: a staged file is renamed.

Rule: only one process writes at a time, because a rename silently replaces an existing file.
"""

from __future__ import annotations

import os
from pathlib import Path

from cabinet.storage.local.blobs import LocalStore
from cabinet.storage.protocols import Sealed


class PlainStore(LocalStore):
    """A `BlobStore` in one folder with one writer, which needs no hard links."""

    def _link(self, source: Path, sealed: Sealed) -> None:
        os.replace(source, self._blob(sealed.key))

    def _check_hard_links(self) -> None:
        return


def open_folder(root: Path, *, make: bool) -> PlainStore:
    """Return the store in `root`; with `make`, create it if missing."""
    store = PlainStore(root)
    if make:
        store.make()
    return store
