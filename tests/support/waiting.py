"""Waiting for something that another process does.

Rule: nothing else in the tests and measurements sleeps, nor makes a browser sleep; a wait has a description and a
timeout. tests/unit/test_architecture.py enforces it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class PageEvents(Protocol):
    """A page of Playwright: its listeners and routes run only while Playwright is called."""

    def wait_for_timeout(self, timeout: float) -> None:
        """Let them run for that many milliseconds."""


# Seconds between two checks: short compared to everything that tests wait for.
_PAUSE = 0.02

# Seconds after which something hangs, however slow the machine; nothing waits for so long when all
# is well, so there is no reason for less. A test as a whole has twice that (pyproject.toml).
PATIENCE = 60.0


def wait_until(
    look: Callable[[], T | None],
    *,
    seconds: float = PATIENCE,
    pause: float = _PAUSE,
    what: str = "the expected state",
    page: PageEvents | None = None,
) -> T:
    """Call `look`, at most once in `pause` seconds, until it returns something true, and return that.

    With a `page`, its listeners and routes run meanwhile. Raises TimeoutError after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come about in {seconds:g} s")
        if page is None:
            time.sleep(pause)
        else:
            page.wait_for_timeout(pause * 1000)
    return found


def pass_time(seconds: float) -> None:
    """Sleep, for a measurement of something running; tests wait for events instead."""
    time.sleep(seconds)
