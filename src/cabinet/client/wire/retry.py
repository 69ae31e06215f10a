"""How long to wait before the next attempt: exponential, with full jitter, within bounds.

Rule: it decides how often and when, never whether an attempt is safe to repeat.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from cabinet.client.failures import Refused
from cabinet.errors import CabinetError

# Seconds: attempt number n waits a random part of BASE_DELAY * 2**n, but never longer than MAX_DELAY.
BASE_DELAY = 0.5
MAX_DELAY = 30.0

# Seconds. A server that asks for more than this gets no further attempt: a person would sooner
# read its answer than watch nothing happen.
MAX_RETRY_AFTER = 120.0

# Seconds: a shorter pause is not worth a line on the terminal.
REPORTED_DELAY = 2.0


class Retry:
    """Pauses between attempts; `retries` is how many may follow the first one."""

    def __init__(
        self,
        retries: int,
        report: Callable[[str], None],
        *,
        sleep: Callable[[float], None] | None = None,
        fraction: Callable[[], float] = random.random,
    ) -> None:
        self._retries = retries
        self._report = report
        self._sleep = sleep or time.sleep
        self._fraction = fraction

    def wait(self, attempt: int, error: CabinetError) -> None:
        """Pause after failed attempt number `attempt`, from 0 on; raise `error` after the last."""
        pause = self._pause(attempt, error)
        if attempt >= self._retries or pause > MAX_RETRY_AFTER:
            raise error
        if pause >= REPORTED_DELAY:
            self._report(f"{error} Trying again in {pause:.0f} s.")
        self._sleep(pause)

    def _pause(self, attempt: int, error: CabinetError) -> float:
        if isinstance(error, Refused) and error.retry_after is not None:
            return error.retry_after
        return self._fraction() * min(MAX_DELAY, BASE_DELAY * 2.0**attempt)
