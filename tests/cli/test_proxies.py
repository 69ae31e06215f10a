"""Proxies: which one is used, and that its password is never printed."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cabinet.client.local_failures import BadProxyAddress
from cabinet.client.proxies import choose_proxy, to_proxy
from tests.cli.conftest import Filecli
from tests.cli.test_tls import certificate, https  # noqa: F401 - fixtures
from tests.support.auth import PASSWORD, USERNAME
from tests.support.contents import content_of
from tests.support.forward_proxy import ForwardProxy, forward_proxy

LINES = f"{USERNAME}\n{PASSWORD}\n"
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the proxy settings of the developer."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def proxy(server_url: str) -> Iterator[ForwardProxy]:
    """Return a proxy that resolves files.example.org to the real application."""
    with forward_proxy() as proxy:
        proxy.names["files.example.org:80"] = urlsplit(server_url).port or 0
        yield proxy


@pytest.fixture
def outside(filecli: Filecli, monkeypatch: pytest.MonkeyPatch) -> Filecli:
    """Run filecli with a server that only the proxy can resolve."""
    monkeypatch.setenv("FILECLI_SERVER", "http://files.example.org")
    look_up = socket.getaddrinfo

    def look_up_here(host: str, *rest: Any, **more: Any) -> Any:
        assert host == "127.0.0.1", f"{host} was looked up here"
        return look_up(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)
    return filecli


def test_all_requests_use_the_proxy_of_the_environment(
    outside: Filecli, proxy: ForwardProxy, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy.url)
    (workdir / "small %41 é").write_bytes(b"small")
    (workdir / "middle").write_bytes(content_of(2 << 20))
    (workdir / "large").write_bytes(content_of(17 << 20))
    for command in ("register", "login"):
        assert outside(command, given=LINES).exit_code == 0
    done = outside("upload", "small %41 é", "middle", "large")
    assert done.exit_code == 0, done.stderr
    assert outside("download", "large", "small %41 é", "-o", "down/").exit_code == 0
    assert (workdir / "down" / "large").read_bytes() == content_of(17 << 20)
    assert (workdir / "down" / "small %41 é").read_bytes() == b"small"
    assert all(" http://files.example.org/" in line for line in proxy.asked)
    assert "POST http://files.example.org/tokens HTTP/1.1" in proxy.asked


def test_the_proxy_option_overrides_and_an_empty_one_disables(
    outside: Filecli, proxy: ForwardProxy, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert outside("register", "--proxy", proxy.url, given=LINES).exit_code == 0
    monkeypatch.setenv("http_proxy", proxy.url)
    before = list(proxy.asked)
    assert outside("login", "--proxy", "", "--server", server_url, given=LINES).exit_code == 0
    assert outside("login", "--server", server_url, given=LINES).exit_code == 0
    assert proxy.asked == before


def test_proxy_credentials_are_sent_and_never_printed(
    outside: Filecli, proxy: ForwardProxy, pauses: list[float]
) -> None:
    proxy.credentials = "user:p@ss é"
    address = proxy.url.replace("://", "://user:p%40ss%20%C3%A9@")
    assert outside("register", "-v", "--proxy", address, given=LINES).exit_code == 0
    proxy.credentials = "user:another"
    done = outside("login", "-v", "--proxy", address, given=LINES)

    assert done.exit_code == 8
    assert f"through the proxy {proxy.url}: it requires another user name or password." in done.stderr
    assert "p%40ss" not in done.stderr


@pytest.mark.parametrize("server", ["http://files.example.org", "https://files.example.org"])
def test_a_proxy_that_is_down_is_named_without_its_password(
    server: str, outside: Filecli, pauses: list[float]
) -> None:
    done = outside("login", "--server", server, "--proxy", "http://user:secret@127.0.0.1:1", given=LINES)

    assert done.exit_code == 8
    assert "cannot be reached through the proxy http://127.0.0.1:1: Connection refused." in done.stderr
    assert "secret" not in done.stderr
    assert len(pauses) == 4


@pytest.mark.parametrize("reason", ["502 Bad Gateway", "407 Proxy Authentication Required"])
def test_a_proxy_that_refuses_a_tunnel_is_named(
    reason: str, outside: Filecli, proxy: ForwardProxy, pauses: list[float]
) -> None:
    proxy.credentials = "user:secret" if reason.startswith("407") else None
    done = outside("login", "--server", "https://files.example.org", "--proxy", proxy.url, given=LINES)

    assert done.exit_code == 8
    assert f"through the proxy {proxy.url}: Tunnel connection failed: {reason}." in done.stderr


@pytest.mark.usefixtures("https")
@pytest.mark.parametrize("is_encrypted", [False, True])
def test_certificates_are_verified_through_a_tunnel(
    is_encrypted: bool,
    filecli: Filecli,
    certificate: Path,  # noqa: F811
    pauses: list[float],
) -> None:
    server = urlsplit(os.environ["FILECLI_SERVER"])
    with forward_proxy(certificate if is_encrypted else None) as proxy:
        proxy.names[server.netloc] = server.port or 0
        url = proxy.url.replace("http:", "https:") if is_encrypted else proxy.url
        if not is_encrypted:
            done = filecli("register", "--proxy", url, given=LINES)
            assert done.exit_code == 8
            assert "No trusted connection to https://127.0.0.1:" in done.stderr
        done = filecli("register", "--proxy", url, "--ca-cert", str(certificate), given=LINES)
        assert done.exit_code == 0, done.stderr
        assert set(proxy.asked) == {f"CONNECT {server.netloc} HTTP/1.0"}
        if is_encrypted:
            done = filecli("login", "--proxy", url, "--insecure", given=LINES)
            assert done.exit_code == 8


@pytest.mark.parametrize(
    "address",
    ["http://", "socks5://secret@host:1", "http://user:secret@host:port", "http://user:secret@host/path",
     "http://user:secret@host:99999", "ho st:1", "http://[::1", "http://h?secret"],
)  # fmt: skip
def test_an_invalid_proxy_address_is_a_usage_error(
    address: str, outside: Filecli, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = outside("login", "--proxy", address, given=LINES)
    assert done.exit_code == 2
    assert "filecli: error: --proxy is not the address of a proxy: " in done.stderr
    monkeypatch.setenv("http_proxy", address)
    assert "error: http_proxy is not the address" in outside("login", given=LINES).stderr
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("proxy", "http://proxy:1080"),
        ("proxy:3128", "http://proxy:3128"),
        ("HTTPS://Proxy/", "https://proxy:443"),
        ("http://u:p@[::1]:3128", "http://[::1]:3128"),
    ],
)
def test_proxy_addresses_are_parsed_like_curl(address: str, shown: str) -> None:
    assert str(to_proxy(address, "--proxy")) == shown
    assert "p@" not in repr(to_proxy(address, "--proxy"))


@pytest.mark.parametrize(
    ("environment", "scheme", "found"),
    [
        ({"http_proxy": "a"}, "http", "a"),
        ({"http_proxy": "a"}, "https", None),
        ({"HTTP_PROXY": "a"}, "http", None),
        ({"https_proxy": "a", "HTTPS_PROXY": "b"}, "https", "a"),
        ({"HTTPS_PROXY": "b"}, "https", "b"),
        ({"all_proxy": "a", "http_proxy": "b"}, "http", "b"),
        ({"all_proxy": "a", "http_proxy": ""}, "http", "a"),
        ({"ALL_PROXY": "a"}, "https", "a"),
    ],
)
def test_proxy_variables_are_read_like_curl(
    environment: dict[str, str], scheme: str, found: str | None
) -> None:
    proxy = choose_proxy(None, environment, scheme, "files.example.org", 80)
    assert proxy == (to_proxy(found, "") if found else None)


@pytest.mark.parametrize(
    ("exempt", "host", "is_exempt"),
    [
        ("*", "files.example.org", True),
        ("example.org", "files.example.org", True),
        (".example.org", "files.example.org", True),
        ("other, EXAMPLE.org.", "files.example.org", True),
        ("a files.example.org", "files.example.org", True),
        ("ample.org", "files.example.org", False),
        ("files.example.org.net", "files.example.org", False),
        ("example.org:80", "files.example.org", True),
        ("example.org:81", "files.example.org", False),
        ("", "files.example.org", False),
        (",", "files.example.org", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("2.3", "10.1.2.3", False),
        ("fd00::/8", "fd00::1", True),
        ("[fd00::1]:80", "fd00::1", True),
        ("", "127.0.0.1", True),
        ("", "127.1.2.3", True),
        ("", "::1", True),
        ("", "localhost", True),
        ("", "files.localhost", True),
    ],
)
def test_no_proxy_is_read_like_curl_and_loopback_is_direct(exempt: str, host: str, is_exempt: bool) -> None:
    for environment in (
        {"http_proxy": "proxy", "no_proxy": exempt},
        {"http_proxy": "proxy", "NO_PROXY": exempt},
    ):
        assert (choose_proxy(None, environment, "http", host, 80) is None) == is_exempt


def test_errors_never_repeat_an_invalid_port() -> None:
    with pytest.raises(BadProxyAddress) as caught:
        to_proxy("http://user:pass/word@host", "--proxy")
    assert "word" not in str(caught.value)
