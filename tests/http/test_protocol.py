"""Requests that no client library would send, over sockets, to both servers.

Truncated bodies are in tests/conformance; here are framing, targets, methods and limits.

Rule: a refusal stores nothing, and a body is never taken for a request.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import pytest

from tests.support.auth import PASSWORD, basic
from tests.support.contents import content_of
from tests.support.people import Person
from tests.support.raw_http import RawResponse, request_head
from tests.support.servers import EITHER_SERVER, Server, development_command, production_command, running

LIMIT = 4 << 20
SETTINGS = {"MAX_UPLOAD_SIZE": LIMIT}
# With the log of requests that operators may turn on, and in it what they may ask for.
ACCESS_LOG = ("--access-logfile", "-", "--access-logformat", '%(h)s %(u)s "%(r)s" %(s)s %(U)s %(q)s')
COMMANDS = {"gunicorn": production_command(1, *ACCESS_LOG), "flask run": development_command()}


@dataclass(frozen=True)
class Scene:
    """A running server with an account."""

    name: str
    server: Server
    person: Person

    def ask(
        self, method: str, target: str, headers: dict[str, str | int] | None = None, body: bytes = b""
    ) -> RawResponse:
        """Send one request as that person, exactly as it stands, and return the answer."""
        sent = {"Host": "localhost", **self.person.headers, **(headers or {}), "Connection": "close"}
        with self.server.raw() as connection:
            connection.send(request_head(method, target, sent) + body)
            response = connection.read_response(method)
        assert response is not None, "the server hung up"
        return response

    def exchange(self, data: bytes) -> bytes:
        """Send `data` and return everything until the server hangs up."""
        with self.server.raw() as connection:
            connection.send(data)
            with suppress(OSError):  # it has heard enough
                connection.half_close()
            received = b""
            while True:
                try:
                    piece = connection.socket.recv(65536)
                except ConnectionResetError:
                    return received
                if not piece:
                    return received
                received += piece

    def hashes(self) -> dict[str, str]:
        return self.person.hashes()


@pytest.fixture(scope="module", params=EITHER_SERVER)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with ExitStack() as servers:
        folder = tmp_path_factory.mktemp("protocol")
        server = servers.enter_context(running(COMMANDS[request.param], folder, SETTINGS))
        yield Scene(request.param, server, Person(server))


def test_a_body_without_a_length_is_refused(scene: Scene) -> None:
    response = scene.ask("PUT", "/files/new", body=b"content")

    assert response.status == 411
    assert b"length-required" in response.body
    assert "new" not in scene.hashes()


def test_a_body_above_the_size_limit_is_refused_before_it_is_sent(scene: Scene) -> None:
    response = scene.ask("PUT", "/files/new", {"Content-Length": LIMIT + 1})

    assert response.status == 413
    assert b"too-large" in response.body
    assert "new" not in scene.hashes()


def test_chunks_above_the_size_limit_are_refused(scene: Scene) -> None:
    piece = b"100000\r\n" + content_of(1 << 20) + b"\r\n"

    for method, target, headers in (
        ("PUT", "/files/new", {}),
        ("POST", "/login", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("POST", "/tokens", {"Content-Type": "application/json"}),
    ):
        response = scene.ask(
            method, target, {"Transfer-Encoding": "chunked", **headers}, piece * 5 + b"0\r\n\r\n"
        )
        assert response.status == 413, target
    assert "new" not in scene.hashes()


def test_chunks_are_stored_as_one_content(scene: Scene) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (b"one ", b"two ", b"x" * 70_000))

    response = scene.ask("PUT", "/files/chunked", {"Transfer-Encoding": "chunked"}, body + b"0\r\n\r\n")

    assert response.status in {200, 201}
    assert scene.person.get("chunked") == b"one two " + b"x" * 70_000


def test_a_form_may_be_chunked(scene: Scene) -> None:
    form = b"username=alice&password=" + PASSWORD.replace(" ", "+").encode()
    headers: dict[str, str | int] = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Transfer-Encoding": "chunked",
    }

    response = scene.ask("POST", "/login", headers, b"%x\r\n%s\r\n0\r\n\r\n" % (len(form), form))

    assert response.status == 200


def test_a_large_form_is_refused_before_it_is_read(scene: Scene) -> None:
    fields = b"&".join(b"a=b" for _ in range(100_000))

    for target in ("/register", "/login", "/language"):
        headers: dict[str, str | int] = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": len(fields),
        }
        assert scene.ask("POST", target, headers, fields).status == 413


@pytest.mark.parametrize(
    "target",
    ["/files/../../../etc/passwd", "/files/..%2f..%2fetc%2fpasswd", "/../instance/secret_key", "/files/%2e%2e/x",
     "/files//etc/passwd", "/files/a%00b", "/files/%ff%fe", "/files/%C0%AE%C0%AE/x", "/files/a%0d%0aX:%20y",
     "/files?path=%ff", "/files/%zz/..", "/static/x/..%2f..%2fconfig.py", "/static/x/../../config.py"],
)  # fmt: skip
def test_a_hostile_target_reaches_nothing(scene: Scene, target: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        response = scene.ask(method, target, {"Content-Length": 1}, b"x")
        assert response.status in {400, 404, 405, 422}, method
        assert b"root:" not in response.body
        assert "X" not in response.headers
    assert scene.hashes().keys() <= {"chunked", "large", "odd"}


@pytest.mark.parametrize(
    ("method", "status"), [("TRACE", 405), ("PATCH", 405), ("PROPFIND", 405), ("QUERY", 405)]
)
def test_an_unsupported_method_is_refused(scene: Scene, method: str, status: int) -> None:
    response = scene.ask(method, "/files/new", {"X-Secret": "do not echo"})

    assert response.status == status
    assert b"do not echo" not in response.body


def test_a_too_long_target_is_refused(scene: Scene) -> None:
    assert 400 <= scene.ask("GET", "/files/" + "a" * 100_000).status < 500


def test_endless_headers_are_refused(scene: Scene) -> None:
    received = scene.exchange(
        b"GET /me HTTP/1.1\r\nHost: localhost\r\n" + b"X-Header: value\r\n" * 10_000 + b"\r\n"
    )

    # Or nothing at all, when it hung up while we were still sending.
    assert not received or received.split()[1] in {b"400", b"431"}


@pytest.mark.parametrize(
    "name",
    ["SCRIPT_NAME", "PATH_INFO", "X_Forwarded_Prefix", "X-Forwarded-Prefix", "X-Script-Name", "Forwarded"],
)
def test_a_header_cannot_change_the_path_prefix(scene: Scene, name: str) -> None:
    response = scene.ask("GET", "/files", {name: "/elsewhere"})

    assert response.status in {200, 400}
    assert b"elsewhere" not in response.body


def test_an_unread_body_is_not_the_next_request(scene: Scene) -> None:
    hidden = request_head("GET", "/healthz", {"Host": "localhost"})
    for refused in (
        request_head("PUT", "/files/new", {"Host": "localhost", "Content-Length": len(hidden)}),
        request_head(
            "PUT", "/files/a//b", {"Host": "localhost", **scene.person.headers, "Content-Length": len(hidden)}
        ),
        request_head("DELETE", "/files/new", {"Host": "localhost", "Content-Length": len(hidden)}),
        request_head("GET", "/me", {"Host": "localhost", "Content-Length": len(hidden)}),
    ):
        last = request_head("GET", "/nothing-of-that-name", {"Host": "localhost", "Connection": "close"})

        received = scene.exchange(refused + hidden + last)

        assert received.startswith(b"HTTP/1.1 4")
        assert b'"ok"' not in received
        assert received.count(b"HTTP/1.1 ") in {1, 2}


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: " + b"9" * 5000 + b"\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
    ],
    ids=lambda headers: headers[:30].decode(),
)
def test_ambiguous_length_headers_are_refused(scene: Scene, headers: bytes) -> None:
    token = scene.person.headers["Authorization"].encode()
    head = (
        b"PUT /files/twofold HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
        + token
        + b"\r\n"
        + headers
        + b"\r\n"
    )
    smuggled = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

    received = scene.exchange(head + smuggled)

    assert b'{"status":"ok"}' not in received
    answered = received.split()[1] if received else b""
    if answered == b"201":
        # Flask's own server takes one of two lengths, and hangs up after its answer.
        assert scene.name == "flask run" or scene.person.get("twofold") == b""
        scene.person.delete("twofold")
    else:
        assert answered in {b"400", b"411", b"413", b"415", b"501", b""}, received[:200]


def test_ranges_of_a_large_file_are_exact(scene: Scene) -> None:
    content = content_of(LIMIT)
    scene.person.store("large", content)

    for start, stop in ((0, 1), (0, LIMIT), (1, LIMIT), (LIMIT - 1, LIMIT), (1_000_003, 3_000_017)):
        response = scene.ask("GET", "/download/large", {"Range": f"bytes={start}-{stop - 1}"})
        assert response.status == 206
        assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{LIMIT}"
        assert response.body == content[start:stop]


def test_responses_without_a_body_keep_the_connection_in_sync(scene: Scene) -> None:
    etag = f'"{scene.person.store("odd", b"content")["content_hash"]}"'
    token = {"Host": "localhost", **scene.person.headers}
    requests = [
        request_head("HEAD", "/files/odd", token),
        request_head("GET", "/files/odd", {**token, "If-None-Match": etag}),
        request_head("GET", "/files/odd", {**token, "If-Match": '"x"'}),
        request_head("GET", "/files/odd", {**token, "Range": "bytes=99-"}),
        request_head("HEAD", "/files/nothing", token),
    ]
    last = request_head("GET", "/files/odd", {**token, "Connection": "close"})

    for request in requests:
        received = scene.exchange(request + last)
        assert b"content-" not in received.partition(b"\r\n\r\n")[0] or received
        bodies = received.split(b"\r\n\r\n")
        # Flask's own server hangs up after each answer.
        assert bodies[1].startswith(b"HTTP/1.1 200") or bodies[1:] == [b""]
        if bodies[1]:
            assert bodies[2] == b"content"


def test_an_http_1_0_client_is_served(scene: Scene) -> None:
    received = scene.exchange(b"GET /healthz HTTP/1.0\r\n\r\n")

    assert b" 200 " in received.splitlines()[0]
    assert received.endswith(b'{"status":"ok"}\n')


@pytest.mark.parametrize(
    "garbage", [b"\r\n\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\x00" * 1000]
)
def test_invalid_http_does_no_harm(scene: Scene, garbage: bytes) -> None:
    received = scene.exchange(garbage)

    assert b"Traceback" not in received
    assert b" 200 " not in received[:20]
    assert scene.ask("GET", "/healthz").status == 200


def test_a_name_cannot_forge_an_access_log_line(scene: Scene) -> None:
    for target in ("/files/%0a[ERROR]%20forged", "/files/%1b[31mforged", "/files/x\x1b[31mforged"):
        with scene.server.raw() as connection:
            connection.send(request_head("GET", target, {"Host": "localhost", "Connection": "close"}))
            connection.read_response()
    scene.ask("GET", "/me", {**basic("a\n[ERROR] forged\x1b[31mforged\u2028")})

    log = scene.server.log_text()
    assert "\x1b[31mforged" not in log
    assert "\n[ERROR] forged" not in log
    assert "\u2028" not in log
    assert scene.person.headers["Authorization"] not in log


def test_the_server_log_records_refused_requests(scene: Scene) -> None:
    form = "application/x-www-form-urlencoded"
    body = b"username=alice&password=secret-and-wrong"
    head: dict[str, str | int] = {"Content-Type": form, "Content-Length": len(body)}
    wrong = scene.ask("POST", "/login", head, body)
    foreign = scene.ask("POST", "/files/%1b%0aevent=x", {**head, "Origin": "https://evil.example"}, body)
    unknown = scene.ask("GET", "/me", {"Authorization": "Bearer secret"})

    told = {answer.headers["X-Request-Id"]: answer.status for answer in (wrong, foreign, unknown)}
    assert list(told.values()) == [401, 403, 401]
    lines = [line for line in scene.server.log_text().splitlines() if any(name in line for name in told)]
    assert [line.partition("event=")[2].partition(" ")[0] for line in lines] == [
        "password-refused", "cross-site-refused", "credentials-refused",
    ]  # fmt: skip
    assert "user=alice address=127.0.0.1" in lines[0]
    assert "secret" not in "".join(lines)
    assert "\x1b" not in "".join(lines)


def test_a_client_waiting_for_100_continue_gets_it(scene: Scene) -> None:
    headers = {**scene.person.headers, "Content-Length": "7", "Expect": "100-continue", "Connection": "close"}
    with scene.server.raw() as connection:
        connection.send(request_head("PUT", "/files/odd", {"Host": "localhost", **headers}))
        first = connection.socket.recv(4096)
        connection.send(b"content")
        connection.socket.shutdown(socket.SHUT_WR)
        response = connection.read_response("PUT")

    assert first.startswith(b"HTTP/1.1 100")
    assert response is not None
    assert response.status in {200, 201}
    assert scene.person.get("odd") == b"content"
