"""The template environment: compact pages, and templates that are rendered once and cached.

Indentation, which only readers of templates need, was half of a long page; rendering the dialogs, which are
the same for all users, took a sixth of the time of a page of 200 rows.

Rule: line breaks are kept, so that an error has the right line number. A cached template depends only on the
language and the path of the application's root.
"""

from __future__ import annotations

import re
from functools import lru_cache

from flask import Flask, request
from flask.templating import Environment
from markupsafe import Markup

from cabinet.web.i18n import language

# Cached renderings: several for each language, as there may be several paths through proxies.
KEPT = 64

_INDENTATION = re.compile(r"(?<=\n)[ \t]+")


class CompactEnvironment(Environment):
    """Removes indentation before a template is compiled."""

    def preprocess(self, source: str, name: str | None = None, filename: str | None = None) -> str:
        """Return `source` without indentation."""
        return _INDENTATION.sub("", super().preprocess(source, name, filename))


def init_app(app: Flask) -> None:
    """Set the template environment of `app`; must be called before the first template is loaded.

    Gives templates `drawn_once(name)`, which renders the template `name`; it must not depend on a user or a
    place.
    """
    app.jinja_environment = CompactEnvironment

    @lru_cache(KEPT)
    def draw(name: str, language: str, root: str) -> Markup:  # noqa: ARG001 - part of the cache key
        return Markup(app.jinja_env.get_template(name).render())  # noqa: S704 - escaped by the template

    def drawn_once(name: str) -> Markup:
        known = draw.__wrapped__ if app.jinja_env.auto_reload else draw
        return known(name, language(), request.script_root)

    app.add_template_global(drawn_once)
