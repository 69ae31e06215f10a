"""Waiting for something that another process does.

Rule: nothing else in the tests sleeps; who waits says for what, and for how long at most.
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
    look: Callable[[], T | None], *, seconds: float = PATIENCE, what: str = "the expected state"
) -> T:
    """Call `look` until it returns something true, and return that; raises TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come about in {seconds:g} s")
        time.sleep(_PAUSE)
    return found
