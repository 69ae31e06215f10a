"""filecli with tokens of limited scope."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from cabinet.client.transfer import file_upload
from tests.cli.conftest import Filecli
from tests.support.auth import PASSWORD, basic

# Large enough for a resumable upload.
LARGE = b"x" * (file_upload.LARGE + 1)


@pytest.fixture
def limited(app: Flask, alice: Filecli, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that makes filecli use a token of alice with the given scope."""

    def use(**wanted: object) -> None:
        body = {"name": "limited", **wanted}
        made = app.test_client().post("/tokens", json=body, headers=basic("alice", PASSWORD))
        assert made.status_code == 201, made.text
        monkeypatch.setenv("FILECLI_TOKEN", made.get_json()["token"])

    return use


@pytest.mark.parametrize("content", [b"small", LARGE], ids=["small", "large"])
def test_a_write_only_token_uploads(
    alice: Filecli,
    limited: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
) -> None:
    alice("mkdir", "Inbox/sub")
    file = tmp_path / "Отчёт №1 50%.pdf"
    file.write_bytes(content)
    limited(scopes=["write"], folder="Inbox")

    for expected in (file.name, "Отчёт №1 50% (2).pdf"):
        done = alice("upload", "--on-conflict", "rename", "--to", "sub/", str(file))
        assert done.exit_code == 0, done.output
        assert f"sub/{expected}" in done.output
    assert alice("ls").exit_code == 3
    assert alice("download", f"sub/{file.name}", "-o", str(tmp_path / "back")).exit_code == 3

    monkeypatch.delenv("FILECLI_TOKEN")
    assert alice("download", f"Inbox/sub/{file.name}", "-o", str(tmp_path / "back")).exit_code == 0
    assert (tmp_path / "back").read_bytes() == content


def test_a_folder_token_has_that_folder_as_root(
    alice: Filecli, limited: Callable[..., None], tmp_path: Path
) -> None:
    alice("mkdir", "Inbox/sub")
    limited(folder="Inbox")

    assert alice("ls").stdout == "sub/\n"
    assert alice("whoami").stdout == "alice\n"
    assert "used" not in alice("whoami").stderr
    assert alice("trash").exit_code == 3
    (tmp_path / "a").write_bytes(b"1")
    assert alice("upload", str(tmp_path / "a")).exit_code == 0
    assert alice("ls").stdout == "sub/\na\n"


def test_login_creates_and_logout_revokes_an_unlimited_token(app: Flask, alice: Filecli) -> None:
    headers = basic("alice", PASSWORD)
    (token,) = app.test_client().get("/tokens", headers=headers).get_json()["tokens"]
    assert (token["scopes"], token["folder"]) == (["read", "write", "share"], None)

    assert alice("logout").exit_code == 0

    assert app.test_client().get("/tokens", headers=headers).get_json() == {"tokens": []}
