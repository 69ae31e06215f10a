"""A real server that is stopped or reloaded during requests.

Rule: normal operation; power cuts and kills are in tests/conformance.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.contents import content_of
from tests.support.people import Person
from tests.support.raw_http import RawConnection, request_head
from tests.support.servers import Server, production_command, running
from tests.support.waiting import wait_until

CONTENT = content_of(3 << 20)
HALF = len(CONTENT) // 2


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(production_command(2), tmp_path, {}) as started:
        yield started


def begin_upload(connection: RawConnection, person: Person) -> None:
    """Send the head of a request and half of its body, and return once a thread has it."""
    headers: dict[str, str | int] = {
        "Host": "localhost",
        "Content-Length": len(CONTENT),
        "Expect": "100-continue",
        **person.headers,
    }
    connection.send(request_head("PUT", "/files/large", headers))
    assert connection.socket.recv(100).startswith(b"HTTP/1.1 100 ")
    connection.send(CONTENT[:HALF])


def begin_download(connection: RawConnection, person: Person) -> bytes:
    """Request a file, and return the response once its first bytes have arrived."""
    connection.send(request_head("GET", "/files/stored", {"Host": "localhost", **person.headers}))
    return connection.socket.recv(10_000)


def read_to_end(connection: RawConnection) -> bytes:
    return b"".join(iter(lambda: connection.socket.recv(1 << 20), b""))


def test_a_stopping_server_ends_only_running_requests(server: Server) -> None:
    person = Person(server)
    person.store("stored", content_of(32 << 20, seed=1))
    with server.raw() as up, server.raw() as down, server.raw() as idle:
        begin_upload(up, person)
        head = begin_download(down, person)
        idle.send(request_head("GET", "/healthz", {"Host": "localhost"}))
        answer = idle.read_response()
        assert answer is not None
        assert answer.status == 200
        server.send_signal(signal.SIGTERM)
        assert idle.socket.recv(1) == b""

        up.send(CONTENT[HALF:])
        stored = up.read_response()
        received = head + read_to_end(down)

    assert stored is not None
    assert stored.status == 201
    assert received.partition(b"\r\n\r\n")[2] == content_of(32 << 20, seed=1)
    assert wait_until(lambda: server.exit_code is not None, what="the end of the server")
    assert server.exit_code == 0
    server.start()
    assert person.get("large") == CONTENT


def test_a_reloading_server_answers_all_the_time(server: Server) -> None:
    person = Person(server)
    before = set(server.workers)
    with server.raw() as up:
        begin_upload(up, person)
        server.send_signal(signal.SIGHUP)
        wait_until(lambda: len(set(server.workers) - before) == 2, what="new processes")
        assert person.send("GET", "/me").status == 200
        up.send(CONTENT[HALF:])
        stored = up.read_response()

    assert stored is not None
    assert stored.status == 201
    wait_until(lambda: not before & set(server.workers), what="the end of the old processes")
    assert person.get("large") == CONTENT
