"""How many requests may run at a time, by whose they are.

Rule: counts only; that an answer's end ends a count is shown by a real server.
"""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from cabinet.errors import TooManyRequests
from cabinet.web.running import TRANSFERS_OF_A_USER, Running


def test_an_address_has_half_of_the_threads() -> None:
    running = Running(8)
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(running.request("192.0.2.1"))
        with pytest.raises(TooManyRequests):
            held.enter_context(running.request("192.0.2.1"))
        held.enter_context(running.request("192.0.2.2"))

    with running.request("192.0.2.1"):
        pass


def test_a_user_has_64_transfers_and_all_together_leave_an_eighth() -> None:
    running = Running(128)
    with ExitStack() as held:
        for _ in range(TRANSFERS_OF_A_USER):
            held.enter_context(running.transfer())
            held.enter_context(running.transfer_of(1))
        with pytest.raises(TooManyRequests):
            held.enter_context(running.transfer_of(1))
        held.enter_context(running.transfer_of(2))
        for _ in range(112 - TRANSFERS_OF_A_USER):
            held.enter_context(running.transfer())
        with pytest.raises(TooManyRequests):
            held.enter_context(running.transfer())

    assert not running._counts
    with running.transfer(), running.transfer_of(1):
        pass


def test_one_thread_still_serves() -> None:
    running = Running(1)
    with running.request("192.0.2.1"), running.transfer(), pytest.raises(TooManyRequests):
        running.transfer().__enter__()
