"""The limits on concurrent requests, per user and address.

Rule: counters only; that the end of a response ends its count is tested with a real server.
"""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from cabinet.errors import TooManyRequests
from cabinet.web.concurrency import TRANSFERS_OF_A_USER, ConcurrencyLimits


def test_one_address_may_use_half_of_the_threads() -> None:
    limits = ConcurrencyLimits(8)
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(limits.request("192.0.2.1"))
        with pytest.raises(TooManyRequests):
            held.enter_context(limits.request("192.0.2.1"))
        held.enter_context(limits.request("192.0.2.2"))

    with limits.request("192.0.2.1"):
        pass


def test_a_user_has_64_transfers_and_an_eighth_of_the_threads_stays_free() -> None:
    limits = ConcurrencyLimits(128)
    with ExitStack() as held:
        for _ in range(TRANSFERS_OF_A_USER):
            held.enter_context(limits.transfer())
            held.enter_context(limits.transfer_of(1))
        with pytest.raises(TooManyRequests):
            held.enter_context(limits.transfer_of(1))
        held.enter_context(limits.transfer_of(2))
        for _ in range(112 - TRANSFERS_OF_A_USER):
            held.enter_context(limits.transfer())
        with pytest.raises(TooManyRequests):
            held.enter_context(limits.transfer())

    assert not limits._counts
    with limits.transfer(), limits.transfer_of(1):
        pass


def test_a_single_thread_still_serves() -> None:
    limits = ConcurrencyLimits(1)
    with limits.request("192.0.2.1"), limits.transfer(), pytest.raises(TooManyRequests):
        limits.transfer().__enter__()
