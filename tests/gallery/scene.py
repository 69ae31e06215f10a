"""A window on the product: who looks, in which language, how wide; and the states that it can be in.

Rule: a state is found by ids, classes and data, never by words, for it is the same in each language;
it leaves the account as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, Route, expect

from tests.gallery.content import Demo
from tests.support.auth import PASSWORD
from tests.support.chromium import PATIENCE, Complaints, awaken
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
    who: str  # one of the accounts, or "" for somebody who is not signed in
    arrive: Callable[[Scene], None]
    complains: str = ""  # a pattern of what the browser has to say about it
    is_tall: bool = False  # shown from its top to its end, not only what fits the window
    is_large: bool = False  # takes a folder with hundreds of entries


class Scene:
    """One page in one look, and its person, if it belongs to anybody."""

    def __init__(self, page: Page, look: Look, demo: Demo, who: str) -> None:
        self.page = page
        self.look = look
        self.demo = demo
        self.who = who
        self._held: list[Route] = []

    @property
    def person(self) -> Person:
        return self.demo.person(self.who)

    def open(self, path: str) -> Page:
        """Go to a page of the server; where there is a list, with all its scripts."""
        self.page.goto(path)
        awaken(self.page)
        return self.page

    def row(self, path: str) -> Locator:
        """Return the row of an entry of the list."""
        return self.page.locator(f'#rows [data-path="{path}"]')

    def choose(self, *paths: str) -> None:
        """Check the boxes of some rows."""
        for path in paths:
            self.row(path).locator("input[type=checkbox]").press("Space")
            expect(self.row(path).locator("input[type=checkbox]")).to_be_checked()

    def hold(self, pattern: str | re.Pattern[str]) -> None:
        """Let no request to what matches `pattern` reach the server."""
        self.page.route(pattern, lambda route: self._held.append(route))  # noqa: PLW0108 - it is inspected

    def leave(self) -> None:
        """Close the page, and let nothing wait for an answer that never comes."""
        with suppress(Error):  # where it never came to a page
            self.page.evaluate("localStorage.clear()")
        # A browser that closes a page lets go what was held for it; away from here nothing is left to go,
        # and nobody to send again what was refused.
        self.page.goto("about:blank")
        for route in self._held:
            # One that the page has given up takes no answer any more, but has to be ended all the same.
            with suppress(Error):
                route.abort()
        self.page.close()

    def wait_for_pictures(self) -> None:
        """Wait until every picture that is in sight is there, which the server may have to make first."""
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
    """The browser contexts of one demo: one for each account and look, signed in once."""

    def __init__(self, browser: Browser, demo: Demo) -> None:
        self._browser = browser
        self._demo = demo
        self._open: dict[tuple[str, Look], tuple[BrowserContext, Complaints]] = {}

    def close(self) -> None:
        for context, _ in self._open.values():
            context.close()

    @contextmanager
    def at(self, state: State, look: Look) -> Iterator[Scene]:
        """Open a window in a state; it has to be there without a complaint that the state does not name."""
        context, complaints = self._context(state.who, look)
        complaints.forget()
        context.clear_cookies(name=re.compile("^lists-"))
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        scene = Scene(page, look, self._demo, state.who)
        try:
            state.arrive(scene)
            page.evaluate("document.fonts.ready")
            yield scene
            unexpected = [each for each in complaints.unexpected() if not _is_expected(each, state)]
            assert not unexpected, unexpected
        finally:
            scene.leave()

    def _context(self, who: str, look: Look) -> tuple[BrowserContext, Complaints]:
        found = self._open.get((who, look))
        if found is None:
            found = self._open[who, look] = self._new_context(who, look)
        return found

    def _new_context(self, who: str, look: Look) -> tuple[BrowserContext, Complaints]:
        is_phone = look.width < 600
        options: dict[str, Any] = {"has_touch": True, "device_scale_factor": 2} if is_phone else {}
        context = self._browser.new_context(
            base_url=self._demo.server.url,
            locale=LOCALES[look.language],
            timezone_id="Europe/Moscow",
            viewport={"width": look.width, "height": HEIGHTS[look.width]},
            user_agent=AGENT,
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE)
        if who:
            self._demo.person(who)
            username = self._demo.name(who)
            answer = context.request.post("/login", form={"username": username, "password": PASSWORD})
            assert answer.ok, answer.text()
        return context, Complaints(context)


def _is_expected(complaint: str, state: State) -> bool:
    return bool(state.complains and re.search(state.complains, complaint))
