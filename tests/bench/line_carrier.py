"""A connection between two isolated networks with latency and packet loss.

    python -m tests.bench.line_carrier RTT_SECONDS LOSS BITS_PER_SECOND CONGESTION_CONTROL

There are two TUN devices in two new network namespaces, and this process forwards packets between them, delayed
by half a round trip, at the given rate, with the given loss. Packets have 1500 bytes, as on Ethernet. It prints
the paths of the namespaces and runs until its standard input ends.

Rule: everything it creates belongs to this process, so nothing is left when it ends, however it ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import select
import struct
import subprocess
import sys
from collections import deque
from pathlib import Path
from time import monotonic

from tests.bench.namespaces import leave_for_new_namespace

# linux/if_tun.h
_TUNSETIFF = 0x400454CA
_IFF_TUN = 0x0001
_IFF_NO_PI = 0x1000

MTU = 1500

# Packets that a device holds for us: more than any window, so that only we lose some.
_QUEUE = 20_000

# Packets read at a time from one side before the other one's turn.
_BATCH = 256

# Seconds that packets wait for their turn on a line of limited rate; the next ones are lost.
_BUFFER = 0.1


class Direction:
    """The packets in transit in one direction."""

    def __init__(self, source: int, target: int, delay: float, loss: float, rate: float, seed: int) -> None:
        self._source = source
        self._target = target
        self._delay = delay
        self._loss = loss
        self._seconds_a_byte = 8 / rate if rate else 0.0
        self._random = random.Random(seed).random
        self._free_at = 0.0
        self._under_way: deque[tuple[float, bytes]] = deque()

    def take(self) -> None:
        """Take what the sender has, as much as one turn allows."""
        now = monotonic()
        for _ in range(_BATCH):
            try:
                packet = os.read(self._source, MTU)
            except BlockingIOError:
                return
            if self._random() < self._loss:
                continue
            self._free_at = max(self._free_at, now)
            if self._free_at - now > _BUFFER:
                continue
            self._free_at += len(packet) * self._seconds_a_byte
            self._under_way.append((self._free_at + self._delay, packet))

    def deliver(self, now: float) -> None:
        """Deliver the packets that are due."""
        under_way, target = self._under_way, self._target
        while under_way and under_way[0][0] <= now:
            os.write(target, under_way.popleft()[1])

    def next_at(self) -> float:
        """Return when the next packet arrives."""
        return self._under_way[0][0] if self._under_way else float("inf")


def carry(near: int, far: int, rtt: float, loss: float, rate: float) -> None:
    """Carry packets between two devices until the standard input ends."""
    directions = {
        near: Direction(near, far, rtt / 2, loss, rate, seed=1),
        far: Direction(far, near, rtt / 2, loss, rate, seed=2),
    }
    poll = select.epoll()
    for descriptor in (near, far, sys.stdin.fileno()):
        poll.register(descriptor, select.EPOLLIN)
    while True:
        due = min(direction.next_at() for direction in directions.values()) - monotonic()
        for descriptor, _ in poll.poll(None if due == float("inf") else max(0.0, due)):
            if descriptor not in directions:
                return
            directions[descriptor].take()
        now = monotonic()
        for direction in directions.values():
            direction.deliver(now)


def make_end(address: str, congestion: str) -> tuple[int, int]:
    """Make a namespace with one end of the line; returns the descriptors of the namespace and of the device."""
    namespace = leave_for_new_namespace()
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", b"line", _IFF_TUN | _IFF_NO_PI))
    for words in (
        f"address add {address}/30 dev line",
        f"link set line up mtu {MTU} txqueuelen {_QUEUE}",
        "link set lo up",
    ):
        subprocess.run(["ip", *words.split()], check=True)
    Path("/proc/sys/net/ipv4/tcp_congestion_control").write_text(congestion)
    # Between measurements nothing is to be remembered about the line.
    Path("/proc/sys/net/ipv4/tcp_no_metrics_save").write_text("1")
    return namespace, device


def main() -> None:
    """Make both ends, say where they are, and carry."""
    rtt, loss, rate, congestion = (*map(float, sys.argv[1:4]), sys.argv[4])
    (near, near_device), (far, far_device) = (
        make_end(address, congestion) for address in ("10.77.0.1", "10.77.0.2")
    )
    print(
        json.dumps({"near": f"/proc/{os.getpid()}/fd/{near}", "far": f"/proc/{os.getpid()}/fd/{far}"}),
        flush=True,
    )
    carry(near_device, far_device, rtt, loss, rate)


if __name__ == "__main__":
    main()
