"""Templates without the indentation that only their readers need: it was half of a long page.

Rule: lines stay lines, so that an error still names the right one; nothing else is taken out.
"""

from __future__ import annotations

import re

from flask import Flask
from flask.templating import Environment

_INDENTATION = re.compile(r"(?<=\n)[ \t]+")


class LeanEnvironment(Environment):
    """Takes the blanks off the beginnings of lines before a template is compiled."""

    def preprocess(self, source: str, name: str | None = None, filename: str | None = None) -> str:
        """Return `source` without them."""
        return _INDENTATION.sub("", super().preprocess(source, name, filename))


def init_app(app: Flask) -> None:
    """Let the templates of `app` be read so; it has to be asked for before the first of them is."""
    app.jinja_environment = LeanEnvironment
