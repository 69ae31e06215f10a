"""Cabinet, a file server that people keep their files in.

Rule: importing this package costs nothing. The console client lives below it, so the web
application is imported only when `create_app` is called.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

__version__ = "0.1.0"


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """Build the WSGI application; `settings` override every other source."""
    with without_collection():
        from cabinet.app import build_app

    return build_app(settings)


@contextmanager
def without_collection() -> Iterator[None]:
    """Import modules in the context without garbage collection, and freeze them.

    A collection scans all loaded modules, which takes a third of the time of a start, and frees nothing: they
    live as long as the process.
    """
    if "cabinet.app" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
