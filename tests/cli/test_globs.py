"""Patterns for names on the server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cabinet.client.remote.globs import Shape
from tests.cli.conftest import Filecli
from tests.cli.scripted import Script, entry_of, folder_of, json_answer, page_of, problem


@pytest.fixture
def stored(alice: Filecli, workdir: Path) -> Filecli:
    """Run filecli as a user with a few files, one of them named like a pattern."""
    for path in ("a.pdf", "a[1].txt", "docs/b.pdf", "docs/c.txt", "docs/deep/d.pdf", "docs/deep/er/e.pdf"):
        local = workdir / "up" / path
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_text(path)
    names = sorted(str(path.relative_to(workdir)) for path in (workdir / "up").iterdir())
    assert alice("upload", "-r", *names).exit_code == 0
    return alice


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*", "a", True),
        ("*", ".a", True),
        ("*", "a/b", False),
        ("*.PDF", "a.pdf", False),
        ("?", "Ж", True),
        ("[!a]", "b", True),
        ("a[[]1]", "a[1]", True),
        ("*/b", "a/b", True),
        ("**", "a", True),
        ("**", "a/b/c", True),
        ("**/c", "c", True),
        ("**/c", "a/b/c", True),
        ("**/c", "a/b/cc", False),
        ("a/**", "a/b/c", True),
        ("a/**", "a", False),
        ("a/**/b", "a/b", True),
        ("a/**/b/*.txt", "a/x/b/y/b/c.txt", True),
        ("a/**/b/*.txt", "a/x/b/y/c.txt", False),
        ("**/**/a", "a", True),
        ("**/**", "a", True),
        ("a**", "ab", True),
    ],
)
def test_patterns_match(pattern: str, path: str, fits: bool) -> None:
    assert Shape(pattern.split("/")).fits(path.split("/")) == fits


def test_many_stars_do_not_backtrack() -> None:
    assert not Shape(["**", "*a*"] * 30).fits(["a"] * 59 + ["b"])


def test_a_pattern_downloads_matching_files(stored: Filecli, workdir: Path) -> None:
    assert set(stored("download", "docs/*").stdout.splitlines()) == {"b.pdf", "c.txt"}
    assert (workdir / "b.pdf").read_text() == "docs/b.pdf"
    assert set(stored("download", "**/[de].pdf", "-o", "new/").stdout.splitlines()) == {
        "new/d.pdf",
        "new/e.pdf",
    }


def test_a_recursive_pattern_downloads_each_item_once(stored: Filecli, workdir: Path) -> None:
    done = stored("download", "-r", "docs/**", "--json")

    paths = [event["path"] for event in map(json.loads, done.stdout.splitlines()) if "path" in event]
    assert sorted(paths) == ["docs/b.pdf", "docs/c.txt", "docs/deep/d.pdf", "docs/deep/er/e.pdf"]
    assert (workdir / "deep" / "er" / "e.pdf").read_text() == "docs/deep/er/e.pdf"


def test_files_downloaded_by_a_pattern_are_unchanged_next_time(stored: Filecli) -> None:
    stored("download", "docs/*.pdf")
    done = stored("download", "docs/*")

    assert (done.exit_code, done.stdout) == (0, "c.txt\n")
    assert "1 unchanged" in done.stderr


def test_two_matches_with_one_local_name_conflict(stored: Filecli, workdir: Path) -> None:
    stored("cp", "docs/b.pdf", "docs/deep/")
    done = stored("download", "docs/**/b.pdf")

    assert done.exit_code == 1
    assert "Another file of this command has the same target" in done.stderr
    assert (workdir / "b.pdf").exists()


def test_several_matches_need_an_output_folder(stored: Filecli, workdir: Path) -> None:
    done = stored("download", "docs/*", "-o", "one")

    assert done.exit_code == 2
    assert not (workdir / "one").exists()


def test_an_existing_name_wins_over_a_pattern(stored: Filecli, workdir: Path) -> None:
    stored("cp", "a[1].txt", "a1.txt")

    assert stored("download", "a[1].txt").stdout == "a[1].txt\n"
    assert stored("rm", "a[1].txt").exit_code == 0
    assert stored("ls", "a[1].txt").stdout == "a1.txt\n"


@pytest.mark.parametrize("pattern", ["*.doc", "nowhere/*", "a.pdf/*", "docs/*/nothing", "nowhere/**"])
@pytest.mark.parametrize("command", [["download"], ["rm"], ["mv", "x"], ["ls"]])
def test_a_pattern_without_matches_is_not_found(
    command: list[str], pattern: str, scripted: Filecli, script: Script
) -> None:
    name, *rest = command
    script.will_at("/lookup", *[json_answer({"entries": [None]})] * 2)
    script.will(problem("not-found", 404) if "nowhere" in pattern else page_of())
    if "a.pdf" in pattern:
        script.answers.clear()
        script.will(problem("not-a-folder", 409))
    done = scripted(name, pattern, *rest)

    assert done.exit_code == 4
    assert f"Nothing matches “{pattern}”. Hint: filecli ls lists the files." in done.stderr


def test_a_pattern_matches_only_files_without_recursive(stored: Filecli) -> None:
    assert stored("rm", "docs/**").exit_code == 0
    assert stored("ls", "-R", "docs").stdout == "deep/\ndeep/er/\n"
    done = stored("rm", "docs/*")

    assert done.exit_code == 5
    assert "Hint: Use -r for a folder" in done.stderr


def test_a_recursive_pattern_removes_folders(scripted: Filecli, script: Script) -> None:
    script.will_at("/lookup", json_answer({"entries": [None]}))
    script.will(page_of(folder_of("tmp/a"), entry_of("tmp/a/b", b""), entry_of("tmp/c", b"")))
    script.will(json_answer(None), json_answer(None))

    assert scripted("rm", "-r", "tmp/**").exit_code == 0
    assert {seen.target for seen in script.seen if seen.method == "DELETE"} == {
        "/files/tmp/a",
        "/files/tmp/c",
    }


def test_a_pattern_moves_files_and_folders(stored: Filecli) -> None:
    assert stored("mv", "docs/*e*", "docs/b*", "new").exit_code == 0
    assert stored("ls", "-R", "new").stdout == "deep/\ndeep/er/\ndeep/er/e.pdf\ndeep/d.pdf\nb.pdf\n"


def test_a_literal_name_after_a_pattern_is_looked_up(scripted: Filecli, script: Script) -> None:
    script.will_at(
        "/lookup",
        json_answer({"entries": [None]}),
        json_answer({"entries": [entry_of("one/x", b""), None]}),
    )
    script.will(page_of(folder_of("one"), folder_of("two"), entry_of("file", b"")))

    assert scripted("ls", "*/x").stdout == "one/x\n"
    assert json.loads(script.seen[-1].body) == {"paths": ["one/x", "two/x"]}


def test_many_names_are_looked_up_in_several_requests(scripted: Filecli, script: Script) -> None:
    script.will_at("/lookup", json_answer({"entries": [None]}))
    script.will(page_of(*(folder_of(str(number)) for number in range(1001))))
    script.will_at(
        "/lookup",
        json_answer({"entries": [None] * 1000}),
        json_answer({"entries": [entry_of("1000/x", b"")]}),
    )

    assert scripted("ls", "*/x").stdout == "1000/x\n"
