"""The nginx and Caddy configurations of the help page: nothing is buffered, limited or renamed.

Rule: the programs are Debian's, the configurations those of the page; a missing program fails the test.
"""

from __future__ import annotations

import base64
import io
import re
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from tests.support.auth import PASSWORD, basic
from tests.support.contents import content_of
from tests.support.listening import HOST
from tests.support.programs import require_program
from tests.support.raw_http import RawConnection, request_head
from tests.support.reverse_proxies import DOMAIN, PREFIX, Proxy, caddy, make_certificate, nginx
from tests.support.servers import Server, production_command, running
from tests.support.waiting import wait_until

MIB = 1 << 20
PROGRAMS = {"nginx": nginx, "caddy": caddy}

# Bytes received by the server when it is asked, out of a larger body: more than any buffer on the way, and
# more than one block.
SENT = 12 * MIB
BODY = 16 * MIB

TUS = {**basic(), "Tus-Resumable": "1.0.0"}
PART = {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"PROXY_HOPS": 1, "TRUSTED_HOSTS": f"{DOMAIN},127.0.0.1"}
    with running(production_command(2), tmp_path_factory.mktemp("server"), settings) as server:
        fields = {"username": "alice", "password": PASSWORD}
        assert server.request("POST", "/register", fields=fields, encode_multipart=False).status == 201
        yield server


