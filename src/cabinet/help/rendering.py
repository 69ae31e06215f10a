"""Render Markdown as part of a page.

Headings get the same anchors as on repository pages. Links to Markdown files become links to pages. Code
and tables scroll by themselves when they are wide, also by keyboard.

Rule: HTML in the source is shown as text; the output complies with the pages' Content Security Policy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

# A link to a document: name, language, anchor.
_DOCUMENT = re.compile(r"([a-z-]+)(?:\.[a-z]{2})?\.md(#.*)?")
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")
# In HTML, the address below which the documents are; Markdown replaces this character wherever a text has it.
_FOLDER = "\0"


@dataclass(frozen=True)
class Heading:
    """A heading and its anchor."""

    anchor: str
    text: str


@dataclass(frozen=True)
class Rendered:
    """A rendered document: the title, the headings of level 2, and the HTML after the title."""

    title: str
    parts: tuple[Heading, ...]
    _html: str

    def to_html(self, folder: str) -> Markup:
        """Return the HTML after the title; `folder` is the address of the documents, without a slash at the end."""
        return Markup(self._html.replace(_FOLDER, str(Markup.escape(folder))))  # noqa: S704 - made by `render`


class _Page(RendererHTML):
    """Makes code and tables focusable, so that they scroll by keyboard."""

    def fence(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return super().fence(tokens, idx, options, env).replace("<pre>", '<pre tabindex="0">', 1)

    def table_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return '<div class="wide" tabindex="0">' + self.renderToken(tokens, idx, options, env)

    def table_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return self.renderToken(tokens, idx, options, env) + "</div>"


_MARKDOWN = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Page).enable("table")


def render(text: str) -> Rendered:
    """Render a document, which starts with a heading of level 1; raises ValueError if it does not."""
    heading, title, _, *tokens = _MARKDOWN.parse(text)
    if heading.tag != "h1":
        raise ValueError("a document starts with its title.")
    parts, taken = [], {_anchor(_plain(title), {}): 0}
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        part = Heading(_anchor(_plain(inline), taken), _plain(inline))
        opening.attrSet("id", part.anchor)
        if opening.tag == "h2":
            parts.append(part)
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("href", _address(str(child.attrGet("href"))))
    return Rendered(_plain(title), tuple(parts), _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())


def _anchor(text: str, taken: dict[str, int]) -> str:
    """Return the anchor of a heading, with a number if an earlier heading has the same one."""
    anchor = _NOT_IN_ANCHORS.sub("", text.lower()).replace(" ", "-")
    count = taken[anchor] = taken.get(anchor, -1) + 1
    return f"{anchor}-{count}" if count else anchor


def _address(target: str) -> str:
    """Return the target of a link, with a page in place of the file of a document."""
    found = _DOCUMENT.fullmatch(target)
    return f"{_FOLDER}/{found[1]}{found[2] or ''}" if found else target
