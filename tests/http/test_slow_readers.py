"""Clients that read a response slowly or not at all: threads are left for others.

Rule: a real server; packets are as small as on Ethernet, because the kernel buffers megabytes on loopback.
"""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

import pytest

from cabinet.web.concurrency import TRANSFERS_OF_A_USER
from tests.support.contents import content_of
from tests.support.many_connections import address, connected, statuses
from tests.support.people import Person
from tests.support.raw_http import RawConnection, request_head
from tests.support.servers import Server, production_command, running
from tests.support.waiting import PATIENCE

THREADS = 8
# Seven eighths of them.
TRANSFERS = 7
PACKET = 1460
HOST: dict[str, str | int] = {"Host": "localhost"}
MANY = quote("ж" * 200)
HEALTHZ = request_head("GET", "/healthz", HOST)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(production_command(1), tmp_path_factory.mktemp("readers"), {"THREADS": THREADS}) as started:
        yield started


@pytest.fixture(scope="module")
def alice(server: Server) -> Person:
    alice = Person(server, "alice")
    alice.store("picture", content_of(100_000))
    for number in range(60):
        alice.store(f"{'ж' * 200}/{number:03}{'ё' * 200}", b"")
    return alice


class Readers:
    """Connections that read nothing of the response, four of them from each address.

    They read all of it in the end: then the server counts none of their requests any more.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._held = ExitStack()
        self.connections: list[RawConnection] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self.connections:
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_WR)
        for connection in self.connections:
            with suppress(OSError):
                while connection.socket.recv(64 << 10):
                    pass
        self._held.close()

    def ask(self, request: bytes, count: int = 1) -> None:
        """Open `count` further connections and send `request` on each."""
        for _ in range(count):
            connection = self._held.enter_context(socket.socket())
            connection.settimeout(PATIENCE)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, PACKET)
            connection.bind((address(10 + len(self.connections) // 4), 0))
            connection.connect((self._server.host, self._server.port))
            self.connections.append(RawConnection(connection))
            self.connections[-1].send(request)

    def statuses(self) -> Counter[bytes]:
        """Return the statuses once each has received one, without reading further."""
        return Counter(connection.socket.recv(12)[-3:] for connection in self.connections)


@pytest.mark.parametrize(
    "target", ["/files/picture", "/files?recursive=1&limit=1000", f"/index?path={MANY}", f"/files/{MANY}"]
)
def test_unread_responses_leave_threads_for_others(server: Server, alice: Person, target: str) -> None:
    with Readers(server) as readers:
        readers.ask(request_head("GET", target, {**HOST, **alice.headers, "Accept-Encoding": "identity"}), 12)
        with connected(server, 1, first=1) as (other,):
            other.send(HEALTHZ)
            assert statuses([other]) == {200: 1}
        assert readers.statuses() == {b"200": TRANSFERS, b"429": 12 - TRANSFERS}


def test_unread_responses_to_pipelined_requests_leave_threads_for_others(server: Server) -> None:
    with Readers(server) as readers:
        readers.ask(HEALTHZ * 400, 12)
        # One after the other, so that all of them come as far as they get.
        with connected(server, 1, first=1) as (other,):
            for number in range(400):
                other.send(HEALTHZ)
                assert statuses([other]) == {200: 1}, number


def test_an_archive_counts_as_a_transfer_however_long_its_request(tmp_path: Path) -> None:
    with running(production_command(1), tmp_path, {}) as server:
        alice = Person(server, "alice")
        alice.store("picture", content_of(100_000))
        body = json.dumps({"path": ["picture"], "more": "x" * (70 << 10)}).encode()
        head = request_head(
            "POST", "/zip",
            {**HOST, **alice.headers, "Content-Type": "application/json", "Content-Length": len(body)},
        )  # fmt: skip
        with Readers(server) as readers:
            for _ in range(TRANSFERS_OF_A_USER + 2):
                readers.ask(head)
                readers.connections[-1].send(body)
            assert readers.statuses() == {b"200": TRANSFERS_OF_A_USER, b"429": 2}


def test_a_completed_request_is_never_told_to_retry(server: Server, alice: Person) -> None:
    name = "ж" * 120
    form = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s%d"\r\n\r\n\r\n'
        % (name.encode(), number)
        for number in range(100)
    )
    fields = {**HOST, **alice.headers, "Content-Type": "multipart/form-data; boundary=b"}
    body = form + b"--b--\r\n"
    upload = request_head("POST", "/upload?folder=done", {**fields, "Content-Length": len(body)}) + body
    with Readers(server) as readers:
        readers.ask(request_head("GET", "/files/picture", {**HOST, **alice.headers}), TRANSFERS)
        assert readers.statuses() == {b"200": TRANSFERS}
        readers.ask(upload)
        assert readers.connections[-1].socket.recv(12)[-3:] == b"201"
