"""The commands of filecli, `cabinet` and curl in the README and on the help pages work as shown."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from tests.cli.conftest import Filecli
from tests.support.auth import PASSWORD, USERNAME
from tests.support.documents import README, block, blocks, help_page
from tests.support.operators import Operator
from tests.support.programs import require_program

FIRST, SECOND = "filecli login", "filecli search q3"


def commands_of(block: str) -> list[list[str]]:
    lines = block.splitlines()
    assert all(line.startswith("$ filecli ") for line in lines)
    return [shlex.split(line, comments=True)[2:] for line in lines]


@pytest.fixture
def everyday(anonymous: Filecli, workdir: Path) -> Filecli:
    """Run filecli as a registered user with the files that the documents name."""
    # The commands of curl, which come before, have left the last.
    for name in ("path/to/your/file.txt", "photos/sea.jpg", "photos/old/hill.jpg", "file.txt"):
        (workdir / name).parent.mkdir(parents=True, exist_ok=True)
        (workdir / name).write_text(name)
    lines = f"{USERNAME}\n{PASSWORD}\n"
    assert anonymous("register", given=lines).exit_code == 0
    assert anonymous("login", given=lines).exit_code == 0
    return anonymous


def output_of(filecli: Filecli, shown: str) -> dict[str, str]:
    """Run the commands of a block, which must succeed; returns the output of each."""
    printed = {}
    for command in commands_of(shown):
        done = filecli(*command, given=f"{USERNAME}\n{PASSWORD}\n")
        assert done.exit_code == 0, (command, done.output)
        printed[" ".join(command)] = done.stdout
    return printed


def test_every_filecli_command_of_the_readme_works(everyday: Filecli, workdir: Path) -> None:
    printed = output_of(everyday, block(README, "console", FIRST))

    assert (workdir / "copy.txt").read_text() == "path/to/your/file.txt"
    assert printed["search sea"] == "photos/sea.jpg\n"
    assert printed["trash restore photos/old/sea.jpg"] == "photos/old/sea.jpg\n"


def test_every_command_of_the_filecli_page_works(everyday: Filecli, workdir: Path) -> None:
    page = help_page("filecli")
    output_of(everyday, block(page, "console", FIRST))
    # The first block is for a new user, the second for one who has made changes.
    (workdir / "path/to/your/file.txt").write_text("changed")
    assert everyday("upload", "path/to/your/file.txt").exit_code == 0
    printed = output_of(everyday, block(page, "console", SECOND))

    assert printed["ls -l -R photos"].count("file  ") == 2
    assert printed["cp photos/**/*.jpg letters/2026/"] == "letters/2026/hill.jpg\nletters/2026/sea.jpg\n"
    assert printed["trash restore archive/2026/sea.jpg"] == "archive/2026/sea.jpg\n"
    assert len(printed["versions file.txt"].splitlines()) == 3
    assert (workdir / "before.txt").read_text() == "path/to/your/file.txt"
    assert everyday("ls", "-R", "archive").stdout == "2026/\n2026/sea.jpg\n"


@pytest.mark.parametrize(
    ("page", "shown"), [("administration", "cabinet users create"), ("troubleshooting", "cabinet storage")]
)
def test_every_command_of_the_administrator_works(app: Flask, tmp_path: Path, page: str, shown: str) -> None:
    operator = Operator(app)
    (tmp_path / "PATH").write_text("content")
    for line in block(help_page(page), "console", shown).splitlines():
        prompt, program, *words = shlex.split(line, comments=True)
        assert (prompt, program) == ("$", "cabinet")
        known = {"NAME": USERNAME, "PATH...": str(tmp_path / "PATH")}
        # There is no terminal to ask on.
        asked = ["--password-stdin"] if words[:2] == ["users", "create"] else []
        operator.run(*(known.get(word, word) for word in words), *asked, given=f"{PASSWORD}\n")


def test_every_curl_command_of_the_readme_works(
    server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "path/to/your").mkdir(parents=True)
    (tmp_path / "path/to/your/file.txt").write_text("content")
    monkeypatch.chdir(tmp_path)
    for line in block(README, "console", "curl -X POST").splitlines():
        words = shlex.split(line.replace("http://127.0.0.1:5000", server_url).removeprefix("$ "))
        assert words[0] == "curl"
        subprocess.run(
            [require_program("curl"), "-sS", "--fail", *words[1:]], check=True, capture_output=True
        )

    assert (tmp_path / "file.txt").read_text() == "content"
    assert (tmp_path / "notes.zip").read_bytes().startswith(b"PK")


def test_the_first_steps_are_the_same_in_all_documents() -> None:
    curl = block(help_page("quick-start"), "console", "curl -X POST")
    filecli = block(help_page("quick-start"), "console", FIRST)

    assert block(help_page("http"), "console", "curl -X POST") == curl
    assert block(README, "console", "curl -X POST").startswith(curl)
    assert block(help_page("filecli"), "console", FIRST) == filecli


def without_comments(shown: str) -> list[str]:
    """Return the lines of a block as a shell reads them."""
    return [line.partition(" #")[0].rstrip() for line in shown.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    "translated", sorted(help_page("").parent.glob("*.ru.md")), ids=lambda path: path.name
)
def test_a_translated_page_has_the_same_commands(translated: Path) -> None:
    original = translated.with_name(translated.name.replace(".ru.", "."))

    assert [(language, without_comments(text)) for language, text in blocks(translated)] == [
        (language, without_comments(text)) for language, text in blocks(original)
    ]
