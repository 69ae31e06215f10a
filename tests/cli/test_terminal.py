"""filecli on a terminal: prompts and progress bars."""

from __future__ import annotations

import shlex
import threading
from pathlib import Path

import pytest

from tests.cli.scripted import Script, content_answer, entry_of, json_answer
from tests.cli.terminal import in_terminal
from tests.cli.test_process import FILECLI
from tests.support.auth import PASSWORD
from tests.support.contents import content_of

CONTENT = content_of(3 << 20)
HEAD = CONTENT[: 1 << 20]
NEW_TOKEN = json_answer({"id": "7", "name": "n", "token": "fresh"}, 201)


def test_login_prompts_and_hides_the_password(on_scripted_server: Script) -> None:
    on_scripted_server.will(NEW_TOKEN)
    with in_terminal([FILECLI, "login"]) as terminal:
        terminal.expect("User name: ")
        terminal.type("alice\n")
        terminal.expect("Password: ")
        terminal.type(f"{PASSWORD}\n")
        terminal.expect("Signed in to ")

        assert terminal.leave() == 0
        assert PASSWORD not in terminal.seen


def test_register_prompts_for_the_password_twice(on_scripted_server: Script) -> None:
    on_scripted_server.will(json_answer({"username": "alice"}, 201))
    with in_terminal([FILECLI, "register", "--username", "alice"]) as terminal:
        terminal.expect("Password: ")
        terminal.type(f"{PASSWORD}\n")
        terminal.expect("Repeat for confirmation: ")
        terminal.type(f"{PASSWORD}\n")
        terminal.expect("Created the account")

        assert terminal.leave() == 0


def test_ctrl_c_at_a_prompt_exits_with_130(on_scripted_server: Script) -> None:
    with in_terminal([FILECLI, "login"]) as terminal:
        terminal.expect("User name: ")
        terminal.interrupt()

        assert terminal.leave() == 130
    assert on_scripted_server.seen == []


def test_piped_credentials_are_read_despite_a_terminal(on_scripted_server: Script) -> None:
    on_scripted_server.will(NEW_TOKEN)
    command = f"printf 'alice\\nsecret words\\n' | {shlex.quote(FILECLI)} login"
    with in_terminal(["sh", "-c", command]) as terminal:
        assert terminal.leave() == 0
        assert "User name" not in terminal.seen
    assert len(on_scripted_server.seen) == 1


@pytest.mark.parametrize(("answer", "code", "content"), [("y", 0, b"new"), ("n", 5, b"mine")])
def test_replacing_a_local_file_prompts(
    answer: str, code: int, content: bytes, on_scripted_server: Script, workdir: Path
) -> None:
    (workdir / "file").write_bytes(b"mine")
    on_scripted_server.will(content_answer(b"new"))
    with in_terminal([FILECLI, "download", "file"]) as terminal:
        terminal.expect("“file” exists. Replace it? [y/N]: ")
        terminal.type(f"{answer}\n")

        assert terminal.leave() == code
    assert (workdir / "file").read_bytes() == content


def test_transfers_show_progress_bars(on_scripted_server: Script, release: threading.Event) -> None:
    name = "[bold]big"
    on_scripted_server.will_at("/lookup", json_answer({"entries": [entry_of(name, CONTENT)]}))
    on_scripted_server.will(
        content_answer(CONTENT, cut=len(HEAD), until=release), content_answer(CONTENT, len(HEAD))
    )
    with in_terminal([FILECLI, "download", name]) as terminal:
        terminal.expect(name)
        terminal.expect("1.0/3.1 MB")
        release.set()
        terminal.expect("Downloaded 1 file, 3.1 MB in ")

        assert terminal.leave() == 0


def test_several_files_have_a_total_progress_bar(on_scripted_server: Script, workdir: Path) -> None:
    for name in ("one", "two"):
        (workdir / name).write_bytes(CONTENT)
        on_scripted_server.will(json_answer(entry_of(name, CONTENT), 201))
    with in_terminal([FILECLI, "upload", "one", "two"]) as terminal:
        terminal.expect("total")
        terminal.expect("Uploaded 2 files, 6.3 MB in ")

        assert terminal.leave() == 0


@pytest.mark.parametrize("option", ["--no-progress", "-q", "--json"])
def test_no_progress_hides_progress_bars(option: str, on_scripted_server: Script) -> None:
    on_scripted_server.will(content_answer(CONTENT))
    with in_terminal([FILECLI, "download", option, "big"]) as terminal:
        assert terminal.leave() == 0
        assert "\x1b" not in terminal.seen


def test_no_color_removes_color_from_progress_bars(
    on_scripted_server: Script, release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    on_scripted_server.will(
        content_answer(CONTENT, cut=len(HEAD), until=release), content_answer(CONTENT, len(HEAD))
    )
    with in_terminal([FILECLI, "download", "big"]) as terminal:
        terminal.expect("1.0/3.1 MB")
        release.set()

        assert terminal.leave() == 0
        assert "\x1b[3" not in terminal.seen


def test_names_from_a_hostile_server_are_escaped(on_scripted_server: Script) -> None:
    on_scripted_server.will(json_answer({"type": "/problems/not-found", "detail": "\x1b]0;owned\x07"}, 404))
    with in_terminal([FILECLI, "ls", "x"]) as terminal:
        assert terminal.leave() == 4
        assert "\\x1b]0;owned\\x07" in terminal.seen
