"""A store on a disk that may know no hard links, such as one for backups: a blob is a renamed file.

Rule: one process writes at a time, for a rename replaces what is there without asking.
"""

from __future__ import annotations

import os
from pathlib import Path

from cabinet.storage.local.blobs import LocalStore
from cabinet.storage.protocols import Sealed


class PlainStore(LocalStore):
    """A `BlobStore` in one folder, of one writer; what its filesystem can is used, and not asked for."""

    def _link(self, source: Path, sealed: Sealed) -> None:
        os.replace(source, self._blob(sealed.key))

    def _try_a_link(self) -> None:
        return


def open_folder(root: Path, *, make: bool) -> PlainStore:
    """Return the store in `root`, made where missing with `make`."""
    store = PlainStore(root)
    if make:
        store.make()
    return store
