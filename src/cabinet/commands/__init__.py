"""Commands under `flask` for the operator: one module a noun, found by its name.

Rule: a command parses, calls a service and prints; `--help` and `flask db` touch no data.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from flask import Flask

from cabinet.commands._support import PREPARE


def init_app(app: Flask, prepare: Callable[[Flask], None]) -> None:
    """Add the `group` of every module here to `flask`; `prepare` comes before any command of theirs."""
    app.extensions[PREPARE] = prepare
    for module in iter_modules(__path__):
        # What several commands share has a name with an underscore, and may be costly to load.
        if not module.name.startswith("_"):
            app.cli.add_command(import_module(f"{__name__}.{module.name}").group)
