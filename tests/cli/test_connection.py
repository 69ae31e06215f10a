"""Requests, retries and unusual responses."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
import urllib3

from cabinet import errors
from cabinet.client.failures import (
    ConnectionLost,
    LimitInFront,
    Misunderstood,
    Redirected,
    Refused,
    ServerUnreachable,
    SourceChanged,
    TlsFailed,
)
from cabinet.client.local import FileBody, stat_source
from cabinet.client.settings import to_server
from cabinet.client.token_failures import TokenRefused
from cabinet.client.wire.connection import Connection, Request
from cabinet.client.wire.retry import Retry
from tests.cli.scripted import DEAF_ANSWER, Answer, Script, json_answer, problem

OK = json_answer({"done": True})
BUSY = problem("unavailable", 503)


def connect(url: str, *, pauses: list[float] | None = None, retries: int = 3) -> Connection:
    waited = pauses if pauses is not None else []
    patience = Retry(retries, lambda _: None, sleep=waited.append)
    return Connection(to_server(url), token="secret", retry=patience)


@pytest.fixture
def connection(script: Script) -> Connection:
    return connect(script.url)


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


def test_every_request_sends_token_and_accept(connection: Connection, script: Script) -> None:
    script.will(OK)

    assert connection.json(Request("GET", "/me")) == {"done": True}
    assert script.seen[0].headers["Authorization"] == "Bearer secret"
    assert script.seen[0].headers["Accept"] == "application/json"
    assert script.seen[0].headers["Accept-Encoding"] == "identity"


def test_requests_use_the_path_prefix_of_the_server(script: Script) -> None:
    script.will(OK)
    connect(f"{script.url}/cabinet").json(Request("GET", "/me"))

    assert script.seen[0].target == "/cabinet/me"


def test_a_response_without_content_is_none(connection: Connection, script: Script) -> None:
    script.will(Answer(204))

    assert connection.json(Request("DELETE", "/files/a")) is None


@pytest.mark.parametrize("status", [408, 423, 429, 503])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unprocessed_requests_are_retried(
    method: str, status: int, connection: Connection, script: Script
) -> None:
    script.will(problem("something", status), problem("something", status), OK)

    assert connection.json(Request(method, "/me")) == {"done": True}
    assert len(script.seen) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 411, 412, 413, 415, 416, 422, 500, 501, 507])
def test_refused_requests_are_not_retried(status: int, connection: Connection, script: Script) -> None:
    script.will(problem("something", status), OK)

    with pytest.raises(Refused) as raised:
        connection.json(Request("GET", "/me", is_repeatable=True))
    assert raised.value.status == status
    assert len(script.seen) == 1


def test_storage_faults_of_the_server_are_not_retried(connection: Connection, script: Script) -> None:
    script.will(problem("storage-fault", 503), OK)

    with pytest.raises(Refused) as raised:
        connection.json(Request("PUT", "/files/a", body=b"a", is_repeatable=True))
    assert raised.value.is_kind(errors.StorageFault)


@pytest.mark.parametrize("unclear", [DEAF_ANSWER, Answer(502), Answer(504), Answer(200, b"[1, 2]", cut=3)])
def test_possibly_processed_requests_are_retried_only_if_idempotent(
    unclear: Answer, connection: Connection, script: Script
) -> None:
    script.will(unclear, OK)
    with pytest.raises((ConnectionLost, Refused)):
        connection.json(Request("POST", "/tokens"))
    script.answers.clear()

    script.will(unclear, OK)
    assert connection.json(Request("GET", "/me", is_repeatable=True)) == {"done": True}


def test_retries_end(script: Script) -> None:
    pauses: list[float] = []
    script.will(*[BUSY] * 9)

    with pytest.raises(Refused):
        connect(script.url, pauses=pauses, retries=2).json(Request("GET", "/me"))
    assert len(script.seen) == 3
    assert len(pauses) == 2


@pytest.mark.parametrize(("seconds", "least", "most"), [(60, 30, 60), (-60, 0, 0)])
def test_retry_after_date_is_honored(seconds: float, least: float, most: float, script: Script) -> None:
    pauses: list[float] = []
    date = formatdate(time.time() + seconds, usegmt=True)
    script.will(problem("unavailable", 503, **{"Retry-After": date}), OK)
    connect(script.url, pauses=pauses).json(Request("GET", "/me"))

    assert least <= pauses[0] <= most


def test_retry_after_seconds_are_honored(script: Script) -> None:
    pauses: list[float] = []
    script.will(problem("unavailable", 503, **{"Retry-After": "7"}), OK)
    connect(script.url, pauses=pauses).json(Request("GET", "/me"))

    assert pauses == [7.0]


def test_an_invalid_retry_after_is_ignored(script: Script) -> None:
    pauses: list[float] = []
    script.will(problem("unavailable", 503, **{"Retry-After": "soon"}), OK)
    connect(script.url, pauses=pauses).json(Request("GET", "/me"))

    assert 0 <= pauses[0] <= 0.5


def test_a_refusal_has_the_message_of_the_server(connection: Connection, script: Script) -> None:
    script.will(problem("quota-exceeded", 507, "Your space is used up."))

    with pytest.raises(Refused) as raised:
        connection.json(Request("GET", "/me"))
    assert raised.value.is_kind(errors.QuotaExceeded)
    assert raised.value.is_kind(errors.StorageFull)
    assert str(raised.value) == "Your space is used up."


@pytest.mark.parametrize(
    "body", [b"<html>not found</html>", b"[]", b"", b"\xff", b"[" * 100_000, b'{"type": 5}']
)
def test_a_refusal_without_problem_document_uses_the_status(
    body: bytes, connection: Connection, script: Script
) -> None:
    script.will(Answer(404, body))

    with pytest.raises(Refused) as raised:
        connection.json(Request("GET", "/me"))
    assert raised.value.is_kind(errors.NotFound)
    assert str(raised.value) == "Not found (404)."


def test_a_truncated_refusal_uses_the_status(connection: Connection, script: Script) -> None:
    refusal = problem("not-found", 404)
    script.will(Answer(404, refusal.body, refusal.headers, cut=5))

    with pytest.raises(Refused) as raised:
        connection.json(Request("GET", "/me", is_repeatable=True))
    assert raised.value.is_kind(errors.NotFound)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int, connection: Connection, script: Script) -> None:
    script.will(Answer(status, headers={"Location": f"{script.url}/elsewhere"}), OK)

    with pytest.raises(Redirected):
        connection.json(Request("GET", "/me", is_repeatable=True))
    assert len(script.seen) == 1


def test_a_rejected_token_is_an_error_and_not_retried(connection: Connection, script: Script) -> None:
    script.will(problem("wrong-credentials", 401), OK)

    with pytest.raises(TokenRefused):
        connection.json(Request("GET", "/me", is_repeatable=True))
    assert len(script.seen) == 1


@pytest.mark.parametrize("body", [b"<html>welcome</html>", b"\xff", b"[" * 100_000])
def test_a_response_that_is_not_json_is_rejected(body: bytes, connection: Connection, script: Script) -> None:
    script.will(Answer(200, body))

    with pytest.raises(Misunderstood):
        connection.json(Request("GET", "/me"))


def test_an_endless_response_is_rejected(
    connection: Connection, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.client.wire.connection.LONGEST_ANSWER", 3)
    script.will(Answer(200, b"[[]]"))

    with pytest.raises(Misunderstood):
        connection.json(Request("GET", "/me"))


def test_a_refused_connection_is_retried_then_unreachable(closed_port: int) -> None:
    pauses: list[float] = []

    with pytest.raises(ServerUnreachable) as raised:
        connect(f"http://127.0.0.1:{closed_port}", pauses=pauses).json(Request("POST", "/tokens"))
    assert "Connection refused" in str(raised.value)
    assert len(pauses) == 3


def test_a_connect_timeout_is_not_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cabinet.client.wire.connection.TIMEOUT", urllib3.Timeout(connect=0.2, read=0.2))
    pauses: list[float] = []
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, socket.socket() as first:
        first.connect(listener.getsockname())
        with socket.socket() as second:
            # One connection waits to be accepted, one for space in the backlog: the kernel ignores a
            # third.
            second.setblocking(False)
            second.connect_ex(listener.getsockname())
            with pytest.raises(ServerUnreachable) as raised:
                connect(f"http://127.0.0.1:{listener.getsockname()[1]}", pauses=pauses).json(
                    Request("GET", "/me")
                )

    assert "it does not respond" in str(raised.value)
    assert pauses == []


def test_a_host_without_an_address_is_unreachable() -> None:
    with pytest.raises(ServerUnreachable):
        connect("http://no-such-host.invalid", retries=0).json(Request("GET", "/me"))


def test_https_to_an_http_server_is_a_tls_error(script: Script) -> None:
    with pytest.raises(TlsFailed):
        connect(script.url.replace("http:", "https:")).json(Request("GET", "/me", is_repeatable=True))


def test_a_retried_file_is_sent_from_its_start(workdir: Path, connection: Connection, script: Script) -> None:
    (workdir / "a").write_bytes(b"content")
    script.will(BUSY, OK)
    connection.json(Request("PUT", "/files/a", body=FileBody(stat_source(workdir / "a"))))

    assert [seen.body for seen in script.seen] == [b"content", b"content"]
    assert [seen.headers["Content-Length"] for seen in script.seen] == ["7", "7"]


def test_a_file_that_shrinks_is_source_changed(workdir: Path, connection: Connection, script: Script) -> None:
    (workdir / "a").write_bytes(b"content")
    body = FileBody(stat_source(workdir / "a"))
    (workdir / "a").write_bytes(b"con")

    with pytest.raises(SourceChanged):
        connection.json(Request("PUT", "/files/a", body=body, is_repeatable=True))


def test_a_file_that_grows_is_sent_in_its_first_size(
    workdir: Path, connection: Connection, script: Script
) -> None:
    (workdir / "a").write_bytes(b"content")
    body = FileBody(stat_source(workdir / "a"))
    (workdir / "a").write_bytes(b"content and more")
    script.will(OK)
    connection.json(Request("PUT", "/files/a", body=body))

    assert script.seen[0].body == b"content"


def test_an_early_refusal_is_read(workdir: Path) -> None:
    (workdir / "large").write_bytes(bytes(64 << 20))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        connection = connect(url)

        def refuse() -> None:
            accepted, _ = listener.accept()
            with accepted:
                accepted.recv(1024)
                accepted.sendall(
                    b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(LimitInFront) as raised:
            connection.json(Request("PUT", "/files/large", body=FileBody(stat_source(workdir / "large"))))
        thread.join()
    assert raised.value.size == 64 << 20


def test_connections_are_reused(connection: Connection, script: Script) -> None:
    script.will(OK, Answer(204), problem("not-found", 404), OK)
    connection.json(Request("GET", "/me"))
    connection.json(Request("DELETE", "/files/a"))
    with pytest.raises(Refused):
        connection.json(Request("GET", "/files/a"))
    connection.json(Request("GET", "/me"))

    assert connection._pool.num_connections == 1
