"""Pages that carry no more than they need, and do not draw the same thing twice.

The indentation that only a template's readers need was half of a long page; the dialogs, which are
the same for everybody, took a sixth of the time that a page of 200 rows takes.

Rule: lines stay lines, so that an error still names the right one; what is drawn once is given
nothing of the request but its language and the path that everything is below.
"""

from __future__ import annotations

import re
from functools import lru_cache

from flask import Flask, request
from flask.templating import Environment
from markupsafe import Markup

from cabinet.web.i18n import language

# Drawn parts that are kept: some for each language, and there may be more than one way through a proxy.
KEPT = 64

_INDENTATION = re.compile(r"(?<=\n)[ \t]+")


class LeanEnvironment(Environment):
    """Takes the blanks off the beginnings of lines before a template is compiled."""

    def preprocess(self, source: str, name: str | None = None, filename: str | None = None) -> str:
        """Return `source` without them."""
        return _INDENTATION.sub("", super().preprocess(source, name, filename))


def init_app(app: Flask) -> None:
    """Let the templates of `app` be read so; it has to be asked for before the first of them is.

    Gives them `drawn_once(name)`: the template `name`, which knows nobody and no place, as a part.
    """
    app.jinja_environment = LeanEnvironment

    @lru_cache(KEPT)
    def draw(name: str, language: str, root: str) -> Markup:  # noqa: ARG001 - what it depends on
        return Markup(app.jinja_env.get_template(name).render())  # noqa: S704 - it was escaped when drawn

    def drawn_once(name: str) -> Markup:
        known = draw.__wrapped__ if app.jinja_env.auto_reload else draw
        return known(name, language(), request.script_root)

    app.add_template_global(drawn_once)
