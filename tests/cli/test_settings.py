"""The settings: server address and token."""

from __future__ import annotations

import pytest

from cabinet.client.failures import BadServerAddress, BadUsage
from cabinet.client.settings import choose_server, environment_token, to_server


@pytest.mark.parametrize(
    ("address", "spelling"),
    [
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("HTTP://Example.ORG:80/", "http://example.org"),
        ("https://example.org:443", "https://example.org"),
        ("https://example.org:8443/cabinet/", "https://example.org:8443/cabinet"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_server_addresses_are_normalized(address: str, spelling: str) -> None:
    assert str(to_server(address)) == spelling


@pytest.mark.parametrize(
    "address",
    [
        "localhost:5000",
        "ftp://example.org",
        "http://",
        "http://:5000",
        "http://example.org:port",
        "http://example.org:99999",
        "http://example.org/?a=b",
        "http://example.org/#a",
        "http://exa mple.org",
        "http://[::1",
        "http://example.org\x1b[31m",
    ],
)
def test_invalid_server_addresses_are_refused(address: str) -> None:
    with pytest.raises(BadServerAddress):
        to_server(address)


def test_an_address_with_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadServerAddress) as raised:
        to_server("https://alice:hunter2@example.org")

    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "is_confidential"),
    [
        ("http://localhost:5000", True),
        ("http://127.0.0.1", True),
        ("http://[::1]", True),
        ("https://example.org", True),
        ("http://example.org", False),
        ("http://127.0.0.1.example.org", False),
    ],
)
def test_plain_http_is_confidential_on_loopback_only(address: str, is_confidential: bool) -> None:
    assert to_server(address).is_confidential is is_confidential


def test_the_flag_overrides_the_environment_and_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert str(choose_server(None)) == "http://127.0.0.1:5000"
    monkeypatch.setenv("FILECLI_SERVER", "http://one")
    assert str(choose_server(None)) == "http://one"
    assert str(choose_server("http://two")) == "http://two"


@pytest.mark.parametrize(("value", "token"), [("abc", "abc"), (" abc\n", "abc"), ("", None), (" ", None)])
def test_whitespace_around_the_environment_token_is_removed(
    value: str, token: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILECLI_TOKEN", value)

    assert environment_token() == token


@pytest.mark.parametrize("value", ["a\nb", "ключ"])
def test_an_invalid_environment_token_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILECLI_TOKEN", value)

    with pytest.raises(BadUsage):
        environment_token()