@pytest.fixture(
    scope="module", params=[(name, prefix) for name in PROGRAMS for prefix in ("", PREFIX)], ids=str
)
def proxy(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    name, prefix = request.param
    folder = tmp_path_factory.mktemp(name)
    with PROGRAMS[name](folder, server.port, make_certificate(folder), prefix) as proxy:
        yield proxy


def staged(server: Server) -> int:
    """Return the bytes that unfinished uploads have on the server's disk."""
    size = 0
    for path in (server.folder / "instance" / "staging").iterdir():
        with suppress(FileNotFoundError):  # it has just been removed
            # Blocks and not the size, which a file may have before its bytes.
            size += path.stat().st_blocks * 512
    return size


def begin(connection: RawConnection, proxy: Proxy, target: str, headers: Mapping[str, str | int]) -> None:
    """Send the head of a PUT."""
    connection.send(request_head("PUT", proxy.prefix + target, {"Host": proxy.host, **basic(), **headers}))


def frame(content: bytes) -> bytes:
    """Return `content` as one chunk of a chunked body."""
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


@contextmanager
def nothing_staged(server: Server) -> Iterator[None]:
    """Begin and end without unfinished uploads on the disk."""
    wait_until(lambda: staged(server) == 0, what="an empty staging folder")
    yield
    wait_until(lambda: staged(server) == 0, what="an empty staging folder")


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_the_server_receives_the_first_bytes_before_the_last_are_sent(
    server: Server, proxy: Proxy, chunked: bool
) -> None:
    content = content_of(BODY, seed=1 + chunked)
    size: dict[str, str | int] = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": BODY}

    with nothing_staged(server), proxy.raw() as connection:
        begin(connection, proxy, "/files/streamed.bin", size)
        connection.send(frame(content[:SENT]) if chunked else content[:SENT])
        wait_until(lambda: staged(server) >= 4 * MIB, what="bytes on the server's disk")
        assert proxy.spooled() == []
        connection.send(frame(content[SENT:]) + b"0\r\n\r\n" if chunked else content[SENT:])
        answer = connection.read_response("PUT")

    assert answer is not None
    assert answer.status in {200, 201}
    assert proxy.request("GET", "/files/streamed.bin", headers=basic()).data == content


def test_a_body_above_two_gib_passes_the_proxy(server: Server, proxy: Proxy) -> None:
    with nothing_staged(server), proxy.raw() as connection:
        begin(connection, proxy, "/files/huge.bin", {"Content-Length": 3 << 30})
        connection.send(content_of(SENT))
        wait_until(lambda: staged(server) >= 4 * MIB, what="bytes on the server's disk")
        assert proxy.spooled() == []


def test_downloads_are_not_buffered_and_ranges_work(server: Server, proxy: Proxy) -> None:
    content = content_of(BODY, seed=3)
    assert proxy.request("PUT", "/files/down.bin", body=content, headers=basic()).status in {200, 201}

    part = proxy.request("GET", "/files/down.bin", headers={**basic(), "Range": f"bytes={MIB}-{2 * MIB - 1}"})
    assert (part.status, part.headers["Content-Range"]) == (206, f"bytes {MIB}-{2 * MIB - 1}/{BODY}")
    assert part.data == content[MIB : 2 * MIB]

    with proxy.raw() as connection:
        connection.send(
            request_head("GET", f"{proxy.prefix}/files/down.bin", {"Host": proxy.host, **basic()})
        )
        with connection.socket.makefile("rb") as answer:
            received = 0
            while received < BODY:
                piece = answer.read(MIB)
                assert piece, f"it ended after {received} bytes"
                received += len(piece)
                # Once it has answered this, the proxy has also looked at what waits elsewhere.
                assert proxy.request("GET", "/healthz").status == 200
                assert proxy.spooled() == []


def test_an_early_refusal_reaches_a_client_that_is_still_sending(proxy: Proxy, tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as large:
        large.truncate(1 << 40)

    sent = subprocess.run(
        [
            require_program("curl"), "--silent", "--show-error", "--cacert", proxy.certificate,
            "--resolve", f"{proxy.host}:{HOST}", "--output", "/dev/null",
            "--write-out", "%{http_code} %{size_upload}", "--upload-file", tmp_path / "large",
            f"{proxy.origin}{proxy.prefix}/files/refused.bin",
        ],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    status, size = sent.stdout.split()
    assert status == "401", sent.stderr
    assert int(size) < 1 << 30


# What a proxy may decode once too often, take for its own, or leave out.
NAMES = [
    "100%.txt", "%2F", "%2e%2e", "%00", "a?b#c&d=e+f;g", "#top", "ä.txt", "Отчёт №5 😀.pdf",
    "..a", "‥", "end ", "{path}$uri", "[^|`]", '"q"', "x" * 255, "я" * 255,
]  # fmt: skip


class Hrefs(HTMLParser):
    """Collects where a page leads."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page.decode())

    def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attributes if name == "href" and value}


def test_any_name_round_trips_by_every_url(proxy: Proxy) -> None:
    urls = {}
    for name in NAMES:
        path, content = f"names/{name}", name.encode()
        stored = proxy.request("PUT", quote(f"/files/{path}"), body=content, headers=basic())
        assert stored.status == 201, stored.data
        urls[name] = url = stored.json()["url"]
        assert stored.json()["path"] == path
        assert unquote(url.removeprefix(proxy.origin)) == f"{proxy.prefix}/files/{path}"
        assert stored.headers["Location"] == url
        assert proxy.follow("GET", url, headers=basic()).data == content
        assert proxy.follow("HEAD", url, headers=basic()).headers["Content-Length"] == str(len(content))
        saved = proxy.request("GET", quote(f"/download/{path}"), headers=basic())
        assert saved.data == content
        disposition = saved.headers["Content-Disposition"]
        assert unquote(disposition.partition("filename*=UTF-8''")[2]) == name

    page = proxy.request("GET", "/index?path=names", headers={**basic(), "Accept": "text/html"})
    led = {href for href in Hrefs(page.data).found if "/names/" in href}
    assert {proxy.follow("GET", href, headers=basic()).data.decode() for href in led} == set(NAMES)
    archive = proxy.request("GET", "/zip?path=names&names=exact", headers=basic())
    with zipfile.ZipFile(io.BytesIO(archive.data)) as entries:
        assert {entry.filename for entry in entries.infolist() if not entry.is_dir()} == {
            f"names/{name}" for name in NAMES
        }

    for url in urls.values():
        assert proxy.follow("DELETE", url, headers=basic()).status == 204
    assert proxy.request("GET", "/files?path=names", headers=basic()).json()["entries"] == []
    assert proxy.request("DELETE", "/files/names", headers=basic()).status == 204


def test_a_resumable_upload_of_any_name_becomes_a_file(proxy: Proxy) -> None:
    for name in ("100%.txt", "%2e%2e", "a?b#c&d=e+f;g", "Отчёт №5 😀.pdf"):
        described = f"filename {base64.b64encode(name.encode()).decode()}"
        created = proxy.request(
            "POST", "/uploads", headers={**TUS, "Upload-Length": "1", "Upload-Metadata": described}
        )
        assert created.status == 201, created.data
        part = {**TUS, **PART, "Upload-Offset": "0"}
        became = proxy.follow("PATCH", created.headers["Location"], body=b"x", headers=part)
        file = became.headers["Content-Location"]
        assert unquote(file.removeprefix(proxy.origin)) == f"{proxy.prefix}/files/{name}"
        assert proxy.follow("DELETE", file, headers=basic()).status == 204


def test_the_longest_path_with_its_cursor_passes_the_proxy(proxy: Proxy) -> None:
    folder = "/".join(["я" * 127] * 8)
    for name in ("a", "b"):
        stored = proxy.request("PUT", quote(f"/files/{folder}/{name}"), body=b"content", headers=basic())
        assert stored.status in {200, 201}, stored.data
        assert proxy.follow("GET", stored.headers["Location"], headers=basic()).data == b"content"

    user = proxy.request("GET", "/me", headers=basic()).json()["id"]
    asked = f"/files?path={quote(folder)}&recursive=1&limit=1&user={user}"
    page = proxy.request("GET", asked, headers=basic())
    rest = proxy.request("GET", f"{asked}&after={page.json()['next']}", headers=basic())
    led = proxy.request("GET", quote(f"/files/{folder}"), headers={**basic(), "Accept": "text/html"})

    assert [each.json()["entries"][0]["name"] for each in (page, rest)] == ["a", "b"]
    assert (led.status, led.headers["Location"]) == (303, f"{proxy.prefix}/index?path={quote(folder)}")


def test_forwarded_headers_from_clients_are_not_trusted(proxy: Proxy) -> None:
    spoofed = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Proto": "http",
    }
    stored = proxy.request("PUT", "/files/spoofed", body=b"x", headers={**basic(), **spoofed})
    assert stored.json()["url"].removeprefix(proxy.origin) == f"{proxy.prefix}/files/spoofed"

    # A browser's own origin is the proxy's, port and scheme included.
    browser = {**spoofed, "Origin": proxy.origin}
    page = proxy.request("GET", "/login", headers=spoofed)
    token = re.search(rb'name="csrf-token" content="([^"]+)"', page.data)
    assert token
    cookies = {"Cookie": page.headers["Set-Cookie"].partition(";")[0]}
    fields = {"username": "alice", "password": PASSWORD, "csrf_token": token[1].decode()}
    signed_in = proxy.request(
        "POST", "/login", fields=fields, encode_multipart=False, headers={**browser, **cookies}
    )
    assert signed_in.status in {200, 303}
    assert "Secure" in signed_in.headers["Set-Cookie"]
    session = {"Cookie": signed_in.headers["Set-Cookie"].partition(";")[0]}
    account = proxy.request("GET", "/account", headers={**session, "Accept": "text/html"}).data.decode()
    assert "127.0.0.1" in account
    assert "203.0.113.9" not in account


def test_a_cross_site_write_is_refused_behind_a_proxy_too(proxy: Proxy) -> None:
    for origin in ("https://evil.example", f"https://evil.{proxy.host}", f"https://{DOMAIN}:1"):
        headers = {**basic(), "Origin": origin}
        # Without a body: of one that is refused, Caddy reads the rest from two sides at once, and then, once in
        # hundreds, cuts the answer off.
        assert proxy.request("PUT", "/files/cross", body=b"", headers=headers).status == 403
    headers = {**basic(), "Origin": proxy.origin}
    assert proxy.request("PUT", "/files/cross", body=b"x", headers=headers).status in {200, 201}


def test_an_interrupted_upload_resumes_through_the_proxy(proxy: Proxy) -> None:
    content = content_of(BODY, seed=4)
    name = base64.b64encode(b"resumed.bin").decode()
    created = proxy.request(
        "POST", "/uploads",
        headers={**TUS, "Upload-Length": str(BODY), "Upload-Metadata": f"filename {name}"},
    )  # fmt: skip
    assert created.status == 201
    upload = created.headers["Location"]
    assert upload.removeprefix(proxy.origin).startswith(f"{proxy.prefix}/uploads/")

    with proxy.raw() as connection:
        length = {"Host": proxy.host, "Upload-Offset": "0", "Content-Length": str(BODY)}
        connection.send(request_head("PATCH", upload.removeprefix(proxy.origin), {**TUS, **PART, **length}))
        connection.send(content[:SENT])
        connection.reset()
    offset = wait_until(
        lambda: int(proxy.follow("HEAD", upload, headers=TUS).headers.get("Upload-Offset", 0)),
        what="bytes that were kept",
    )
    assert offset <= SENT

    rest = {**TUS, **PART, "Upload-Offset": str(offset)}
    done = proxy.follow("PATCH", upload, headers=rest, body=content[offset:])
    assert (done.status, done.headers["Upload-Offset"]) == (204, str(BODY))
    assert done.headers["Content-Location"].removeprefix(proxy.origin) == f"{proxy.prefix}/files/resumed.bin"
    assert proxy.follow("GET", done.headers["Content-Location"], headers=basic()).data == content


def test_an_upload_above_two_gib_can_start_and_be_cancelled(proxy: Proxy) -> None:
    name = base64.b64encode(b"huge.bin").decode()
    described = {"Upload-Length": str(3 << 30), "Upload-Metadata": f"filename {name}"}
    created = proxy.request("POST", "/uploads", headers={**TUS, **described})
    assert created.status == 201
    assert proxy.follow("DELETE", created.headers["Location"], headers=TUS).status == 204


def test_forms_are_rate_limited_and_uploads_are_not(proxy: Proxy) -> None:
    body = content_of(6 * MIB)
    # More than any form or JSON has, and less than the proxies' own limit: Caddy counts what it passes on, and
    # where it gets so far gives up in the middle of our answer.
    form_body = body[: 9 * MIB // 2]

    with proxy.raw() as connection:
        length: dict[str, str | int] = {"Content-Type": "application/json", "Content-Length": len(form_body)}
        head = request_head("POST", f"{proxy.prefix}/lookup", {"Host": proxy.host, **basic(), **length})
        # All of it, for Caddy reads some more before it passes an answer on.
        connection.send(head + form_body)
        form = connection.read_response("POST")
    assert form is not None
    assert form.status == 413
    for target in ("/files/six.bin", "/files/a/%25%3F%23/%D1%84.bin"):
        assert proxy.request("PUT", target, body=body, headers=basic()).status in {200, 201}
    posted = proxy.request("POST", "/upload", fields={"file": ("six.bin", body)}, headers=basic())
    assert posted.status in {200, 201}
    listed = proxy.request("GET", "/files?path=a", headers={**basic(), "Accept": "application/json"})
    assert listed.status == 200, listed.data
    assert [entry["name"] for entry in listed.json()["entries"]] == ["%?#"]
