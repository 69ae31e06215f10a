"""The token file: private, atomic, one token per server."""

from __future__ import annotations

import errno
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cabinet.client.exits import describe
from cabinet.client.token_failures import (
    TokenFileBroken,
    TokenFileExposed,
    TokenFileForeign,
    TokenFileUnusable,
)
from cabinet.client.wire.tokens import StoredToken, TokenFile
from tests.support.faults import Fault

TOKEN = StoredToken("1", "secret", "alice")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_token_is_returned_for_its_own_server_only(token_path: Path) -> None:
    tokens = TokenFile(token_path)
    tokens.set("http://one", TOKEN)

    assert tokens.get("http://one") == TOKEN
    assert tokens.get("http://one:81") is None


def test_a_missing_token_file_has_no_tokens(token_path: Path) -> None:
    tokens = TokenFile(token_path)
    tokens.forget("http://one")

    assert tokens.get("http://one") is None
    assert not token_path.exists()


def test_removing_a_token_keeps_the_others(token_path: Path) -> None:
    tokens = TokenFile(token_path)
    tokens.set("http://one", TOKEN)
    tokens.set("http://two", TOKEN)
    tokens.forget("http://one")

    assert tokens.get("http://one") is None
    assert tokens.get("http://two") == TOKEN


def test_the_file_and_its_folder_are_private_whatever_the_umask(token_path: Path) -> None:
    before = os.umask(0)
    try:
        TokenFile(token_path).set("http://one", TOKEN)
    finally:
        os.umask(before)

    assert mode_of(token_path) == 0o600
    assert mode_of(token_path.parent) == 0o700
    assert [path.name for path in token_path.parent.iterdir()] == ["tokens.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_token_file_readable_by_others_is_refused(mode: int, token_path: Path) -> None:
    tokens = TokenFile(token_path)
    tokens.set("http://one", TOKEN)
    token_path.chmod(mode)

    with pytest.raises(TokenFileExposed):
        tokens.get("http://one")
    with pytest.raises(TokenFileExposed):
        tokens.set("http://two", TOKEN)


@pytest.mark.parametrize("content", ["", "[]", '{"http://one": 1}', '{"http://one": {"id": "1"}}', "\ufffe"])
def test_an_invalid_token_file_is_reported(content: str, token_path: Path) -> None:
    token_path.parent.mkdir(parents=True)
    token_path.touch(mode=0o600)
    token_path.write_text(content, encoding="utf-8")

    with pytest.raises(TokenFileBroken):
        TokenFile(token_path).get("http://one")


def test_token_file_hints_are_usable(token_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hints must work: a foreign or inaccessible file can be neither changed nor deleted."""
    tokens = TokenFile(token_path)
    tokens.set("http://one", TOKEN)
    with monkeypatch.context() as foreign:
        foreign.setattr(os, "geteuid", lambda: os.getuid() + 1)
        with pytest.raises(TokenFileForeign) as caught:
            tokens.get("http://one")
    assert describe(caught.value).endswith("Set FILECLI_TOKEN, or XDG_CONFIG_HOME to a folder that you own.")

    for name, call in (("replace", tokens.set), ("open", tokens.set)):
        with monkeypatch.context() as refusing:
            Fault(refusing, name, errno.EACCES)
            with pytest.raises(TokenFileUnusable) as caught_again:
                call("http://two", TOKEN)
        assert "Permission denied. Hint: Set FILECLI_TOKEN, or XDG" in describe(caught_again.value)
    with pytest.raises(TokenFileUnusable, match="no home folder"):
        TokenFile(Path("~", "tokens.json")).set("http://two", TOKEN)


def test_a_folder_in_the_place_of_the_token_file_is_reported(token_path: Path) -> None:
    token_path.mkdir(parents=True)

    with pytest.raises(TokenFileBroken):
        TokenFile(token_path).get("http://one")


def test_a_file_in_the_place_of_the_token_folder_is_reported(token_path: Path) -> None:
    token_path.parent.parent.mkdir(parents=True)
    token_path.parent.touch()

    with pytest.raises(TokenFileBroken):
        TokenFile(token_path).set("http://one", TOKEN)


def test_a_failed_write_keeps_the_stored_tokens(token_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = TokenFile(token_path)
    tokens.set("http://one", TOKEN)
    with monkeypatch.context() as broken:
        Fault(broken, "fsync", errno.EIO)
        with pytest.raises(TokenFileBroken):
            tokens.set("http://two", TOKEN)

    assert tokens.get("http://one") == TOKEN


def test_leftovers_of_an_interrupted_write_are_replaced(token_path: Path) -> None:
    token_path.parent.mkdir(parents=True)
    token_path.with_suffix(".new").write_text("{", encoding="utf-8")
    TokenFile(token_path).set("http://one", TOKEN)

    assert json.loads(token_path.read_text()).keys() == {"http://one"}


def test_parallel_logins_all_keep_their_tokens(token_path: Path) -> None:
    servers = [f"http://{number}" for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda server: TokenFile(token_path).set(server, TOKEN), servers))

    assert all(TokenFile(token_path).get(server) for server in servers)
