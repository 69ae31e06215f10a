"""Open the store at a URL, or the one in a backup folder.

Rule: a backend is imported by its name when a store of it is opened; no other module imports it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cabinet.refusals import BadSetting
from cabinet.storage.protocols import Locker, ResumableStore
from cabinet.storage.reserve import NO_RESERVE, Reserve

# Scheme of a store URL -> the module in this package with its `open_store` and `open_locker`.
BACKENDS = {"file": "local.blobs"}

# The module whose `open_folder(root)` opens the store of a backup.
_FOLDER_BACKEND = "local.plain"


def open_store(url: str, reserve: Reserve = NO_RESERVE) -> ResumableStore:
    """Return the store at `url`, created on first use; the scheme names the backend.

    The store refuses content that would leave less disk space free than `reserve`.

    Raises `BadSetting` for an unknown scheme, and `UnusableStore` when the location cannot meet
    the requirements of `protocols.py`.
    """
    store: ResumableStore = _backend(url).open_store(url, reserve)
    return store


def open_locker(url: str) -> Locker:
    """Return the locker of the existing store at `url`, shared by all its processes."""
    locker: Locker = _backend(url).open_locker(url)
    return locker


def _backend(url: str) -> Any:
    scheme = urlsplit(url).scheme
    if scheme not in BACKENDS:
        raise BadSetting(setting="STORE_URL", reason=f"its scheme is none of {', '.join(BACKENDS)}.")
    return import_module(f"cabinet.storage.{BACKENDS[scheme]}")


def open_folder(root: Path, *, make: bool) -> ResumableStore:
    """Return the store in a folder that one process at a time writes to; with `make`, create it if missing.

    Its filesystem need not support hard links. Raises `UnusableStore` when it cannot be created.
    """
    store: ResumableStore = import_module(f"cabinet.storage.{_FOLDER_BACKEND}").open_folder(root, make=make)
    return store
