"""The store behind a URL, and the one in a folder of a backup.

Rule: a backend is loaded by its name when one of its stores is opened, and known to nobody else.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from cabinet.refusals import BadSetting
from cabinet.storage.protocols import BlobStore
from cabinet.storage.reserve import NO_RESERVE, Reserve

# Scheme of a store URL -> the module below this package whose `open_store(url)` serves it.
BACKENDS = {"file": "local.blobs"}

# The module whose `open_folder(root)` opens the store of a backup.
_FOLDER_BACKEND = "local.plain"


def open_store(url: str, reserve: Reserve = NO_RESERVE) -> BlobStore:
    """Return the store behind `url`, made on first use; its scheme names the backend.

    It takes no content where that would leave less free than `reserve`.

    Raises `BadSetting` for an unknown scheme and `UnusableStore` when the place cannot keep the
    promises of `protocols.py`.
    """
    scheme = urlsplit(url).scheme
    if scheme not in BACKENDS:
        raise BadSetting(setting="STORE_URL", reason=f"its scheme is none of {', '.join(BACKENDS)}.")
    store: BlobStore = import_module(f"cabinet.storage.{BACKENDS[scheme]}").open_store(url, reserve)
    return store


def open_folder(root: Path, *, make: bool) -> BlobStore:
    """Return the store in a folder that one process at a time writes to; made where missing with `make`.

    Its disk need not know hard links. Raises `UnusableStore` where it cannot be made.
    """
    store: BlobStore = import_module(f"cabinet.storage.{_FOLDER_BACKEND}").open_folder(root, make=make)
    return store
