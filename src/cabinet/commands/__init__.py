"""The `flask` commands of the administrator: one module per noun, found by its name.

Rule: a command parses its arguments, calls a service and prints; `--help` and `flask db` access no data.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from flask import Flask

from cabinet.commands._support import PREPARE


def init_app(app: Flask, prepare: Callable[[Flask], None]) -> None:
    """Register the `group` of every module here; `prepare` runs before each of their commands."""
    app.extensions[PREPARE] = prepare
    for module in iter_modules(__path__):
        # Shared modules have a leading underscore, and may be slow to import.
        if not module.name.startswith("_"):
            app.cli.add_command(import_module(f"{__name__}.{module.name}").group)
