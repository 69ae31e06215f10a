"""What the README shows of filecli, `cabinet` and curl works as it stands there."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from tests.cli.conftest import Filecli
from tests.support.auth import PASSWORD, USERNAME
from tests.support.operators import Operator
from tests.support.programs import require_program
from tests.support.readme import readme_block

FIRST, SECOND = "filecli login", "filecli search"


def commands_of(block: str) -> list[list[str]]:
    lines = block.splitlines()
    assert all(line.startswith("$ filecli ") for line in lines)
    return [shlex.split(line, comments=True)[2:] for line in lines]


@pytest.fixture
def everyday(anonymous: Filecli, desk: Path) -> Filecli:
    """Run filecli as somebody who registered and has what the README speaks of."""
    for name in ("path/to/your/file.txt", "photos/sea.jpg", "photos/old/hill.jpg"):
        (desk / name).parent.mkdir(parents=True, exist_ok=True)
        (desk / name).write_text(name)
    lines = f"{USERNAME}\n{PASSWORD}\n"
    assert anonymous("register", given=lines).exit_code == 0
    assert anonymous("login", given=lines).exit_code == 0
    return anonymous


def test_every_command_of_the_readme_does_what_it_says(everyday: Filecli, desk: Path) -> None:
    said = {}
    for block in (FIRST, SECOND):
        for command in commands_of(readme_block("console", block)):
            done = everyday(*command, given=f"{USERNAME}\n{PASSWORD}\n")
            assert done.exit_code == 0, (command, done.output)
            said[" ".join(command)] = done.stdout
        # The first block is of one who begins, the second of one who has changed something since.
        (desk / "path/to/your/file.txt").write_text("changed")
        assert everyday("upload", "path/to/your/file.txt").exit_code == 0

    assert (desk / "file.txt").read_text() == "path/to/your/file.txt"
    assert said["ls -l -R photos"].count("file  ") == 2
    assert said["cp photos/**/*.jpg letters/2026/"] == "letters/2026/hill.jpg\nletters/2026/sea.jpg\n"
    assert said["trash restore archive/2026/sea.jpg"] == "archive/2026/sea.jpg\n"
    assert len(said["versions file.txt"].splitlines()) == 3
    assert (desk / "before.txt").read_text() == "path/to/your/file.txt"
    assert everyday("ls", "-R", "archive").stdout == "2026/\n2026/sea.jpg\n"


def test_every_command_of_the_operator_does_what_the_readme_says(app: Flask, tmp_path: Path) -> None:
    operator = Operator(app)
    (tmp_path / "PATH").write_text("content")
    for line in readme_block("console", "cabinet users create").splitlines():
        prompt, program, *words = shlex.split(line, comments=True)
        assert (prompt, program) == ("$", "cabinet")
        known = {"NAME": USERNAME, "PATH...": str(tmp_path / "PATH")}
        # There is no terminal to ask on.
        asked = ["--password-stdin"] if words[:2] == ["users", "create"] else []
        operator.run(*(known.get(word, word) for word in words), *asked, given=f"{PASSWORD}\n")

    assert operator.paths() == ["PATH"]


def test_every_line_of_curl_in_the_readme_does_what_it_says(
    server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "path/to/your").mkdir(parents=True)
    (tmp_path / "path/to/your/file.txt").write_text("content")
    monkeypatch.chdir(tmp_path)
    for line in readme_block("console", "curl -X POST").splitlines():
        words = shlex.split(line.replace("http://127.0.0.1:5000", server_url).removeprefix("$ "))
        assert words[0] == "curl"
        subprocess.run(
            [require_program("curl"), "-sS", "--fail", *words[1:]], check=True, capture_output=True
        )

    assert (tmp_path / "file.txt").read_text() == "content"
