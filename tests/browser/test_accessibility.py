"""axe finds nothing in any state of any page, in either language, by day and by night, wide and narrow.

The states are those of the gallery (tests/gallery/states.py). In every run each of them is looked at
in one language and one width, and its neighbours in the table in the others; by night only the colours
are looked at again, for nothing else is different then. In the long run each state is looked at in each
of the eight ways, by all rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page

from tests.gallery.content import Demo
from tests.gallery.scene import LOOKS, THEMES, Look, State, Windows
from tests.gallery.states import STATES
from tests.support.servers import Server

pytestmark = [pytest.mark.browser, pytest.mark.any_database]

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")

LOOK = """async (runOnly) => {
    const { violations } = await axe.run({
        preload: false,  // it looks for imported stylesheets in the wrong place
        resultTypes: ["violations"],
        rules: { "target-size": { enabled: true } },
        ...(runOnly && { runOnly }),
    });
    // A row that is half below the head of the list can be scrolled to, and is no small target.
    const isCovered = ({ any }) => any.some(({ data }) => data?.messageKey?.startsWith("partiallyObscured"));
    return violations
        .map(({ id, nodes }) => [id, nodes.filter((node) => !isCovered(node)).map(({ html }) => html)])
        .filter(([, nodes]) => nodes.length);
}"""

# Hundreds of rows are to axe what a few are, but for the time.
WALKED = [state for state in STATES if not state.is_large]


@pytest.fixture(scope="module")
def windows(chromium: Browser, server: Server) -> Iterator[Windows]:
    """Return windows on accounts that have a bit of everything."""
    opened = Windows(chromium, Demo(server, suffix=f"-{uuid4().hex[:12]}", is_little=True))
    yield opened
    opened.close()


def violations(page: Page, rules: list[str] | None) -> list[Any]:
    """Return what axe objects to, by all its rules or by some, once nothing moves any more."""
    # One whose element goes away meanwhile is not finished but aborted; it moves no more either.
    page.evaluate("Promise.allSettled(document.getAnimations().map((each) => each.finished))")
    if page.evaluate("window.axe === undefined"):
        page.evaluate(AXE)
    found: list[Any] = page.evaluate(LOOK, rules)
    return found


def look_at(
    windows: Windows, state: State, look: Look, rules_at_night: list[str] | None
) -> list[tuple[Look, str, Any]]:
    """Return what axe objects to in a state, by day and by night."""
    found = []
    with windows.at(state, look) as scene:
        for theme in THEMES:
            scene.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            rules = rules_at_night if theme == "dark" else None
            found += [(look, theme, each) for each in violations(scene.page, rules)]
    return found


def by_name(value: State | Look) -> str:
    return value.name if isinstance(value, State) else f"{value.language}{value.width}"


@pytest.mark.parametrize(
    ("state", "look"), [(state, LOOKS[number % 4]) for number, state in enumerate(WALKED)], ids=by_name
)
def test_axe_finds_nothing(windows: Windows, state: State, look: Look) -> None:
    assert look_at(windows, state, look, ["color-contrast"]) == []


@pytest.mark.long
@pytest.mark.parametrize("look", LOOKS, ids=by_name)
@pytest.mark.parametrize("state", WALKED, ids=by_name)
def test_axe_finds_nothing_by_any_rule_anywhere(windows: Windows, state: State, look: Look) -> None:
    assert look_at(windows, state, look, None) == []
