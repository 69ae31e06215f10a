"""Our stylesheets, parsed: rules with conditions and declarations.

Rule: supports only the CSS that is used here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cabinet

FOLDER = Path(cabinet.__file__).parent / "static" / "css"

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_GROUPS = ("@media", "@supports", "@layer", "@container")
_LIGHT_DARK = re.compile(r"light-dark\(([^()]*(?:\([^()]*\))?), ([^()]*(?:\([^()]*\))?)\)")


class Rule(NamedTuple):
    """The declarations of `selector` in `sheet` under all of `conditions`; an at-rule is its own selector."""

    sheet: str
    conditions: tuple[str, ...]
    selector: str
    declarations: dict[str, str]


def rules() -> Iterator[Rule]:
    """Yield every rule of every stylesheet of ours, in their order."""
    for path in sorted(FOLDER.glob("*.css")):
        yield from _rules_in(path.name, _COMMENT.sub("", path.read_text()), ())


def _rules_in(sheet: str, text: str, conditions: tuple[str, ...]) -> Iterator[Rule]:
    while "{" in text:
        prelude, _, rest = text.partition("{")
        # Statements such as @import end before.
        head = " ".join(prelude.rpartition(";")[2].split())
        end = _end_of_block(rest)
        inside, text = rest[:end], rest[end + 1 :]
        if head.startswith(_GROUPS):
            yield from _rules_in(sheet, inside, (*conditions, head))
        else:
            yield Rule(sheet, conditions, head, _declarations(inside))


def _end_of_block(text: str) -> int:
    depth = 1
    for place, sign in enumerate(text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth == 0:
            return place
    raise AssertionError(f"a block without an end: {text[:60]}")


def _declarations(block: str) -> dict[str, str]:
    if "{" in block:  # of @keyframes
        return {}
    pairs = (line.partition(":") for line in block.split(";") if line.strip())
    return {name.strip(): " ".join(value.split()) for name, _, value in pairs}


def tokens() -> tuple[dict[str, str], dict[str, str]]:
    """Return the custom properties of the page's root, by day and by night."""
    day: dict[str, str] = {}
    night: dict[str, str] = {}
    for rule in rules():
        if rule.sheet == "tokens.css" and rule.selector == ":root":
            for name, value in rule.declarations.items():
                day[name] = _LIGHT_DARK.sub(r"\1", value)
                night[name] = _LIGHT_DARK.sub(r"\2", value)
    return day, night


def resolved(value: str, among: dict[str, str]) -> str:
    """Return a value with the tokens in it put in."""
    while match := re.search(r"var\((--[\w-]+)\)", value):
        value = value.replace(match[0], among[match[1]])
    return value


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG defines it, from 1 to 21."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    assert re.fullmatch(r"#[0-9a-f]{6}", colour), colour
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
