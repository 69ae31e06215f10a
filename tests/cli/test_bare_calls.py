"""Unusual failures of streams, folders and names: one error line and a documented exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Filecli
from tests.cli.scripted import Script, content_answer, entry_of, page_of
from tests.cli.test_process import FILECLI

LONG = "n" * 300
START = [sys.executable, "-c", "from cabinet.client.start import run; run()"]

WRITING = [
    ["--help"], ["version", "--json"], ["ls"], ["download", "-o", "-", "file"],
    *(
        pytest.param(arguments, marks=pytest.mark.long)
        for arguments in (
            ["ls", "--help"], ["version"], ["completion", "bash"], ["completion", "fish", "--json"],
            ["ls", "--json"], ["ls", "-l"], ["download", "file"],
        )
    ),
]  # fmt: skip


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the only line of standard error."""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("filecli: error: ")
    return done.stderr


def answer(script: Script, arguments: list[str]) -> None:
    if arguments[0] == "ls" and "--help" not in arguments:
        script.will(page_of(entry_of("file", b"content")))
    elif arguments[0] == "download":
        script.will(content_answer(b"content"))


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_full_stdout_is_one_error_line(arguments: list[str], on_scripted_server: Script) -> None:
    answer(on_scripted_server, arguments)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [FILECLI, *arguments], stdout=full, stderr=subprocess.PIPE, check=False, text=True, timeout=60
        )

    assert "Not enough space for “standard output”" in done.stderr.splitlines()[-1]
    assert done.stderr.count("filecli: error") == 1
    assert "Traceback" not in done.stderr
    assert done.returncode == 6


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_closed_stdout_is_one_error_line(arguments: list[str], on_scripted_server: Script) -> None:
    answer(on_scripted_server, arguments)
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", FILECLI, *arguments],
        stderr=subprocess.PIPE, check=False, text=True, timeout=60,
    )  # fmt: skip

    assert "“standard output” cannot be used: Bad file descriptor." in done.stderr.splitlines()[-1]
    assert done.stderr.count("filecli: error") == 1
    assert done.returncode == 1


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_a_closed_pipe_on_stdout_is_silent(arguments: list[str], on_scripted_server: Script) -> None:
    answer(on_scripted_server, arguments)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [FILECLI, *arguments], stdout=writing, stderr=subprocess.PIPE, check=False, text=True, timeout=60
        )
    finally:
        os.close(writing)

    assert done.stderr == ""
    assert done.returncode == 1


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-", "<&- 2>&-"])
def test_unwritable_stderr_does_not_change_the_exit_code(redirection: str) -> None:
    for arguments, code in ((["ls"], 3), (["frobnicate"], 2), (["login"], 2)):
        command = [
            "sh",
            "-c",
            f'exec "$@" {redirection} </dev/null' if "<" not in redirection else f'exec "$@" {redirection}',
            "sh",
        ]
        done = subprocess.run([*command, FILECLI, *arguments], capture_output=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (code, b"")


def test_a_deleted_working_folder_is_one_error_line(alice: Filecli, workdir: Path) -> None:
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    for arguments, code in ((["upload", "x"], 4), (["download", "x"], 4), (["sync", ".", ":x"], 4)):
        done = subprocess.run(
            ["sh", "-c", script, "sh", FILECLI, *arguments],
            cwd=workdir, capture_output=True, check=False, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        one_line(done)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["upload", LONG], 1),
        (["upload", "-r", LONG], 1),
        (["upload", "loop"], 1),
        (["upload", "file/below"], 1),
        (["upload", "folder"], 2),
        (["upload", "pipe"], 1),
        (["sync", LONG, ":x"], 1),
        (["sync", "loop", ":x"], 1),
        (["sync", "file", ":x"], 1),
        (["download", "there", "-o", LONG], 1),
        (["download", "there", "-o", f"{LONG}/"], 1),
        (["download", "there", "other", "-o", LONG], 1),
        (["download", "there", "-o", "loop"], 5),
        (["download", "there", "-o", "file/below"], 4),
        (["download", "there", "-o", "nowhere/below"], 4),
        (["download", "-r", "in", "-o", "file/"], 1),
        (["sync", ":in", LONG], 1),
        (["sync", ":in", "file"], 1),
        (["sync", ":in", "file/below"], 1),
        (["sync", ":in", "loop"], 1),
        (["ls", "--ca-cert", LONG], 2),
        (["ls", "--ca-cert", "folder"], 2),
    ],
    ids=lambda value: " ".join(value).replace(LONG, "LONG") if isinstance(value, list) else "",
)
def test_unusable_local_paths_are_one_error_line(
    arguments: list[str], code: int, alice: Filecli, workdir: Path
) -> None:
    (workdir / "folder").mkdir()
    (workdir / "file").touch()
    (workdir / "loop").symlink_to("loop")
    os.mkfifo(workdir / "pipe")
    for path in ("there", "other", "in/there"):
        assert alice("upload", "-", "--to", path, given="x").exit_code == 0
    done = alice(*arguments)

    assert done.exit_code == code, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize(
    "spoil",
    ["mkdir tokens.json", "ln -s tokens.json tokens.json", "printf '%0200000d' 0 | tr 0 '[' > tokens.json; chmod 600 tokens.json"],
    ids=["folder", "loop", "deep"],
)  # fmt: skip
def test_an_unreadable_token_file_is_one_error_line(spoil: str, filecli: Filecli, token_path: Path) -> None:
    token_path.parent.mkdir(parents=True)
    subprocess.run(["sh", "-c", spoil], cwd=token_path.parent, check=True)
    done = filecli("ls")

    assert done.exit_code == 3
    assert done.stderr.count("\n") == 1


def test_a_file_in_the_place_of_the_config_folder_is_one_error_line(filecli: Filecli, tmp_path: Path) -> None:
    (tmp_path / "config").touch()

    for command in ("ls", "login"):
        done = filecli(command, given="a\nb\n")
        assert (done.exit_code, done.stderr.count("\n")) == (3, 1)


def test_ctrl_c_during_imports_is_one_error_line(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = subprocess.run(
        START, env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True, check=False, text=True, timeout=60,
    )  # fmt: skip

    assert one_line(done) == "filecli: error: Interrupted.\n"
    assert done.returncode == 130
