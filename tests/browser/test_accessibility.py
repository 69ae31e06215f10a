"""axe finds no violations in any state of any page, in both languages, both themes, wide and narrow.

The states are those of the gallery (tests/gallery/states.py). A normal run checks each state with a part of its own
in one of the eight combinations of language, width and theme, neighbors in the table in different ones; the long run
checks all states in all combinations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page

from tests.gallery.content import Demo
from tests.gallery.scene import LOOKS, THEMES, Look, State, Windows
from tests.gallery.states import STATES
from tests.support.servers import Server

pytestmark = pytest.mark.browser

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")

LOOK = """async (isWhole) => {
    // Nobody gets at what a modal dialog shuts out, and there are states that show it without one.
    const part = isWhole ? null : [...document.querySelectorAll("dialog:modal")].at(-1);
    const { violations } = await axe.run(part ?? document, {
        preload: false,  // it looks for imported stylesheets in the wrong place
        resultTypes: ["violations"],
        rules: { "target-size": { enabled: true } },
    });
    // A row that is half below the head of the list can be scrolled to, and is no small target.
    const isCovered = ({ any }) => any.some(({ data }) => data?.messageKey?.startsWith("partiallyObscured"));
    return violations
        .map(({ id, nodes }) => [id, nodes.filter((node) => !isCovered(node)).map(({ html }) => html)])
        .filter(([, nodes]) => nodes.length);
}"""

# To axe, hundreds of rows are the same as a few, except for the time.
WALKED = [state for state in STATES if not state.is_large]
UNLIKE = [state for state in WALKED if not state.is_alike]


@pytest.fixture(scope="module")
def windows(chromium: Browser, server: Server) -> Iterator[Windows]:
    """Return windows on accounts that have a bit of everything."""
    opened = Windows(chromium, Demo(server, suffix=f"-{uuid4().hex[:12]}", is_little=True))
    yield opened
    opened.close()


def violations(page: Page, *, is_whole: bool) -> list[Any]:
    """Return what axe objects to in all of a page or its modal dialog, once nothing moves any more."""
    # An animation whose element is removed is aborted instead of finished.
    page.evaluate("Promise.allSettled(document.getAnimations().map((each) => each.finished))")
    if page.evaluate("window.axe === undefined"):
        page.evaluate(AXE)
    found: list[Any] = page.evaluate(LOOK, is_whole)
    return found


def look_at(
    windows: Windows, state: State, look: Look, themes: Sequence[str], *, is_whole: bool = False
) -> list[tuple[str, Any]]:
    """Return what axe objects to in a state, by day and by night."""
    found = []
    with windows.at(state, look) as scene:
        for theme in themes:
            scene.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            found += [(theme, each) for each in violations(scene.page, is_whole=is_whole)]
    return found


def by_name(value: State | Look | str) -> str:
    match value:
        case State():
            return value.name
        case Look():
            return f"{value.language}{value.width}"
    return value


WAYS = list(product(THEMES, LOOKS))


@pytest.mark.parametrize(
    ("state", "theme", "look"),
    [(state, *WAYS[number % len(WAYS)]) for number, state in enumerate(UNLIKE)],
    ids=by_name,
)
def test_axe_finds_no_violations(windows: Windows, state: State, theme: str, look: Look) -> None:
    assert look_at(windows, state, look, [theme]) == []


@pytest.mark.long
@pytest.mark.parametrize("look", LOOKS, ids=by_name)
@pytest.mark.parametrize("state", WALKED, ids=by_name)
def test_axe_finds_no_violations_in_either_theme(windows: Windows, state: State, look: Look) -> None:
    assert look_at(windows, state, look, THEMES, is_whole=True) == []
