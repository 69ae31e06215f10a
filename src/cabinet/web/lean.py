"""Templates without the indentation that only their readers need: it was half of a long page.

Rule: lines stay lines, so that an error still names the right one; nothing else is taken out.
"""

from __future__ import annotations

import re

from flask import Flask
from jinja2.ext import Extension

_INDENTATION = re.compile(r"(?<=\n)[ \t]+")


class LeanLines(Extension):
    """Takes the blanks off the beginnings of lines before a template is compiled."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Return `source` without them."""
        return _INDENTATION.sub("", source)


def init_app(app: Flask) -> None:
    """Let the templates of `app` be read so."""
    app.jinja_env.add_extension(LeanLines)
