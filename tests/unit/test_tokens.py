"""The design tokens have the contrast that their file states, in both themes."""

from __future__ import annotations

import re

import pytest

from tests.support.vendor import STATIC

COLOUR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
TOKENS = COLOUR.findall((STATIC / "css" / "tokens.css").read_text(encoding="utf-8"))
LIGHT = {name: light for name, light, _ in TOKENS}
DARK = {name: dark for name, _, dark in TOKENS}

GROUNDS = ("paper", "surface", "sunken", "raised")
# WCAG 2.2: 4.5 for text (1.4.3), 3 for the outlines of controls and icons (1.4.11).
TEXT = [
    *(("ink", ground) for ground in (*GROUNDS, "accent-wash", "danger-wash")),
    *(("ink-soft", ground) for ground in (*GROUNDS, "accent-wash")),
    *(("accent", ground) for ground in (*GROUNDS, "accent-wash")),
    *(("danger", ground) for ground in (*GROUNDS, "danger-wash")),
    *(("accent-ink", ground) for ground in ("accent-fill", "accent-fill-hover")),
    *(("danger-ink", ground) for ground in ("danger-fill", "danger-fill-hover")),
]
SHAPES = [
    (shape, ground)
    for shape in ("edge", "brass", "tint-image", "tint-media", "tint-sheet", "tint-text")
    for ground in ("surface", "sunken")
]


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb`, as WCAG 2.2 defines it."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("what", "ground", "least"), [*((*each, 4.5) for each in TEXT), *((*each, 3.0) for each in SHAPES)]
)
def test_colors_have_sufficient_contrast(
    palette: dict[str, str], what: str, ground: str, least: float
) -> None:
    assert contrast(palette[what], palette[ground]) >= least
