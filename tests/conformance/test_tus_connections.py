"""tus over real connections: persistent, HTTP/1.0, and through a proxy under another path.

Rule: a body refused without being read is never taken for the next request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from cabinet.storage.content_hash import hash_chunks
from tests.conftest import MakeApp
from tests.support.auth import PASSWORD
from tests.support.contents import content_of
from tests.support.operators import Operator
from tests.support.raw_http import RawConnection, RawResponse
from tests.support.servers import Server, production_command, running
from tests.support.tus import (
    Headers,
    Tus,
    Upload,
    check_finished,
    check_refused,
    checksum,
    encoded,
    metadata,
    new_account,
    part,
    staged,
)

CONTENT = content_of((5 << 20) + 3)


def ask(
    tus: Tus, connection: RawConnection, method: str, target: str, headers: Headers, body: bytes = b""
) -> RawResponse:
    """Send a request over a connection that is kept."""
    length = {} if method == "HEAD" else {"Content-Length": len(body)}
    connection.send(tus.head(method, target, {**length, **headers}) + body)
    answer = connection.read_response(method)
    assert answer is not None
    return answer


def test_an_upload_uses_one_connection(tus: Tus) -> None:
    with tus.server.raw() as connection:
        created = ask(
            tus,
            connection,
            "POST",
            "/uploads",
            {"Upload-Length": len(CONTENT), "Upload-Metadata": metadata(filename="a")},
        )
        target = created.headers["Location"]
        for start in range(0, len(CONTENT), 1 << 20):
            piece = CONTENT[start : start + (1 << 20)]
            answer = ask(tus, connection, "PATCH", target, {**part(start), **checksum(piece)}, piece)
            assert answer.status == 204
            looked = ask(tus, connection, "HEAD", target, {})
            assert looked.headers["Upload-Offset"] == str(start + len(piece))

    check_finished(tus, answer, CONTENT)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Offset": 7}, 409),
        ({"Content-Type": "text/plain"}, 415),
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Upload-Checksum": "sha1 wrong"}, 400),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
@pytest.mark.parametrize("in_chunks", [False, True])
def test_an_unread_body_is_never_the_next_request(
    tus: Tus, headers: Headers, status: int, in_chunks: bool
) -> None:
    other = tus.create(5, filename="other")
    upload = tus.create(len(CONTENT))
    hidden = tus.head("DELETE", other.target, {"Content-Length": 0})
    body = (hidden * (len(CONTENT) // len(hidden) + 1))[: len(CONTENT)]

    with tus.server.raw() as connection:
        sent = {**part(0), **headers}
        if in_chunks:
            framed = b"".join(b"%x\r\n%s\r\n" % (len(hidden), hidden) for _ in range(2000)) + b"0\r\n\r\n"
            connection.send(
                tus.head("PATCH", upload.target, {**sent, "Transfer-Encoding": "chunked"}) + framed
            )
        else:
            connection.send(tus.head("PATCH", upload.target, {**sent, "Content-Length": len(body)}) + body)
        answer = connection.read_response("PATCH")
        assert answer is not None
        assert answer.status == status
        connection.send(tus.head("HEAD", other.target, {}))
        again = connection.read_response("HEAD")

    assert again is None or (again.status == 200 and again.headers["Upload-Offset"] == "0")
    assert other.offset() == 0
    assert upload.offset() == 0


def test_expect_100_continue_is_supported(tus: Tus) -> None:
    upload = tus.create(len(CONTENT))
    asking: Headers = {**part(0), "Content-Length": len(CONTENT), "Expect": "100-continue"}

    with tus.sending("PATCH", upload.target, asking) as connection:
        assert connection.socket.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.send(CONTENT)
        answer = connection.read_response("PATCH")

    assert answer is not None
    check_finished(tus, answer, CONTENT)


def test_an_http_1_0_client_can_upload(either: Tus) -> None:
    upload = either.create(len(CONTENT))
    head = either.head("PATCH", upload.target, {**part(0), "Content-Length": len(CONTENT)})

    with either.server.raw() as connection:
        connection.send(head.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n") + CONTENT)
        answer = connection.read_response("PATCH")

    assert answer is not None
    check_finished(either, answer, CONTENT)


def test_duplicate_length_or_offset_headers_are_refused(tus: Tus) -> None:
    upload = tus.create(len(CONTENT))
    body = CONTENT[:10]
    twice = tus.head("PATCH", upload.target, {**part(0), "Content-Length": 10}).replace(
        b"Upload-Offset: 0\r\n", b"Upload-Offset: 0\r\nUpload-Offset: 5\r\n"
    )

    with tus.server.raw() as connection:
        connection.send(twice + body)
        answer = connection.read_response("PATCH")

    assert answer is not None
    check_refused(answer, 400)
    assert upload.offset() == 0


@pytest.fixture(scope="module")
def behind_a_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server that trusts the headers of a proxy."""
    with running(production_command(1), tmp_path_factory.mktemp("proxied"), {"PROXY_HOPS": 1}) as started:
        yield started


