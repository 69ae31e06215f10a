"""Browser contexts, lent to one test after another.

The first page of a new context costs three times as much as a page in a context that has shown others: Chromium
starts a process and compiles all scripts again. So a context is kept with its page, and is as good as new for the
next test: no cookies, no stored data, no routes, listeners and initial scripts, no other pages, no history.

Rule: what cannot be undone is refused, and needs a context of its own; a context is lent no more after a failure,
nor when it cannot be made as good as new.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, ViewportSize

from tests.support.chromium import PATIENCE, Complaints

VIEWPORT: ViewportSize = {"width": 1280, "height": 800}

# What contexts differ in that are lent again. With another option a context is of no use to other tests.
SHAREABLE = {
    "device_scale_factor", "has_touch", "is_mobile", "java_script_enabled", "locale", "reduced_motion",
    "user_agent", "viewport",
}  # fmt: skip

# A page of the server that has no scripts. For `about:blank` Chromium would start a new process.
RESTING_PLACE = "/healthz"

_STORED = "cache_storage,indexeddb,local_storage,service_workers"
_CLOCK = ("install", "pause_at", "set_fixed_time", "set_system_time")


class Lent:
    """A context while a test has it, and what its pages complained about."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.complaints = Complaints(context)

    def take_back(self, *, is_good: bool) -> None:
        """End the use by a test; the context may serve another one if it `is_good`."""
        self.context.close()


class Shared(Lent):
    """A context with one page, which stays open from test to test."""

    def __init__(self, context: BrowserContext, origin: str, waiting: list[Shared]) -> None:
        super().__init__(context)
        self._waiting = waiting
        self._page = context.new_page()
        self._origin = origin
        self._devtools = context.new_cdp_session(self._page)
        self._watched = pytest.MonkeyPatch()
        self._undoing = ExitStack()

    def begin(self, viewport: ViewportSize, reduced_motion: Any) -> None:
        """Prepare the context for a test, and note from now on what is to be undone after it."""
        self.complaints.start_over()
        self._page.emulate_media(color_scheme="light", reduced_motion=reduced_motion)
        if self._page.viewport_size != viewport:
            self._page.set_viewport_size(viewport)
        page, context = self._page, self.context
        self._watch(page, "on", lambda _, *listener: page.remove_listener(*listener))
        self._watch(context, "on", lambda _, *listener: context.remove_listener(*listener))
        self._watch(page, "add_init_script", lambda added, *_: added.close())
        self._watch(context, "add_init_script", lambda added, *_: added.close())
        self._watch(context, "new_cdp_session", lambda session, *_: session.detach())
        self._watch(page.keyboard, "down", lambda _, key: page.keyboard.up(key))
        self._watch(page.mouse, "down", lambda *_: page.mouse.up())
        for name in _CLOCK:
            self._watched.setattr(context.clock, name, _refuse)

    def take_back(self, *, is_good: bool) -> None:
        self._watched.undo()
        if is_good and self._is_renewed():
            self._waiting.append(self)
        else:
            self.context.close()

    def _is_renewed(self) -> bool:
        """Make the context as good as new; return whether it is."""
        page, context = self._page, self.context
        try:
            self._undoing.close()
            for other in context.pages[:]:
                if other != page:
                    other.close()
            page.unroute_all()
            context.unroute_all()
            context.set_offline(False)
            if not page.url.startswith(f"{self._origin}/"):
                return False
            if page.url != f"{self._origin}{RESTING_PLACE}":
                # The old page has ended by then; drawing the new one would be for nothing.
                page.goto(RESTING_PLACE, wait_until="commit")
            page.mouse.move(0, 0)
            context.clear_permissions()
            context.clear_cookies()
            self._devtools.send(
                "Storage.clearDataForOrigin", {"origin": self._origin, "storageTypes": _STORED}
            )
            self._devtools.send("Page.resetNavigationHistory")
        except Error:
            return False
        return True

    def _watch(self, owner: Any, name: str, undo: Callable[..., object]) -> None:
        """Call `undo` after the test with the result and the arguments of each call of a method."""
        act = getattr(owner, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            result = act(*arguments, **options)
            self._undoing.callback(undo, result, *arguments)
            return result

        self._watched.setattr(owner, name, watched)


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError("a clock stays in its context for good: let the test use own_context")


class Contexts:
    """All contexts of a browser that tests use in turn."""

    def __init__(self, browser: Browser, origin: str) -> None:
        self._browser = browser
        self._origin = origin
        self._waiting: dict[str, list[Shared]] = {}

    def lend(self, *, is_own: bool = False, **options: Any) -> Lent:
        """Lend a context with these options; one that nobody had and nobody will have, if it `is_own`."""
        chosen = {"locale": "en-US", "viewport": VIEWPORT, **options}
        if is_own or not chosen.keys() <= SHAREABLE:
            return Lent(self._open(chosen))
        viewport = chosen.pop("viewport")
        waiting = self._waiting.setdefault(json.dumps(chosen, sort_keys=True), [])
        lent = waiting.pop() if waiting else Shared(self._open(chosen), self._origin, waiting)
        lent.begin(viewport, chosen.get("reduced_motion", "no-preference"))
        return lent

    def close(self) -> None:
        """Close the contexts that wait for another test."""
        for waiting in self._waiting.values():
            for lent in waiting:
                lent.context.close()

    def _open(self, options: dict[str, Any]) -> BrowserContext:
        context = self._browser.new_context(
            **{"base_url": self._origin, "timezone_id": "Europe/Moscow", **options}
        )
        context.set_default_timeout(PATIENCE)
        return context
