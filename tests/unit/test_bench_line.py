"""The packet handling of the benchmark's connection, between two sockets instead of two devices.

Rule: no network and no root; the clock is part of the packets, so nothing waits.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from time import monotonic

import pytest

from tests.bench.line_carrier import MTU, Direction


class Ends:
    """A sender's end, a receiver's, and the direction between them."""

    def __init__(self) -> None:
        self.sender, self.source = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.target, self.receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.source.setblocking(False)
        self.receiver.setblocking(False)

    def direction(self, *, delay: float = 0.0, loss: float = 0.0, rate: float = 0.0) -> Direction:
        return Direction(self.source.fileno(), self.target.fileno(), delay, loss, rate, seed=1)

    def arrived(self) -> list[bytes]:
        packets = []
        try:
            while True:
                packets.append(self.receiver.recv(MTU))
        except BlockingIOError:
            return packets

    def close(self) -> None:
        for end in (self.sender, self.source, self.target, self.receiver):
            end.close()


@pytest.fixture
def ends() -> Iterator[Ends]:
    ends = Ends()
    yield ends
    ends.close()


def test_a_packet_arrives_after_its_delay(ends: Ends) -> None:
    direction = ends.direction(delay=50.0)
    before = monotonic()
    ends.sender.send(b"packet")
    direction.take()
    after = monotonic()

    assert before + 50 <= direction.next_at() <= after + 50
    direction.deliver(before + 49.9)
    assert ends.arrived() == []
    direction.deliver(after + 50)
    assert ends.arrived() == [b"packet"]
    assert direction.next_at() == float("inf")


def test_packets_keep_order_and_content(ends: Ends) -> None:
    direction = ends.direction(delay=1.0)
    sent = [bytes([number]) * (number + 1) for number in range(8)]
    for packet in sent:
        ends.sender.send(packet)
        direction.take()

    direction.deliver(monotonic() + 1)

    assert ends.arrived() == sent


def test_a_limited_line_delays_bytes_and_drops_on_overflow(ends: Ends) -> None:
    # 8,000 bits a second: a packet of 60 bytes takes 60 ms, and a tenth of a second may queue. With a
    # size that divides the tenth, rounding would decide about the third.
    direction = ends.direction(rate=8000.0)
    for number in range(6):
        ends.sender.send(bytes([number]) * 60)
    before = monotonic()
    direction.take()

    assert direction.next_at() >= before + 0.06
    direction.deliver(before + 1000)
    assert [packet[0] for packet in ends.arrived()] == [0, 1]


def test_the_configured_share_of_packets_is_lost(ends: Ends) -> None:
    direction = ends.direction(loss=0.1)
    kept = 0
    for _ in range(2000):
        ends.sender.send(b"x")
        direction.take()
        direction.deliver(monotonic())
        kept += len(ends.arrived())

    assert 1740 <= kept <= 1860
