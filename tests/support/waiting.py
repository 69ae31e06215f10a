"""Waiting for something that another process does.

Rule: nothing else in the tests and measurements sleeps, nor has a browser sleep; who waits says for
what, and for how long at most. tests/unit/test_architecture.py holds it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Seconds between two looks: short beside anything that is worth waiting for.
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
) -> T:
    """Call `look`, at most once in `pause` seconds, until it returns something true, and return that.

    Raises TimeoutError after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come about in {seconds:g} s")
        time.sleep(pause)
    return found


def pass_time(seconds: float) -> None:
    """Do nothing, for a measurement of what goes on meanwhile; a test waits for something instead."""
    time.sleep(seconds)
