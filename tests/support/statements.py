"""SQL compiled once for all databases of a test run.

Rule: only compiled statements are shared; which statements run, and when, stays the same.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Dialect, Engine
from sqlalchemy.exc import OperationalError

# By dialect class and creator of the tables: a dialect, and the statements compiled for it.
_shared: dict[tuple[type[Dialect], str], tuple[Dialect, dict[Any, Any]]] = {}


def compile_once(engine: Engine, made_by: Literal["models", "migrations"]) -> None:
    """Let `engine` use the statements that earlier engines have compiled.

    Compiling a statement takes ten times as long as running it on a few rows. SQLAlchemy caches per
    dialect object, and each engine has its own. Models and migrations create the columns in a different
    order, and the cache has the order of a statement that selects all columns.
    """
    key = (type(engine.dialect), made_by)
    if key not in _shared:
        try:
            # The first connection initializes the dialect.
            engine.connect().close()
        except OperationalError:
            return  # the application has yet to create the folder of its database
        _shared[key] = (engine.dialect, {})
    engine.dialect, compiled = _shared[key]
    engine.update_execution_options(compiled_cache=compiled)
