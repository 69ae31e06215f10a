"""A browser window with user, language and width, and the states that it can be brought into.

Rule: a state uses ids, classes and data attributes, never texts, because it is the same in each language; it
leaves the account unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, Route, expect

from tests.gallery.content import Demo
from tests.support.chromium import file_on_disk, first_page, load_scripts, sign_in
from tests.support.contexts import RESTING_PLACE, Contexts
from tests.support.people import Person

LANGUAGES = ("en", "ru")
THEMES = ("light", "dark")
WIDTHS = (1280, 375)
HEIGHTS = {1280: 800, 375: 720}
LOCALES = {"en": "en-GB", "ru": "ru-RU"}

AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
ELSEWHERE = "http://elsewhere.test/"


@dataclass(frozen=True)
class Look:
    """A language and a width; the colours can be changed while one looks."""

    language: str
    width: int


LOOKS = [Look(*each) for each in product(LANGUAGES, WIDTHS)]


@dataclass(frozen=True)
class State:
    """What a page can look like: `arrive` brings a fresh window of `who` there."""

    name: str
    who: str  # one of the accounts, or "" for a visitor
    arrive: Callable[[Scene], None]
    complains: str = ""  # a pattern of the expected console messages
    is_tall: bool = False  # shown from its top to its end, not only what fits the window
    is_large: bool = False  # takes a folder with hundreds of entries
    is_alike: bool = False  # consists of what other states show, too


class Scene:
    """One page in one variant, and its user, if it has one."""

    def __init__(self, page: Page, look: Look, demo: Demo, who: str, folder: Path) -> None:
        self.page = page
        self.look = look
        self.demo = demo
        self.who = who
        self._folder = folder
        self._held: list[Route] = []

    @property
    def person(self) -> Person:
        return self.demo.person(self.who)

    def open(self, path: str) -> Page:
        """Go to a page of the server; where there is a list, with all its scripts."""
        self.page.goto(path)
        load_scripts(self.page)
        return self.page

    def row(self, path: str) -> Locator:
        """Return the row of an entry of the list."""
        return self.page.locator(f'#rows [data-path="{path}"]')

    def choose(self, *paths: str) -> None:
        """Check the boxes of some rows."""
        for path in paths:
            self.row(path).locator("input[type=checkbox]").press("Space")
            expect(self.row(path).locator("input[type=checkbox]")).to_be_checked()

    def upload(self, sizes: Mapping[str, int]) -> None:
        """Choose files of these names and sizes, which need not go through Playwright's driver."""
        files = [file_on_disk(self._folder, name, size) for name, size in sizes.items()]
        self.page.locator("#files-input").set_input_files(files)

    def hold(self, pattern: str | re.Pattern[str]) -> None:
        """Let no request to what matches `pattern` reach the server."""
        self.page.route(pattern, lambda route: self._held.append(route))  # noqa: PLW0108 - it is inspected

    def leave(self) -> None:
        """Leave the page, and let nothing wait for an answer that never comes."""
        # A page repeats a request that is refused, and sends one that is held no more: so it ends first.
        self.page.goto(RESTING_PLACE, wait_until="commit")
        for route in self._held:
            # A request that the page has aborted accepts no response, but must be ended nevertheless.
            with suppress(Error):
                route.abort()

    def wait_for_pictures(self) -> None:
        """Wait until every visible picture is loaded, which the server may have to generate first."""
        self.page.wait_for_function(
            """() => [...document.images].every((image) => {
                const { bottom, top, width } = image.getBoundingClientRect();
                const isSeen = width > 0 && bottom > 0 && top < innerHeight;
                return !isSeen || (image.complete && image.naturalWidth > 0);
            })"""
        )

    def sees(self, selector: str) -> Locator:
        """Wait until something can be seen, and return it."""
        found = self.page.locator(selector).filter(visible=True).first
        expect(found).to_be_visible()
        return found


class Windows:
    """The windows of one demo, of each account in each look."""

    def __init__(self, browser: Browser, demo: Demo) -> None:
        self._contexts = Contexts(browser, demo.server.url)
        self._demo = demo
        self._folder = TemporaryDirectory(prefix="cabinet-scenes-")
        self._sessions: dict[str, list[Any]] = {}

    def close(self) -> None:
        self._contexts.close()
        self._folder.cleanup()

    @contextmanager
    def at(self, state: State, look: Look) -> Iterator[Scene]:
        """Open a window in a state; it must appear without messages other than the expected ones."""
        lent = self._contexts.lend(**_options_of(look))
        is_good = False
        try:
            if state.who:
                self._sign_in(state.who, lent.context)
            page = first_page(lent.context)
            page.on("dialog", lambda dialog: dialog.accept())
            scene = Scene(page, look, self._demo, state.who, Path(self._folder.name))
            state.arrive(scene)
            page.evaluate("document.fonts.ready")
            yield scene
            unexpected = [each for each in lent.complaints.unexpected() if not _is_expected(each, state)]
            assert not unexpected, unexpected
            scene.leave()
            is_good = True
        finally:
            lent.take_back(is_good=is_good)

    def _sign_in(self, who: str, context: BrowserContext) -> None:
        if who not in self._sessions:
            self._demo.person(who)
            sign_in(context, self._demo.name(who))
            self._sessions[who] = context.cookies()
        context.add_cookies(self._sessions[who])


def _options_of(look: Look) -> dict[str, Any]:
    is_phone = look.width < 600
    options: dict[str, Any] = {"has_touch": True, "device_scale_factor": 2} if is_phone else {}
    viewport = {"width": look.width, "height": HEIGHTS[look.width]}
    calm = {"user_agent": AGENT, "reduced_motion": "reduce"}
    return {"locale": LOCALES[look.language], "viewport": viewport, **calm, **options}


def _is_expected(complaint: str, state: State) -> bool:
    return bool(state.complains and re.search(state.complains, complaint))
