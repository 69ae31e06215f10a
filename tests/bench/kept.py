"""A minimal HTTP client with persistent connections, so that only the server is measured.

Rule: one request at a time on each connection; every response is read completely and must be 2xx.
"""

from __future__ import annotations

import re
import selectors
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from time import perf_counter

from tests.support.listening import HOST
from tests.support.raw_http import request_head

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LOCATION = re.compile(rb"\r\nlocation: *([^\r]+)", re.IGNORECASE)

# Seconds without a byte after which a server counts as stuck.
_STUCK = 60


def message_of(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Return a whole request."""
    length = {"Content-Length": len(body)} if body else {}
    return request_head(method, path, {"Host": HOST, **headers, **length}) + body


def size_of_answer(answer: bytes) -> int | None:
    """Return the size of the answer that begins so, with its head; None while the head is incomplete.

    Raises RuntimeError unless it is 2xx and says how long it is.
    """
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = _LENGTH.search(answer, 0, end + 2)
    is_empty = answer.startswith(b"HTTP/1.1 204")
    if not answer.startswith(b"HTTP/1.1 2") or (length is None and not is_empty):
        raise RuntimeError(f"an answer of no use here: {answer[:300]!r}")
    return end + 4 + (0 if is_empty or length is None else int(length[1]))


class KeptConnection:
    """A connection that times its requests."""

    def __init__(self, connected: socket.socket, headers: Mapping[str, str]) -> None:
        self._socket = connected
        self._headers = headers
        self._answer = b""

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> float:
        """Return the seconds from the first byte sent to the last one received."""
        message = message_of(method, path, {**self._headers, **(headers or {})}, body)
        started = perf_counter()
        self._socket.sendall(message)
        self._answer = b""
        size = None
        while size is None or len(self._answer) < size:
            self._answer += _receive(self._socket)
            size = size or size_of_answer(self._answer)
        return perf_counter() - started

    @property
    def location(self) -> str:
        """What the last answer says where the new resource is."""
        found = _LOCATION.search(self._answer)
        assert found is not None
        return found[1].decode()


def _receive(connected: socket.socket) -> bytes:
    received = connected.recv(1 << 16)
    if not received:
        raise RuntimeError("the server hung up")
    return received


def _connect(port: int) -> socket.socket:
    connected = socket.create_connection((HOST, port), timeout=_STUCK)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


@contextmanager
def kept_connection(port: int, headers: Mapping[str, str]) -> Iterator[KeptConnection]:
    """Connect; every request carries `headers`."""
    with _connect(port) as connected:
        yield KeptConnection(connected, headers)


def send_over(port: int, connections: int, messages: Sequence[bytes]) -> tuple[float, list[float]]:
    """Send requests over several connections at once; return the seconds of all and of each.

    A connection takes the next request as soon as it has its answer. One thread serves them all: threads would
    take the processor from the server.
    """
    remaining = iter(messages)
    took: list[float] = []
    with selectors.DefaultSelector() as selector, ExitStack() as held:
        opened = [held.enter_context(_connect(port)) for _ in range(min(connections, len(messages)))]
        started = perf_counter()
        for connected in opened:
            selector.register(connected, selectors.EVENT_READ, _Exchange(connected, next(remaining)))
        while selector.get_map():
            ready = selector.select(_STUCK)
            if not ready:
                raise RuntimeError("no server answers any more")
            for key, _ in ready:
                exchange: _Exchange = key.data
                if not exchange.receive():
                    continue
                took.append(exchange.seconds)
                message = next(remaining, None)
                if message is None:
                    selector.unregister(exchange.connected)
                else:
                    selector.modify(
                        exchange.connected, selectors.EVENT_READ, _Exchange(exchange.connected, message)
                    )
        return perf_counter() - started, took


class _Exchange:
    """A request that has been sent, and what has come of its answer."""

    def __init__(self, connected: socket.socket, message: bytes) -> None:
        self.connected = connected
        self._answer = b""
        self._started = perf_counter()
        connected.sendall(message)

    def receive(self) -> bool:
        """Receive a piece; return whether the answer is complete."""
        self._answer += _receive(self.connected)
        size = size_of_answer(self._answer)
        return size is not None and len(self._answer) >= size

    @property
    def seconds(self) -> float:
        """The seconds since the request was sent."""
        return perf_counter() - self._started
