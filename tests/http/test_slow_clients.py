"""Slow and silent clients: their cost for the server, the responses, and the effect on others.

A configuration that imports the production one shortens the timeouts.

Rule: a real server; asserted are responses, threads, connections and memory, never a time.
"""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.contents import content_of
from tests.support.listening import free_port, listening
from tests.support.many_connections import (
    MIB,
    answered,
    connected,
    open_sockets,
    statuses,
    threads,
    threads_of,
)
from tests.support.people import Person
from tests.support.raw_http import RawConnection, request_head
from tests.support.reverse_proxies import make_certificate
from tests.support.servers import Server, children, production_command, running, server_environment
from tests.support.tus_clients import Job, filecli_command
from tests.support.waiting import wait_until

QUICK = """
from cabinet.serving import *
from cabinet.serving import request_progress, worker
worker.HEAD_SECONDS = request_progress.BODY_SECONDS = 1.0
"""
HOST: dict[str, str | int] = {"Host": "localhost"}
FORM: dict[str, str | int] = {**HOST, "Content-Type": "application/x-www-form-urlencoded"}
HALF_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-"
HALF_FORM = request_head("POST", "/login", {**FORM, "Content-Length": 100}) + b"username="
HALF_CHUNKS = request_head("POST", "/login", {**FORM, "Transfer-Encoding": "chunked"}) + b"40\r\nusername="
HEALTHZ = request_head("GET", "/healthz", HOST)

# The main thread, and some that answered others a moment ago.
FEW_THREADS = 8


def configured(folder: Path, text: str = QUICK) -> str:
    """Write a configuration of gunicorn and return its path."""
    file = folder / "quick.py"
    file.write_text(text)
    return str(file)


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("quick")
    command = production_command(1, config=configured(folder))
    with running(command, folder, {"STALL_SECONDS": 2}) as started:
        yield started


@pytest.fixture(scope="module")
def alice(quick: Server) -> Person:
    return Person(quick, "alice")


def test_slow_and_silent_clients_hold_no_thread_and_time_out(quick: Server) -> None:
    begun = open_sockets(quick)
    with (
        connected(quick, 60) as silent,
        connected(quick, 60) as half_heads,
        connected(quick, 60) as half_forms,
        connected(quick, 60) as half_chunks,
    ):
        beginnings = ((half_heads, HALF_HEAD), (half_forms, HALF_FORM), (half_chunks, HALF_CHUNKS))
        for connections, beginning in beginnings:
            for connection in connections:
                connection.send(beginning)
        assert quick.request("GET", "/healthz").status == 200
        assert threads(quick) <= FEW_THREADS

        # A browser that connects ahead of time would take a word for the answer to its first request.
        assert statuses(silent) == {None: 60}
        for connections, _ in beginnings:
            assert statuses(connections) == {408: 60}
    wait_until(lambda: open_sockets(quick) <= begun, what="the end of all these connections")


def test_a_too_slow_client_gets_a_problem_document(quick: Server) -> None:
    with quick.raw() as connection:
        connection.send(HALF_FORM)
        answer = connection.read_response()

    assert answer is not None
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Connection"] == "close"
    assert b"/problems/request-timeout" in answer.body


def test_a_client_waiting_for_100_continue_gets_it_once(quick: Server) -> None:
    body = b"username=nobody&password=wrong-horse"
    with quick.raw() as connection:
        expecting = {**FORM, "Content-Length": len(body), "Expect": "100-continue"}
        connection.send(request_head("POST", "/login", expecting))
        assert connection.socket.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert threads(quick) <= FEW_THREADS
        connection.send(body)
        assert connection.socket.recv(12) == b"HTTP/1.1 401"