@pytest.mark.parametrize("url", [False, True])
def test_behind_a_proxy_path_all_urls_are_below_it(behind_a_proxy: Server, url: bool) -> None:
    tus = new_account(behind_a_proxy)
    proxied: Headers = {
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "files.example.org",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Prefix": "/box",
    }

    def send(method: str, address: str, headers: Headers, body: bytes | None = None) -> RawResponse:
        # What the proxy takes off the path before it asks the server.
        path = re.sub(r"^(https://files\.example\.org)?/box", "", address)
        return tus.send(method, path, {**proxied, **headers}, body)

    partials = []
    for piece in (CONTENT[: 4 << 20], CONTENT[4 << 20 :]):
        created = send("POST", "/box/uploads", {"Upload-Length": len(piece), "Upload-Concat": "partial"}, b"")
        address = created.headers["Location"]
        assert address.startswith(("/box/uploads/", "https://files.example.org/box/uploads/"))
        assert send("PATCH", address, part(0), piece).status == 204
        partials.append(f"https://files.example.org{address}" if url and address.startswith("/") else address)

    final: Headers = {
        "Upload-Concat": f"final;{' '.join(partials)}",
        "Upload-Metadata": metadata(filename="joined"),
    }
    joined = send("POST", "/box/uploads", final, b"")

    assert joined.status == 201, joined.body
    assert joined.headers["X-Content-Hash"] == hash_chunks([CONTENT])
    found = send("GET", joined.headers["Content-Location"], {})
    assert (found.status, hash_chunks([found.body])) == (200, hash_chunks([CONTENT]))
    assert tus.person.hashes() == {"joined": hash_chunks([CONTENT])}


def test_a_revoked_token_ends_an_upload_and_another_one_resumes_it(tus: Tus) -> None:
    upload = tus.create(len(CONTENT))
    upload.append(0, CONTENT[:1000])
    [token] = tus.person.send("GET", "/tokens").json()["tokens"]
    username = tus.person.send("GET", "/me").json()["username"]
    assert tus.person.send("DELETE", f"/tokens/{token['id']}").status == 204

    assert upload.patch(1000, CONTENT[1000:]).status == 401

    again: Headers = {"Authorization": f"Basic {encoded(f'{username}:{PASSWORD}')}"}
    assert upload.send("HEAD", again).headers["Upload-Offset"] == "1000"
    assert upload.patch(1000, CONTENT[1000:], again).status == 204


def test_deleting_an_account_deletes_its_uploads(production_server: Server, make_app: MakeApp) -> None:
    tus = new_account(production_server)
    upload = tus.create(len(CONTENT))
    upload.append(0, CONTENT[: 4 << 20])
    tus.partial(CONTENT)
    username = tus.person.send("GET", "/me").json()["username"]
    operator = Operator(make_app(SWEEP_GRACE_SECONDS=0))
    operator.run("users", "delete", username, "--yes")

    operator.run("storage", "sweep")

    assert staged(production_server) == set()
    stranger = new_account(production_server)
    assert Upload(stranger, upload.target).get_status().status == 404
