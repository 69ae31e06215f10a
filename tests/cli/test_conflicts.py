"""--on-conflict: its effects, and prompts before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Filecli
from tests.cli.scripted import Script, entry_of, json_answer
from tests.cli.terminal import in_terminal
from tests.cli.test_process import FILECLI


@pytest.fixture
def taken(alice: Filecli, workdir: Path) -> Filecli:
    """Run filecli as a user with a stored `old` and local files `old` and `new`."""
    (workdir / "old").write_text("stored")
    assert alice("upload", "old").exit_code == 0
    (workdir / "old").write_text("at hand")
    (workdir / "new").write_text("new")
    return alice


def content(filecli: Filecli, path: str) -> str:
    return str(filecli("download", "-o", "-", path).stdout)


def test_skip_keeps_existing_files(taken: Filecli) -> None:
    done = taken("upload", "--json", "--on-conflict", "skip", "old", "new")
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]

    assert done.exit_code == 0
    assert events == ["skipped", "uploaded", "summary"]
    assert content(taken, "old") == "stored"
    assert content(taken, "new") == "new"


@pytest.mark.parametrize("choice", ["fail", "ask"])
def test_fail_reports_each_and_sends_the_rest(choice: str, taken: Filecli) -> None:
    done = taken("upload", "--on-conflict", choice, "old", "new")

    assert done.exit_code == 1
    assert done.stdout == "new\n"
    assert done.stderr.count("filecli: error:") == 1
    assert content(taken, "old") == "stored"


def test_fail_sends_no_existing_files(taken: Filecli) -> None:
    done = taken("upload", "-v", "--on-conflict", "fail", "old")

    assert done.exit_code == 5
    assert "PUT" not in done.stderr


def test_a_dry_run_shows_targets(taken: Filecli) -> None:
    done = taken("upload", "--dry-run", "--on-conflict", "skip", "old", "new", "--to", "")

    assert done.exit_code == 0
    assert done.stdout == "new\n"
    assert "Would upload 1 file" in done.stderr
    assert taken("ls").stdout == "old\n"


def test_a_dry_run_downloads_nothing(taken: Filecli, workdir: Path) -> None:
    (workdir / "old").unlink()
    done = taken("download", "--dry-run", "old")

    assert done.exit_code == 0
    assert not (workdir / "old").exists()


@pytest.mark.parametrize(
    ("answers", "query", "bodies"),
    [
        (["r", "s"], "on_conflict=replace", [b"one"]),
        (["s", "k"], "on_conflict=rename", [b"two"]),
        (["S"], "", []),
    ],
)
def test_ask_prompts_on_a_terminal(
    answers: list[str], query: str, bodies: list[bytes], on_scripted_server: Script, workdir: Path
) -> None:
    for name in ("one", "two"):
        (workdir / name).write_text(name)
    on_scripted_server.will_at(
        "/lookup", json_answer({"entries": [entry_of(name, b"old") for name in ("one", "two")]})
    )
    for body in bodies:
        on_scripted_server.will(json_answer(entry_of(body.decode(), body), 201))
    with in_terminal([FILECLI, "upload", "--on-conflict", "ask", "one", "two"]) as terminal:
        for answer in answers:
            terminal.expect("exists. Replace it, keep both, or skip?")
            terminal.type(f"{answer}\n")

        assert terminal.leave() == 0
    sent = [seen for seen in on_scripted_server.seen if seen.method == "PUT"]
    assert [seen.body for seen in sent] == bodies
    assert all(query in seen.target for seen in sent)
