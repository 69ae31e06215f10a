"""What the README shows of filecli works as it stands there."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Filecli
from tests.support.auth import PASSWORD, USERNAME
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
    for content in ("before", "after"):
        assert anonymous("upload", "-", "--to", "filename.txt", given=content).exit_code == 0
    return anonymous


def test_every_command_of_the_readme_does_what_it_says(everyday: Filecli, desk: Path) -> None:
    said = {}
    for command in commands_of(readme_block("console", FIRST)) + commands_of(readme_block("console", SECOND)):
        done = everyday(*command, given=f"{USERNAME}\n{PASSWORD}\n")
        assert done.exit_code == 0, (command, done.output)
        said[" ".join(command)] = done.stdout

    assert said["ls -l -R photos"].count("file  ") == 2
    assert said["cp photos/**/*.jpg letters/2026/"] == "letters/2026/hill.jpg\nletters/2026/sea.jpg\n"
    assert said["trash restore archive/2026/sea.jpg"] == "archive/2026/sea.jpg\n"
    assert (desk / "before.txt").read_text() == "before"
    assert everyday("ls", "-R", "archive").stdout == "2026/\n2026/sea.jpg\n"
    assert everyday("download", "filename.txt", "-o", "-").stdout == "before"
