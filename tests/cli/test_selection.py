"""--include and --exclude."""

from __future__ import annotations

from pathlib import Path

import pytest

from cabinet.client.transfer.selection import Selection
from tests.cli.conftest import Filecli


@pytest.mark.parametrize(
    ("pattern", "path", "is_named"),
    [
        ("*.tmp", "a.tmp", True),
        ("*.tmp", "deep/down/a.tmp", True),
        ("*.tmp", "a.tmp.txt", False),
        ("build", "build/deep/file", True),
        ("build/", "a/build/file", True),
        ("build/", "build", False),
        ("a/b", "a/b", True),
        ("a/b", "x/a/b", False),
        ("a/b", "a/b/c", True),
        ("/a", "a", True),
        ("[ab]?", "b1", True),
        ("Файл*", "Файл 1", True),
    ],
)
def test_include_and_exclude_patterns_match(pattern: str, path: str, is_named: bool) -> None:
    assert Selection(include=[pattern]).takes(path) == is_named
    assert Selection(exclude=[pattern]).takes(path) != is_named


def test_an_exclude_wins_over_an_include() -> None:
    selection = Selection(include=["*.jpg"], exclude=["private/"])

    assert selection.takes("a.jpg")
    assert not selection.takes("a.png")
    assert not selection.takes("private/a.jpg")
    assert not selection.enters("private")
    assert selection.enters("public")


def test_uploads_and_downloads_follow_the_selection(alice: Filecli, workdir: Path) -> None:
    for name in ("photos/a.jpg", "photos/a.tmp", "photos/raw/a.jpg"):
        (workdir / name).parent.mkdir(parents=True, exist_ok=True)
        (workdir / name).write_text(name)
    done = alice("upload", "-r", "photos", "--include", "*.jpg", "--exclude", "raw/")
    assert done.stdout == "photos/a.jpg\n"

    alice("upload", "-r", "photos")
    done = alice("download", "-r", "photos", "-o", "copy", "--exclude", "raw", "--exclude", "*.tmp")
    assert done.stdout == "copy/a.jpg\n"
    assert not (workdir / "copy" / "raw").exists()
