"""A refused upload: the client gets the response, and the connection is closed soon.

Rule: a real server, because the connection matters.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.contents import content_of
from tests.support.raw_http import RawConnection, request_head
from tests.support.servers import Server, production_command, running
from tests.support.waiting import wait_until

MIB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server shared by these tests; nothing is stored, and no session exists."""
    with running(production_command(1), tmp_path_factory.mktemp("server"), {}) as started:
        yield started


def is_refused(connection: RawConnection, length: int, content: bytes = b"") -> bool:
    """Send an unauthenticated PUT; return whether its sender receives the refusal."""
    connection.send(request_head("PUT", "/files/refused", {"Host": "localhost", "Content-Length": length}))
    connection.send(content)
    answer = connection.read_response("PUT")
    return answer is not None and answer.status == 401


def has_hung_up(connection: RawConnection) -> bool:
    """Send one more byte, unless the connection is closed."""
    try:
        connection.socket.sendall(b"x")
    except OSError:
        return True
    return False


def test_a_sender_that_reads_the_answer_late_gets_it(server: Server) -> None:
    for _ in range(5):
        with server.raw() as connection:
            assert is_refused(connection, 1 << 40, content_of(32 * MIB))


def test_the_connection_of_a_small_refused_body_is_reused(server: Server) -> None:
    with server.raw() as connection:
        assert is_refused(connection, 1000, content_of(1000))
        connection.send(request_head("GET", "/healthz", {"Host": "localhost"}))
        answer = connection.read_response()
    assert answer is not None
    assert answer.status == 200


def test_a_stalled_or_trickling_sender_is_disconnected_soon(server: Server) -> None:
    with server.raw() as silent, server.raw() as trickling:
        assert is_refused(silent, 1 << 40)
        assert is_refused(trickling, 1 << 40)
        wait_until(lambda: has_hung_up(trickling), what="the end of a trickling connection")
        assert silent.socket.recv(1) == b""