def test_pipelined_requests_are_answered_in_order(quick: Server) -> None:
    chunked = (
        request_head("POST", "/login", {**FORM, "Transfer-Encoding": "chunked"}) + b"3\r\na=b\r\n0\r\n\r\n"
    )
    with quick.raw() as connection:
        connection.send(HEALTHZ + chunked + b"\r\n" + HEALTHZ + HEALTHZ[:20])
        found = [
            connection.read_response("GET"),
            connection.read_response("POST"),
            connection.read_response(),
        ]
        connection.send(HEALTHZ[20:])
        found.append(connection.read_response())

    assert [answer and answer.status for answer in found] == [200, 422, 200, 200]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\nHost: x", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"X-Long: a\r\n" * 7000, 431),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST /login HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n", 400),
    ],
)  # fmt: skip
def test_an_endless_or_malformed_head_is_refused_at_once(quick: Server, head: bytes, status: int) -> None:
    with quick.raw() as connection:
        connection.send(head)
        answer = connection.read_response()

    assert answer is not None
    assert answer.status == status


def test_a_too_slow_resumable_upload_is_refused_and_keeps_its_bytes(quick: Server, alice: Person) -> None:
    tus = {"Tus-Resumable": "1.0.0"}
    created = alice.send(
        "POST", "/uploads", headers={**tus, "Upload-Length": str(8 * MIB), "Upload-Metadata": "filename YQ=="}
    )
    target = created.headers["Location"]
    part = {
        **HOST, **alice.headers, **tus, "Upload-Offset": 0, "Content-Length": 8 * MIB,
        "Content-Type": "application/offset+octet-stream",
    }  # fmt: skip
    with quick.raw() as connection:
        connection.send(request_head("PATCH", target, part) + content_of(5 * MIB))
        answer = connection.read_response("PATCH")

    assert answer is not None
    assert answer.status == 408
    told = alice.send("HEAD", target, headers=tus)
    assert told.headers["Upload-Offset"] == str(5 * MIB)


def test_a_stalled_put_is_refused_and_not_stored(quick: Server, alice: Person) -> None:
    for framing, beginning in (
        ({"Content-Length": 8 * MIB}, content_of(MIB)),
        ({"Transfer-Encoding": "chunked"}, b"800000\r\n" + content_of(MIB)),
        ({"Transfer-Encoding": "chunked"}, b"100000\r\n" + content_of(MIB)),
    ):
        with quick.raw() as connection:
            connection.send(request_head("PUT", "/files/stalled", {**HOST, **alice.headers, **framing}))
            connection.send(beginning)
            answer = connection.read_response("PUT")
        assert answer is not None
        assert answer.status == 408
    assert alice.send("GET", "/files/stalled").status == 404


def test_the_oldest_connection_of_the_busiest_address_is_evicted(tmp_path: Path) -> None:
    command = production_command(1, "--worker-connections", "20", "--threads", "4")
    with running(command, tmp_path, {}) as server:
        with connected(server, 6, first=1) as others, connected(server, 40, each=40) as flood:
            wait_until(lambda: open_sockets(server) <= 24, what="connections within their limit")
            for connection in [*others, flood[-1]]:
                connection.send(HEALTHZ)
            assert statuses([*others, flood[-1]]) == {200: 7}
            assert statuses(flood[:20]) == {None: 20}
        assert server.request("GET", "/healthz").status == 200


def test_exhausted_descriptors_end_no_worker(tmp_path: Path) -> None:
    limited = ["/bin/sh", "-c", 'ulimit -n 64; exec "$0" "$@"', *production_command(1)]
    with running(limited, tmp_path, {}) as server:
        before = server.workers
        with connected(server, 150, each=50) as crowd:
            for _ in range(5):
                with connected(server, 1, first=9) as (one,):
                    one.send(HEALTHZ)
                    assert statuses([one]) == {200: 1}
            crowd[-1].send(HEALTHZ)
            assert statuses(crowd[-1:]) == {200: 1}
        assert server.workers == before
        assert "Traceback" not in server.log_text()


def test_waiting_connections_are_limited_by_upload_memory(tmp_path: Path) -> None:
    head = request_head("POST", "/login", {**FORM, "Content-Length": 60_000})
    with (
        running(production_command(1), tmp_path, {"UPLOAD_MEMORY": MIB}) as server,
        connected(server, 1, first=1) as (one,),
        connected(server, 40, each=40) as flood,
    ):
        one.send(HALF_FORM)
        for connection in flood:
            connection.send(head + b"x" * 50_000)
        # The first of the flood was disconnected with a response, and small connections stay.
        assert statuses(flood[:15]) == {503: 15}
        one.send(b"x" * 91)
        assert statuses([one]) == {422: 1}


