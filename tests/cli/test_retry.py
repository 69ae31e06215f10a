"""Delays between retries, and when retries end."""

from __future__ import annotations

import pytest

from cabinet.client.failures import ConnectionLost, Refused
from cabinet.client.wire.retry import BASE_DELAY, MAX_DELAY, MAX_RETRY_AFTER, Retry
from cabinet.errors import Unavailable

LOST = ConnectionLost(server="http://one", reason="it broke")


def busy(retry_after: float | None) -> Refused:
    return Refused(kind=Unavailable, detail="Busy.", status=503, retry_after=retry_after)


class Watched:
    """A `Retry` that records its delays instead of waiting."""

    def __init__(self, retries: int = 100, fraction: float = 1.0) -> None:
        self.pauses: list[float] = []
        self.told: list[str] = []
        self.retry = Retry(retries, self.told.append, sleep=self.pauses.append, fraction=lambda: fraction)


def test_the_maximum_delay_doubles_up_to_a_limit() -> None:
    watched = Watched()
    for attempt in range(9):
        watched.retry.wait(attempt, LOST)

    assert watched.pauses == [min(MAX_DELAY, BASE_DELAY * 2**attempt) for attempt in range(9)]
    assert watched.pauses[-1] == MAX_DELAY


def test_a_delay_is_a_random_part_of_the_maximum() -> None:
    watched = Watched(fraction=0.25)
    watched.retry.wait(2, LOST)

    assert watched.pauses == [BASE_DELAY * 4 * 0.25]


def test_retry_after_is_honored() -> None:
    watched = Watched()
    watched.retry.wait(0, busy(7.0))

    assert watched.pauses == [7.0]
    assert watched.told == ["Busy. Trying again in 7 s."]


def test_after_the_last_attempt_the_error_is_raised() -> None:
    watched = Watched(retries=2)
    watched.retry.wait(1, LOST)

    with pytest.raises(ConnectionLost):
        watched.retry.wait(2, LOST)
    assert len(watched.pauses) == 1


def test_a_too_long_retry_after_ends_the_retries() -> None:
    watched = Watched()

    with pytest.raises(Refused):
        watched.retry.wait(0, busy(MAX_RETRY_AFTER + 1))
    assert watched.pauses == []


def test_short_delays_are_not_reported() -> None:
    watched = Watched(fraction=0.1)
    watched.retry.wait(0, LOST)

    assert watched.told == []
