"""A high-latency connection for parts of the benchmark, with a client at one end and a server at the other.

Rule: a line exists for one part only; the process that carries it is ended by its id.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from tests.bench.namespaces import inside

# The address of the far end, and what listens there; the namespace is ours alone, so all ports are free.
FAR = "10.77.0.2"

# Seconds until a carrier that does not end is killed.
_GRACE = 5


@dataclass(frozen=True, slots=True)
class Line:
    """Two ends, each a network of its own."""

    _near: str
    _far: str

    def at_near_end(self) -> AbstractContextManager[None]:
        """Let this thread and what it starts be at the client's end."""
        return inside(self._near)

    def at_far_end(self) -> AbstractContextManager[None]:
        """Let this thread and what it starts be at the server's end."""
        return inside(self._far)

    def carries(self, size: int) -> float:
        """Return the bits a second at which plain TCP takes `size` bytes to the far end."""
        with self.at_far_end():
            listener = socket.create_server((FAR, 9))
        drain = threading.Thread(target=_drain, args=[listener], daemon=True)
        drain.start()
        with self.at_near_end():
            sender = socket.create_connection((FAR, 9))
        started = perf_counter()
        with sender:
            piece = bytes(1 << 20)
            for _ in range(size >> 20):
                sender.sendall(piece)
            sender.shutdown(socket.SHUT_WR)
            sender.recv(1)
        seconds = perf_counter() - started
        drain.join()
        return size * 8 / seconds


def obstacle() -> str:
    """Return why no line can be made here, or nothing."""
    try:
        with Path("/dev/net/tun").open("r+b", buffering=0), inside("/proc/self/ns/net"):
            return ""
    except OSError as error:
        return f"no line between two networks here: {error}"


@contextmanager
def delay_line(rtt: float, loss: float, rate: float = 0.0, congestion: str = "cubic") -> Iterator[Line]:
    """Lay a line: `rtt` in seconds, `loss` from 0 to 1 each way, `rate` in bits a second (0: unlimited)."""
    carrier = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.line_carrier", str(rtt), str(loss), str(rate), congestion],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert carrier.stdin is not None
    assert carrier.stdout is not None
    try:
        said = carrier.stdout.readline()
        if not said:
            raise RuntimeError("the line could not be laid")
        ends = json.loads(said)
        yield Line(ends["near"], ends["far"])
    finally:
        carrier.stdin.close()
        try:
            carrier.wait(_GRACE)
        except subprocess.TimeoutExpired:
            carrier.kill()
            carrier.wait()
        carrier.stdout.close()


def _drain(listener: socket.socket) -> None:
    """Receive what one sender sends, then say so."""
    with listener:
        receiver, _ = listener.accept()
    with receiver:
        buffer = bytearray(1 << 20)
        while receiver.recv_into(buffer):
            pass
        receiver.sendall(b"!")