def test_one_address_may_use_half_of_the_threads(tmp_path: Path) -> None:
    with running(production_command(1), tmp_path, {"THREADS": 8}) as server:
        alice = Person(server, "alice")
        head = request_head("PUT", "/files/slow", {**HOST, **alice.headers, "Content-Length": 8 * MIB})
        with connected(server, 5, each=5) as of_one, connected(server, 8, first=1, each=4) as of_others:
            for connection in of_one:
                connection.send(head + b"x")
            # Whichever it is: that one is refused shows that the other four have begun.
            [refused] = wait_until(lambda: answered(of_one, 1), what="the refusal")
            assert statuses([refused]) == {429: 1}
            with connected(server, 1) as (neighbour,), connected(server, 1, first=5) as (other,):
                neighbour.send(HEALTHZ)
                answer = neighbour.read_response()
                assert answer is not None
                assert (answer.status, answer.headers["Retry-After"]) == (429, "2")
                other.send(HEALTHZ)
                assert statuses([other]) == {200: 1}
            for connection in of_others:
                connection.send(head + b"x")
            # Seven eighths of all threads, wherever the transfers come from.
            too_many = wait_until(lambda: answered(of_others, 5), what="the refusals")
            assert server.request("GET", "/healthz").status == 200
            assert answered(of_others, 5) == too_many
            assert statuses(too_many) == {429: 5}


def test_a_user_has_64_transfers_and_further_ones_wait(tmp_path: Path) -> None:
    file = tmp_path / "waits"
    file.write_bytes(content_of(3 * MIB))
    with running(production_command(1), tmp_path, {}) as server:
        alice, bob = Person(server, "alice"), Person(server, "bob")
        head = request_head("PUT", "/files/slow", {**HOST, **alice.headers, "Content-Length": MIB})
        with connected(server, 65, each=33) as slow:
            for connection in slow:
                connection.send(head + b"x")
            [refused] = wait_until(lambda: answered(slow, 1), what="the refusal")
            slow.remove(refused)
            answer = refused.read_response()
            assert answer is not None
            assert (answer.status, answer.headers["Retry-After"]) == (429, "2")
            assert alice.send("GET", "/files").status == 200
            bob.store("of bob", b"goes on")

            command = filecli_command(
                Job(server.url, alice.headers, file, tmp_path / "memory", file.name), {}
            )
            with subprocess.Popen([*command, "-v"], stderr=subprocess.PIPE, text=True) as client:
                assert client.stderr is not None
                # The line of the request that was refused: it is sent again later.
                assert "429" in client.stderr.readline()
                slow[0].reset()
                said = client.stderr.read()
            assert client.returncode == 0, said
        assert alice.get("waits") == content_of(3 * MIB)


def test_an_unfinished_tls_handshake_holds_no_thread(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    arguments = ("--certfile", str(certificate), "--keyfile", str(certificate.with_suffix(".key")))
    port = free_port()
    command = production_command(1, *arguments, config=configured(tmp_path))
    command = [word.format(port=port) for word in command]
    context = ssl.create_default_context(cafile=str(certificate))
    server = Server(command, tmp_path, {})
    server.port = port
    with (
        listening(command, port, tmp_path, server_environment(tmp_path / "instance", {})) as pid,
        connected(server, 20) as silent,
        connected(server, 1) as (one,),
    ):
        with context.wrap_socket(one.socket, server_hostname="files.example.org") as wrapped:
            encrypted = RawConnection(wrapped)
            for _ in range(2):
                encrypted.send(HEALTHZ[:10])
                encrypted.send(HEALTHZ[10:])
                assert statuses([encrypted]) == {200: 1}
            assert threads_of(children(pid)) <= FEW_THREADS
        assert statuses(silent) == {None: 20}
