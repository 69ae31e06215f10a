"""One page with all screenshots of the gallery, a row per state, with checkboxes to hide some.

Rule: a single file that needs no server and no scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 0 1.5rem 4rem; background: light-dark(#e9e7e2, #101211); }
header { position: sticky; top: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; align-items: center;
  padding: .75rem 0; background: inherit; z-index: 1; }
h1 { margin: 0 1rem 0 0; font-size: 1.25rem; } h2 { margin: 2rem 0 .5rem; font-size: 1rem; }
nav { columns: 14rem; font-size: .875rem; } nav a { display: block; } h2 { scroll-margin-top: 4rem; }
section div { display: flex; gap: 1rem; overflow-x: auto; align-items: start; padding-bottom: .5rem; }
figure { flex: none; margin: 0; } figcaption { font-size: .8rem; opacity: .75; }
figure a { display: block; height: 26rem; overflow: hidden; border-radius: 8px; box-shadow: 0 1px 6px #0004; }
img { display: block; height: auto; } .wide img { width: 41.6rem; } .narrow img { width: 13.5rem; }
.narrow a { width: 13.5rem; } .failed { color: light-dark(#a92a1f, #ff9d90); white-space: pre-wrap; }
"""


@dataclass(frozen=True)
class Picture:
    """A state in one variant and color scheme; without a file, why it is missing."""

    state: str
    language: str
    theme: str
    width: int
    file: str = ""
    failure: str = ""


def slug(text: str) -> str:
    """Return a text as a part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def write(folder: Path, pictures: Sequence[Picture]) -> Path:
    """Write index.html beside the pictures."""
    path = folder / "index.html"
    path.write_text("".join(_document(pictures)), encoding="utf-8")
    return path


def _document(pictures: Sequence[Picture]) -> Iterable[str]:
    names = list(dict.fromkeys(each.state for each in pictures))
    kinds = list(dict.fromkeys(kind for each in pictures for kind in _kinds(each)))
    yield f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Cabinet: the gallery</title><style>{STYLE}"
    for kind in kinds:
        yield f"body:has(#{kind}:not(:checked)) figure.{kind} {{ display: none }}\n"
    yield "</style><header><h1>Cabinet</h1>"
    for kind in kinds:
        yield f"<label><input type='checkbox' id='{kind}' checked> {kind}</label>"
    yield "</header><nav>"
    for name in names:
        yield f"<a href='#{slug(name)}'>{escape(name)}</a>"
    yield "</nav>"
    for name in names:
        yield f"<section id='{slug(name)}'><h2>{escape(name)}</h2><div>"
        for each in pictures:
            if each.state == name:
                yield _figure(each)
        yield "</div></section>"


def _kinds(picture: Picture) -> tuple[str, ...]:
    names = {"en": "english", "ru": "russian"}
    return names[picture.language], picture.theme, "wide" if picture.width >= 600 else "narrow"


def _figure(picture: Picture) -> str:
    caption = f"{picture.language}, {picture.theme}, {picture.width}"
    if picture.file:
        shown = f"<a href='{picture.file}'><img src='{picture.file}' alt='{escape(picture.state)}' loading='lazy'></a>"
    else:
        shown = f"<pre class='failed'>{escape(picture.failure)}</pre>"
    return f"<figure class='{' '.join(_kinds(picture))}'>{shown}<figcaption>{caption}</figcaption></figure>"
