"""The store behind a URL, and the one in a folder of a backup.

Rule: a backend is loaded by its name when one of its stores is opened, and known to nobody else.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cabinet.refusals import BadSetting
from cabinet.storage.protocols import Locker, ResumableStore
from cabinet.storage.reserve import NO_RESERVE, Reserve

# Scheme of a store URL -> the module below this package whose `open_store` and `open_locker` serve it.
BACKENDS = {"file": "local.blobs"}

# The module whose `open_folder(root)` opens the store of a backup.
_FOLDER_BACKEND = "local.plain"


def open_store(url: str, reserve: Reserve = NO_RESERVE) -> ResumableStore:
    """Return the store behind `url`, made on first use; its scheme names the backend.

    It takes no content where that would leave less free than `reserve`.

    Raises `BadSetting` for an unknown scheme and `UnusableStore` when the place cannot keep the
    promises of `protocols.py`.
    """
    store: ResumableStore = _backend(url).open_store(url, reserve)
    return store


def open_locker(url: str) -> Locker:
    """Return the locks of all processes that share the store behind `url`, which is there already."""
    locker: Locker = _backend(url).open_locker(url)
    return locker


def _backend(url: str) -> Any:
    scheme = urlsplit(url).scheme
    if scheme not in BACKENDS:
        raise BadSetting(setting="STORE_URL", reason=f"its scheme is none of {', '.join(BACKENDS)}.")
    return import_module(f"cabinet.storage.{BACKENDS[scheme]}")


def open_folder(root: Path, *, make: bool) -> ResumableStore:
    """Return the store in a folder that one process at a time writes to; made where missing with `make`.

    Its disk need not know hard links. Raises `UnusableStore` where it cannot be made.
    """
    store: ResumableStore = import_module(f"cabinet.storage.{_FOLDER_BACKEND}").open_folder(root, make=make)
    return store
