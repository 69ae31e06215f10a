"""Many bare connections to one server, each from its own address, and their cost.

Rule: addresses are in the loopback network, so that many clients fit on one machine.
"""

from __future__ import annotations

import selectors
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.raw_http import RawConnection
from tests.support.servers import Server
from tests.support.waiting import PATIENCE

MIB = 1 << 20


def address(number: int) -> str:
    """Return one of thousands of addresses of this machine: 127.0.0.2 and up."""
    return f"127.0.{number // 250}.{2 + number % 250}"


@contextmanager
def connected(server: Server, count: int, first: int = 0, *, each: int = 1) -> Iterator[list[RawConnection]]:
    """Open `count` connections, `each` of them from one address, beginning with address number `first`."""
    with ExitStack() as held:
        opened = []
        for number in range(count):
            connection = held.enter_context(socket.socket())
            connection.settimeout(PATIENCE)
            connection.bind((address(first + number // each), 0))
            connection.connect((server.host, server.port))
            opened.append(RawConnection(connection))
        yield opened


def statuses(connections: Sequence[RawConnection]) -> Counter[int | None]:
    """Return the answers that the connections got, None for those that ended without one."""
    answers = [connection.read_response() for connection in connections]
    return Counter(None if answer is None else answer.status for answer in answers)


def answered(connections: Sequence[RawConnection], count: int) -> list[RawConnection]:
    """Return those with something to read, if they are at least `count` by now; reads nothing."""
    with selectors.DefaultSelector() as waiting:
        for connection in connections:
            waiting.register(connection.socket, selectors.EVENT_READ, connection)
        found = [key.data for key, _ in waiting.select(timeout=0)]
    return found if len(found) >= count else []


def threads(server: Server) -> int:
    """Return how many threads the processes that serve have."""
    return threads_of(server.workers)


def threads_of(pids: Sequence[int]) -> int:
    """Return how many threads these processes have."""
    return sum(_status(Path(f"/proc/{pid}"), "Threads") for pid in pids)


def open_sockets(server: Server) -> int:
    """Return how many sockets the processes that serve have open."""
    return _sum(server, lambda process: sum("socket:" in link for link in _links(process)))


def resident(server: Server) -> int:
    """Return the bytes of memory that the processes that serve take."""
    return _sum(server, lambda process: _status(process, "VmRSS") * 1024)


def _sum(server: Server, count: Callable[[Path], int]) -> int:
    return sum(count(Path(f"/proc/{pid}")) for pid in server.workers)


def _status(process: Path, name: str) -> int:
    lines = (process / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _links(process: Path) -> Iterator[str]:
    for path in (process / "fd").iterdir():
        try:
            yield str(path.readlink())
        except FileNotFoundError:  # closed in the meantime
            continue
