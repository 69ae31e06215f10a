"""mkdir, mv, cp and rm on the server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Filecli
from tests.cli.scripted import DEAF_ANSWER, Script, entry_of, folder_of, json_answer, page_of, problem


@pytest.fixture
def stored(alice: Filecli, workdir: Path) -> Filecli:
    """Run filecli as a user with docs/a, docs/b and report."""
    (workdir / "docs").mkdir()
    for path in ("docs/a", "docs/b", "report"):
        (workdir / path).write_text(path)
    assert alice("upload", "-r", "docs", "report").exit_code == 0
    return alice


def test_mkdir_creates_missing_parents(alice: Filecli) -> None:
    assert alice("mkdir", "one", "two/three").stdout == "one\ntwo/three\n"
    assert alice("ls", "-R").stdout == "one/\ntwo/\ntwo/three/\n"


def test_mkdir_of_an_existing_folder_fails_without_parents_option(stored: Filecli) -> None:
    done = stored("mkdir", "docs")
    assert done.exit_code == 5
    assert done.stderr == (
        "filecli: error: “docs” already exists. Hint: Use -p to accept an existing folder.\n"
    )

    assert stored("mkdir", "-p", "docs", "docs/new").stdout == "docs/new\n"
    assert stored("mkdir", "-p", "report").exit_code == 5
    assert stored("mkdir", "-p", "report/below").exit_code == 5


def test_mkdir_rejects_invalid_names(alice: Filecli) -> None:
    assert [alice("mkdir", name).exit_code for name in ("/", "..", "a\x1bb")] == [2, 2, 2]


def test_mkdir_json_has_the_created_folders(alice: Filecli) -> None:
    made = json.loads(alice("mkdir", "--json", "new").stdout)

    assert (made["event"], made["entry"]["path"], made["entry"]["kind"]) == ("made", "new", "folder")


def test_mv_renames_one_item(stored: Filecli) -> None:
    assert stored("mv", "report", "deep/er/report 2").stdout == "deep/er/report 2\n"
    assert stored("mv", "docs", "papers").stdout == "papers\n"
    assert stored("ls", "-R").stdout == "deep/\ndeep/er/\ndeep/er/report 2\npapers/\npapers/a\npapers/b\n"


def test_mv_moves_into_an_existing_or_new_folder(stored: Filecli) -> None:
    for target in ("docs", "docs/", "/docs/"):
        assert stored("mv", "report", target).stdout == "docs/report\n"
        assert stored("mv", "docs/report", "/").stdout == "report\n"
    assert stored("cp", "report", "new/").stdout == "new/report\n"


def test_mv_moves_several_items_into_a_new_folder(stored: Filecli) -> None:
    assert stored("mv", "docs/a", "report", "new").stdout == "new/a\nnew/report\n"
    assert stored("mv", "new/a", "new/report", "/").stdout == "a\nreport\n"


def test_cp_keeps_the_source(stored: Filecli) -> None:
    assert stored("cp", "-r", "docs", "report", "copy/").stdout == "copy/docs\ncopy/report\n"
    assert stored("download", "copy/docs/a", "-o", "-").stdout == "docs/a"
    assert stored("download", "docs/a", "-o", "-").stdout == "docs/a"


def test_mv_follows_on_conflict(stored: Filecli) -> None:
    stored("cp", "report", "docs/a2")
    refused = stored("mv", "docs/b", "report")
    assert refused.exit_code == 5
    assert "Hint: Use --on-conflict replace" in refused.stderr
    assert stored("download", "report", "-o", "-").stdout == "report"

    assert stored("cp", "docs/b", "report", "--on-conflict", "rename").stdout == "report (2)\n"
    assert stored("mv", "docs/b", "report", "--on-conflict", "replace").stdout == "report\n"
    assert stored("download", "report", "-o", "-").stdout == "docs/b"


def test_mv_is_all_or_nothing(stored: Filecli) -> None:
    done = stored("mv", "report", "nothing", "docs/a", "new")

    assert done.exit_code == 4
    assert done.stderr == (
        "filecli: error: nothing: This item does not exist. Hint: filecli ls lists the files.\n"
    )
    assert stored("ls").stdout == "docs/\nreport\n"


def test_a_folder_cannot_be_moved_into_itself(stored: Filecli) -> None:
    assert stored("mv", "docs", "docs/below/").exit_code == 5
    assert stored("cp", "/", "docs").exit_code == 2


def test_mv_skips_existing_targets(stored: Filecli) -> None:
    stored("cp", "report", "docs/a", "new")
    done = stored("mv", "--on-conflict", "skip", "--json", "docs/a", "docs/b", "new/")

    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0] == {"event": "skipped", "from": "docs/a", "path": "new/a"}
    assert (events[1]["event"], events[1]["entry"]["path"]) == ("moved", "new/b")
    assert stored("mv", "--on-conflict", "skip", "report", "new").exit_code == 0
    assert stored("mv", "--on-conflict", "ask", "report", "new").exit_code == 5
    assert stored("ls", "-R").stdout == "docs/\ndocs/a\nnew/\nnew/a\nnew/b\nnew/report\nreport\n"


def test_mv_prompts_for_each_existing_target(stored: Filecli, monkeypatch: pytest.MonkeyPatch) -> None:
    stored("cp", "report", "docs/a", "docs/b", "new")
    monkeypatch.setattr("cabinet.client.remote.conflicts.can_prompt", lambda: True)
    done = stored("mv", "--on-conflict", "ask", "docs/*", "report", "new", given="k\nR\n")

    assert done.exit_code == 0
    assert "“new/a” (6 bytes) exists. Replace it, keep both, or skip?" in done.stderr
    assert done.stderr.count("exists") == 2
    assert set(done.stdout.splitlines()) == {"new/a (2)", "new/b", "new/report"}
    assert stored("trash").stdout.count("new/") == 2
    done = stored("mv", "--on-conflict", "ask", "docs", "new/a", given="s\n")
    assert (done.exit_code, done.stdout) == (0, "")


def test_mv_json_has_source_and_target(stored: Filecli) -> None:
    events = [
        json.loads(line) for line in stored("mv", "--json", "docs/a", "report", "x").stdout.splitlines()
    ]

    assert [(event["event"], event["from"], event["entry"]["path"]) for event in events] == [
        ("moved", "docs/a", "x/a"),
        ("moved", "report", "x/report"),
    ]


def test_a_quiet_command_prints_nothing(stored: Filecli) -> None:
    assert stored("mv", "-q", "report", "x").output == ""
    assert stored("rm", "-q", "x").output == ""
    assert stored("mkdir", "-q", "y").output == ""


def test_mv_dry_run_shows_targets(stored: Filecli) -> None:
    assert stored("mv", "-n", "report", "docs").stdout == "docs/report\n"
    assert stored("cp", "-n", "report", "other").stdout == "other\n"
    assert stored("mv", "-n", "docs/*", "/").stdout == "a\nb\n"
    would = json.loads(stored("mv", "--json", "-n", "docs/a", "new/").stdout)
    assert would == {"event": "would-be-moved", "from": "docs/a", "path": "new/a"}
    assert stored("ls", "-R").stdout == "docs/\ndocs/a\ndocs/b\nreport\n"


def test_rm_dry_run_shows_paths(stored: Filecli) -> None:
    assert stored("rm", "-n", "docs/*", "report").stdout == "docs/a\ndocs/b\nreport\n"
    assert stored("rm", "-n", "--permanent", "nothing", "report").exit_code == 1
    assert json.loads(stored("rm", "-n", "--json", "report").stdout) == {
        "event": "would-remove",
        "path": "report",
    }
    assert stored("ls", "-R").stdout == "docs/\ndocs/a\ndocs/b\nreport\n"


def test_more_than_1000_items_are_moved_in_several_requests(scripted: Filecli, script: Script) -> None:
    names = [f"in/{number:04}" for number in range(1001)]
    script.will_at("/lookup", json_answer({"entries": [None]}))
    script.will_at("/files?path=in&limit=1000", page_of(*(entry_of(name, b"") for name in names)))
    moved = [entry_of(name.replace("in", "out"), b"") for name in names]
    script.will_at("/moves", json_answer({"entries": moved[:1000]}), json_answer({"entries": moved[1000:]}))
    done = scripted("mv", "in/*", "out", "--on-conflict", "rename")

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [f"out/{number:04}" for number in range(1001)]
    sent = [json.loads(seen.body) for seen in script.seen if seen.target == "/moves"]
    assert [(len(one["from"]), one["to"], one["on_conflict"]) for one in sent] == [
        (1000, "out/", "rename"),
        (1, "out/", "rename"),
    ]


def test_a_failed_batch_does_not_stop_the_next_one(scripted: Filecli, script: Script) -> None:
    names = [f"{number:04}" for number in range(1001)]
    script.will(problem("entry-exists", 409, "“out/0000” already exists."))
    script.will(json_answer({"entries": [entry_of("out/1000", b"")]}))
    done = scripted("mv", *names, "out")

    assert done.exit_code == 1
    assert done.stdout == "out/1000\n"


def test_a_move_with_a_lost_response_is_not_retried(scripted: Filecli, script: Script) -> None:
    script.will(DEAF_ANSWER)

    assert scripted("mv", "a", "b").exit_code == 8
    assert len(script.seen) == 1


def test_a_response_about_other_items_is_rejected(scripted: Filecli, script: Script) -> None:
    script.will(json_answer({"entries": []}))

    assert scripted("cp", "a", "b").exit_code == 1


def test_a_refusal_without_a_missing_item_is_reported(scripted: Filecli, script: Script) -> None:
    script.will(problem("not-found", 404, "There is nothing."), json_answer({"entries": [folder_of("a")]}))
    done = scripted("mv", "a", "b")

    assert done.exit_code == 4
    assert done.stderr.startswith("filecli: error: b: There is nothing.")


def test_permanent_removal_needs_confirmation(stored: Filecli) -> None:
    done = stored("rm", "--permanent", "report")
    assert done.exit_code == 2
    assert done.stderr == (
        "filecli: error: This can't be undone and was not confirmed; nothing was removed."
        " Hint: Use --force to remove without asking.\n"
    )

    done = stored("rm", "--permanent", "-y", "report")
    assert (done.exit_code, done.stderr) == (0, "“report” was permanently deleted.\n")
    assert stored("ls").stdout == "docs/\n"
    assert stored("trash").stdout == ""


@pytest.mark.parametrize(
    ("command", "question", "target"),
    [
        (
            ["rm", "-r", "--permanent", "a"],
            "Permanently delete “a”? This can't be undone.",
            "/files/a?permanent=1",
        ),
        (
            ["rm", "-r", "--permanent", "a", "b"],
            "Permanently delete 2 files and folders? This can't be undone.",
            "/files/a?permanent=1",
        ),
        (["trash", "empty"], "Permanently delete everything in the trash? This can't be undone.", "/trash"),
        (
            ["versions", "rm", "a", "2", "1"],
            "Permanently delete version 2, 1 of “a”? This can't be undone.",
            "/versions/a/2",
        ),
    ],
)
@pytest.mark.parametrize("answer", ["y", "n"])
def test_permanent_removal_prompts_on_a_terminal(
    answer: str,
    command: list[str],
    question: str,
    target: str,
    scripted: Filecli,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cabinet.client.confirm.can_prompt", lambda: True)
    # The lookup tells whether a folder is a shared one of another user.
    asked = [json_answer({"entries": [None] * len(command[3:])})] if "-r" in command else []
    script.will(*asked, json_answer(None), json_answer(None))
    done = scripted(*command, given=f"{answer}\n")

    assert f"{question} [y/N]: " in done.stderr
    if answer == "y":
        assert done.exit_code == 0
        # Removals run in parallel, in any order.
        assert target in {request.target for request in script.seen}
    else:
        assert done.exit_code == 1
        assert done.stderr.endswith("filecli: error: Canceled; nothing was removed.\n")
        assert script.seen == []


def test_prompts_escape_control_characters(scripted: Filecli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cabinet.client.confirm.can_prompt", lambda: True)

    assert "\x1b" not in scripted("rm", "-r", "--permanent", "a\x1b[2Jb", given="n\n").output


def test_unconfirmed_removal_sends_no_request(scripted: Filecli, script: Script) -> None:
    for command in (
        ["rm", "--permanent", "a"],
        ["trash", "empty"],
        ["trash", "rm", "a"],
        ["versions", "rm", "a", "1"],
    ):
        assert scripted(*command).exit_code == 2
    assert script.seen == []
