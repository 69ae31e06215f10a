"""Thousands of slow and silent clients, directly and behind nginx; hundreds of slow transfers of many users.

Rule: production settings; asserted are responses, threads, connections and memory, never a time.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.contents import content_of
from tests.support.many_connections import MIB, answered, connected, open_sockets, resident, statuses, threads
from tests.support.people import Person
from tests.support.raw_http import RawConnection, request_head
from tests.support.reverse_proxies import make_certificate, nginx
from tests.support.servers import Server, production_command, running
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

HOST: dict[str, str | int] = {"Host": "files.example.org"}
HALF_HEAD = b"GET /healthz HTTP/1.1\r\nHost: files.example.org\r\nX-"
FORM: dict[str, str | int] = {**HOST, "Content-Type": "application/x-www-form-urlencoded"}
HALF_FORM = request_head("POST", "/login", {**FORM, "Content-Length": 100}) + b"username="
HALF_CHUNKS = request_head("POST", "/login", {**FORM, "Transfer-Encoding": "chunked"}) + b"40\r\nusername="
HEALTHZ = request_head("GET", "/healthz", HOST)

# The main thread of each process, and some that answered a moment ago.
FEW_THREADS = 16

# Duration of slow transfers in seconds.
MINUTE = 60.0


@pytest.fixture(autouse=True)
def descriptors() -> Iterator[None]:
    """Have as many as the system allows: the clients of these tests are thousands."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(production_command(2), tmp_path, {"PROXY_HOPS": 1}) as started:
        yield started


def drip(connections: Sequence[RawConnection]) -> None:
    """Send one more byte over each."""
    for connection in connections:
        connection.send(b"a")


def test_many_slow_clients_occupy_no_threads(server: Server) -> None:
    with (
        connected(server, 1000) as silent,
        connected(server, 1000) as half_heads,
        connected(server, 600) as half_forms,
        connected(server, 600) as half_chunks,
    ):
        slow = ((half_heads, HALF_HEAD), (half_forms, HALF_FORM), (half_chunks, HALF_CHUNKS))
        for connections, beginning in slow:
            for connection in connections:
                connection.send(beginning)
        for _ in range(20):
            assert server.request("GET", "/healthz").status == 200
            for connections, _beginning in slow:
                drip(connections)
        assert threads(server) <= FEW_THREADS
        assert statuses(silent) == {None: 1000}
        assert statuses(half_heads) == {408: 1000}
        assert statuses(half_forms) == {408: 600}
        assert statuses(half_chunks) == {408: 600}
    wait_until(lambda: open_sockets(server) <= FEW_THREADS, what="the end of all these connections")


def test_many_slow_clients_behind_nginx_occupy_no_threads(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "nginx"
    folder.mkdir()
    with nginx(folder, server.port, make_certificate(folder), "") as proxy, ExitStack() as held:
        beginnings = [b""] * 1000 + [HALF_HEAD] * 1000 + [HALF_FORM] * 600 + [HALF_CHUNKS] * 600
        for beginning in beginnings:
            held.enter_context(proxy.raw()).send(beginning)
        for _ in range(50):
            assert proxy.request("GET", "/healthz").status == 200
        assert threads(server) <= FEW_THREADS


@contextmanager
def transfers(server: Server, people: Sequence[Person]) -> Iterator[list[RawConnection]]:
    """Run 400 uploads and 400 downloads, 40 per user, each user with a separate address."""
    for person in people:
        person.store("large", content_of(16 * MIB))
    upload: dict[str, str | int] = {**HOST, "Content-Length": 8 * MIB}
    with connected(server, 40 * len(people), each=40) as connections:
        for number, connection in enumerate(connections):
            headers = people[number // 40].headers
            if number % 2:
                connection.send(request_head("GET", "/files/large", {**HOST, **headers}))
            else:
                head = request_head("PUT", f"/files/{number}", {**upload, **headers})
                connection.send(head + content_of(MIB // 2))
        yield connections


def test_hundreds_of_slow_transfers_leave_threads_for_short_requests(server: Server) -> None:
    people = [Person(server, f"user{number}") for number in range(20)]
    people[0].store("warm", content_of(8 * MIB))
    idle = resident(server)
    with transfers(server, people) as connections:
        end = time.monotonic() + MINUTE
        while time.monotonic() < end:
            for connection in connections[::2]:
                connection.send(content_of(4 << 10))
            for connection in connections[1::2]:
                connection.socket.recv(4 << 10)
            assert server.request("GET", "/healthz").status == 200
            assert people[3].send("GET", "/files").status == 200
        assert threads(server) > 600
        assert resident(server) - idle < 200 * MIB


def test_transfers_never_occupy_all_threads(tmp_path: Path) -> None:
    with running(production_command(1), tmp_path, {"THREADS": 128}) as server, ThreadPoolExecutor(8) as pool:
        people = list(pool.map(lambda number: Person(server, f"user{number}"), range(8)))
        upload: dict[str, str | int] = {**HOST, "Content-Length": 8 * MIB}
        with connected(server, 128, each=16) as connections:
            for number, connection in enumerate(connections):
                shown = people[number // 16].headers
                connection.send(request_head("PUT", f"/files/{number}", {**upload, **shown}) + b"x")
            refused = wait_until(lambda: answered(connections, 16), what="the refusals")
            assert server.request("GET", "/healthz").status == 200
            assert len(answered(connections, 16)) == 16
            assert statuses(refused) == {429: 16}
            assert server.request("GET", "/healthz").status == 200
