"""When a thread goes on with the connection whose request it has handled, and what it leaves to the main thread."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.http.unreader import SocketUnreader

from cabinet.serving.handling import HandlingWorker
from cabinet.serving.loading import LoadingWorker
from cabinet.serving.request_progress import RequestInspector

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
PUT = b"PUT /files/f HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"


class Peer:
    """A client and the connection to it, as the worker sees it."""

    def __init__(self) -> None:
        self.client, server = socket.socketpair()
        self.conn = SimpleNamespace(
            sock=server,
            address="local",
            can_send=True,
            parser=SimpleNamespace(unreader=SocketUnreader(server)),
        )

    @property
    def kept(self) -> bytes:
        """The bytes that were received for whoever goes on with the connection."""
        return bytes(self.conn.parser.unreader.take_buffered())


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Return a new connection."""
    made = Peer()
    with made.client, made.conn.sock:
        yield made


class Worker(HandlingWorker):
    """A worker without a server, which counts the requests of each call of `handle`."""

    def __init__(self, *, spare: bool = True) -> None:
        self.alive = True
        self.spare = spare
        self._inspector = RequestInspector(None)

    def has_spare_thread(self) -> bool:
        return self.spare


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the list of requests that gunicorn was asked to handle; each takes all bytes that are there."""
    requests: list[bytes] = []

    def handle(_worker: object, conn: Any) -> bool:
        requests.append(conn.parser.unreader.take_buffered())
        return True

    monkeypatch.setattr(LoadingWorker, "handle", handle)
    return requests


@pytest.mark.parametrize("request_bytes", [GET, PUT, GET + PUT[:30], b"no HTTP\n\r\n\r\n"])
def test_a_request_that_follows_at_once_is_handled_by_the_same_thread(
    peer: Peer, handled: list[bytes], request_bytes: bytes
) -> None:
    peer.client.sendall(request_bytes)

    assert Worker().handle(peer.conn) is True

    assert handled == [b"", request_bytes]


@pytest.mark.parametrize("part", [b"", GET[:1], GET[:-1], PUT[:-1]])
def test_an_incomplete_request_is_left_to_the_main_thread_with_its_bytes(
    peer: Peer, handled: list[bytes], part: bytes
) -> None:
    peer.client.sendall(part)

    assert Worker().handle(peer.conn) is True

    assert (handled, peer.kept) == ([b""], part)


def test_a_pipelined_request_is_handled_without_another_byte(peer: Peer, handled: list[bytes]) -> None:
    peer.client.sendall(PUT)
    peer.conn.parser.unreader.unread(GET)
    peer.conn.sock.settimeout(0)

    assert Worker()._has_next(peer.conn)

    assert peer.kept == GET
    assert peer.conn.sock.recv(100) == PUT


def test_a_closed_connection_is_left_to_the_main_thread(peer: Peer, handled: list[bytes]) -> None:
    peer.client.close()

    assert Worker().handle(peer.conn) is True

    assert (handled, peer.kept) == ([b""], b"")


@pytest.mark.parametrize("reason", ["no spare thread", "stopping", "unread responses"])
def test_a_thread_that_is_needed_does_not_go_on(peer: Peer, handled: list[bytes], reason: str) -> None:
    worker = Worker(spare=reason != "no spare thread")
    worker.alive = reason != "stopping"
    peer.conn.can_send = reason != "unread responses"
    peer.client.sendall(GET)

    assert worker.handle(peer.conn) is True

    assert handled == [b""]
    assert peer.conn.sock.recv(100) == GET


def test_a_connection_that_gunicorn_closes_does_not_go_on(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LoadingWorker, "handle", lambda _worker, _conn: False)
    peer.client.sendall(GET)

    assert Worker().handle(peer.conn) is False
    assert peer.conn.sock.recv(100) == GET
