"""Routes compiled once for all applications of a test run.

Rule: what Werkzeug compiles depends on the route only; the compiled rule is Werkzeug's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Map, Rule


class SharedRule(Rule):
    """A rule that is compiled for one application and then used by all later ones."""

    # Flask sets it before it adds a rule.
    provide_automatic_options: bool
    is_compiled = False

    def get_rules(self, map: Map) -> Iterator[Rule]:  # noqa: A002 - Werkzeug's name
        """Return the rule that an earlier application made from the same arguments, else this one."""
        described = {**self.get_empty_kwargs(), "methods": sorted(self.methods or ())}
        key = repr((self.rule, described, self.provide_automatic_options, map.merge_slashes))
        yield _shared.setdefault(key, self)

    def bind(self, map: Map, rebind: bool = False) -> None:  # noqa: A002 - Werkzeug's name
        """Compile the rule for its first map; later maps take it over."""
        if self.is_compiled and not rebind:
            self.map = map
            return
        super().bind(map, rebind)
        self.is_compiled = True


_shared: dict[str, Rule] = {}


def compile_routes_once() -> None:
    """Share the compiled rules between the applications of all tests.

    Compiling them takes longer than the rest of building an application.
    """
    Flask.url_rule_class = SharedRule
