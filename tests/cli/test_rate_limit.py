"""--limit-rate."""

from __future__ import annotations

from pathlib import Path

import pytest

from cabinet.client.failures import BadUsage, Stopped
from cabinet.client.transfer.rate_limit import RateLimiter, to_rate
from cabinet.client.wire.cancellation import Cancellation
from tests.cli.conftest import Filecli
from tests.support.contents import content_of


class Clock(Cancellation):
    """A clock that advances only during waits."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("text", "rate"),
    [("5000", 5000), ("500k", 500_000), ("2M", 2_000_000), ("1.5MiB", 1_572_864), ("1G/s", 10**9)],
)
def test_rates_are_parsed(text: str, rate: int) -> None:
    assert to_rate(text) == rate


@pytest.mark.parametrize("text", ["", "fast", "-1", "0", "10", "1e6", "1X"])
def test_invalid_rates_are_refused(text: str) -> None:
    with pytest.raises(BadUsage):
        to_rate(text)


def test_bytes_pass_at_the_rate() -> None:
    clock = Clock()
    content = content_of(1_000_000)
    passed = b"".join(RateLimiter(100_000, clock, clock).limit([content[:700_000], content[700_000:]]))

    assert passed == content
    assert 9.5 < clock.now - 100 <= 10


def test_two_transfers_share_one_rate() -> None:
    clock = Clock()
    rate_limiter = RateLimiter(100_000, clock, clock)
    for _ in zip(rate_limiter.limit([bytes(500_000)]), rate_limiter.limit([bytes(500_000)]), strict=True):
        pass

    assert 9.5 < clock.now - 100 <= 10


def test_chunks_pass_unchanged_without_a_limit() -> None:
    chunks = [b"one", b"two"]

    assert [id(chunk) for chunk in RateLimiter(None, Cancellation()).limit(chunks)] == [
        id(chunk) for chunk in chunks
    ]


def test_cancellation_ends_a_limited_stream() -> None:
    cancellation = Cancellation()
    flow = RateLimiter(None, cancellation).limit([b"one", b"two"])
    next(flow)
    cancellation.cancel()

    with pytest.raises(Stopped):
        next(flow)


def test_limited_transfers_wait_and_complete(alice: Filecli, workdir: Path, pauses: list[float]) -> None:
    (workdir / "file").write_bytes(content_of(3_000_000))
    assert alice("upload", "--limit-rate", "1M", "file").exit_code == 0
    assert max(pauses) > 0
    pauses.clear()
    assert alice("download", "--limit-rate", "1M", "file", "-o", "copy").exit_code == 0

    assert max(pauses) > 0
    assert (workdir / "copy").read_bytes() == content_of(3_000_000)
