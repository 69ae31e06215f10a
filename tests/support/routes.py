"""Routes compiled once for all applications of a test run.

Rule: what Werkzeug makes of a route depends on nothing but the route; it stays the one that makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

_compile = Rule._compile_builder
_compiled: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}


def compile_routes_once() -> None:
    """Let every test's application take over the functions that build addresses from the one before.

    To compile them takes longer than all else of making an application.
    """
    Rule._compile_builder = _compile_once  # type: ignore[assignment, method-assign]


def _compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    # The function is handed the route that it is called for, and keeps nothing of the one it was made for.
    key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
    if key not in _compiled:
        _compiled[key] = _compile(rule, append_unknown)
    return _compiled[key]
