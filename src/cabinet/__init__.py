"""Cabinet, a file server that people keep their files in.

Rule: importing this package costs nothing. The console client lives below it, so the web
application is imported only when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

__version__ = "0.1.0"


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """Build the WSGI application; `settings` override every other source."""
    from cabinet.app import build_app

    return build_app(settings)
