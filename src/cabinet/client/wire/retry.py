"""Delays before retries: exponential backoff with full jitter and an upper bound.

Rule: it decides how often and when to retry, never whether a retry is safe.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from cabinet.client.failures import Refused
from cabinet.errors import CabinetError

# Seconds: the delay after attempt n is random between 0 and BASE_DELAY * 2**n, at most MAX_DELAY.
BASE_DELAY = 0.5
MAX_DELAY = 30.0

# Seconds. No retry if a server asks for a longer delay: the error message is more useful than a long
# wait.
MAX_RETRY_AFTER = 120.0

# Seconds: a shorter delay is not reported.
REPORTED_DELAY = 2.0


class Retry:
    """Waits between attempts; allows `retries` after the first one."""

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
        """Wait after the failed `attempt`, counted from 0; raise `error` after the last one."""
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
