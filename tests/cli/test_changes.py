"""mkdir, mv, cp and rm on the server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Filecli
from tests.cli.scripted import DEAF_ANSWER, Script, entry_of, folder_of, json_answer, page_of, problem


@pytest.fixture
def stored(alice: Filecli, desk: Path) -> Filecli:
    """Run filecli as a user who has docs/a, docs/b and report."""
    (desk / "docs").mkdir()
    for path in ("docs/a", "docs/b", "report"):
        (desk / path).write_text(path)
    assert alice("upload", "-r", "docs", "report").exit_code == 0
    return alice


def test_folders_are_made_with_those_above(alice: Filecli) -> None:
    assert alice("mkdir", "one", "two/three").stdout == "one\ntwo/three\n"
    assert alice("ls", "-R").stdout == "one/\ntwo/\ntwo/three/\n"


def test_a_folder_that_is_there_is_an_error_unless_it_may_be(stored: Filecli) -> None:
    done = stored("mkdir", "docs")
    assert done.exit_code == 5
    assert done.stderr == (
        "filecli: error: There is already something at “docs”."
        " Hint: -p is content with a folder that is there already.\n"
    )

    assert stored("mkdir", "-p", "docs", "docs/new").stdout == "docs/new\n"
    assert stored("mkdir", "-p", "report").exit_code == 5
    assert stored("mkdir", "-p", "report/below").exit_code == 5


def test_a_folder_that_cannot_be_is_not_made(alice: Filecli) -> None:
    assert [alice("mkdir", name).exit_code for name in ("/", "..", "a\x1bb")] == [2, 2, 2]


def test_json_tells_what_was_made(alice: Filecli) -> None:
    made = json.loads(alice("mkdir", "--json", "new").stdout)

    assert (made["event"], made["entry"]["path"], made["entry"]["kind"]) == ("made", "new", "folder")


def test_one_thing_gets_another_name(stored: Filecli) -> None:
    assert stored("mv", "report", "deep/er/report 2").stdout == "deep/er/report 2\n"
    assert stored("mv", "docs", "papers").stdout == "papers\n"
    assert stored("ls", "-R").stdout == "deep/\ndeep/er/\ndeep/er/report 2\npapers/\npapers/a\npapers/b\n"


def test_one_thing_goes_into_a_folder_that_is_there_or_made(stored: Filecli) -> None:
    for target in ("docs", "docs/", "/docs/"):
        assert stored("mv", "report", target).stdout == "docs/report\n"
        assert stored("mv", "docs/report", "/").stdout == "report\n"
    assert stored("cp", "report", "new/").stdout == "new/report\n"


def test_several_go_into_a_folder_that_is_made(stored: Filecli) -> None:
    assert stored("mv", "docs/a", "report", "new").stdout == "new/a\nnew/report\n"
    assert stored("mv", "new/a", "new/report", "/").stdout == "a\nreport\n"


def test_a_copy_leaves_what_was_copied(stored: Filecli) -> None:
    assert stored("cp", "-r", "docs", "report", "copy/").stdout == "copy/docs\ncopy/report\n"
    assert stored("download", "copy/docs/a", "-o", "-").stdout == "docs/a"
    assert stored("download", "docs/a", "-o", "-").stdout == "docs/a"


def test_what_is_in_the_way_stays_unless_otherwise_wanted(stored: Filecli) -> None:
    stored("cp", "report", "docs/a2")
    refused = stored("mv", "docs/b", "report")
    assert refused.exit_code == 5
    assert "Hint: --on-conflict replace or rename" in refused.stderr
    assert stored("download", "report", "-o", "-").stdout == "report"

    assert stored("cp", "docs/b", "report", "--on-conflict", "rename").stdout == "report (2)\n"
    assert stored("mv", "docs/b", "report", "--on-conflict", "replace").stdout == "report\n"
    assert stored("download", "report", "-o", "-").stdout == "docs/b"


def test_nothing_is_moved_if_one_cannot_be(stored: Filecli) -> None:
    done = stored("mv", "report", "nothing", "docs/a", "new")

    assert done.exit_code == 4
    assert done.stderr == (
        "filecli: error: nothing: There is nothing here by that name. Hint: filecli ls shows what is there.\n"
    )
    assert stored("ls").stdout == "docs/\nreport\n"


def test_a_folder_cannot_go_into_itself(stored: Filecli) -> None:
    assert stored("mv", "docs", "docs/below/").exit_code == 5
    assert stored("cp", "/", "docs").exit_code == 2


def test_what_is_in_the_way_is_skipped_where_that_is_wanted(stored: Filecli) -> None:
    stored("cp", "report", "docs/a", "new")
    done = stored("mv", "--on-conflict", "skip", "--json", "docs/a", "docs/b", "new/")

    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0] == {"event": "skipped", "from": "docs/a", "path": "new/a"}
    assert (events[1]["event"], events[1]["entry"]["path"]) == ("moved", "new/b")
    assert stored("mv", "--on-conflict", "skip", "report", "new").exit_code == 0
    assert stored("mv", "--on-conflict", "ask", "report", "new").exit_code == 5
    assert stored("ls", "-R").stdout == "docs/\ndocs/a\nnew/\nnew/a\nnew/b\nnew/report\nreport\n"


def test_a_person_is_asked_about_each_that_is_in_the_way(
    stored: Filecli, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_json_tells_what_went_where(stored: Filecli) -> None:
    events = [
        json.loads(line) for line in stored("mv", "--json", "docs/a", "report", "x").stdout.splitlines()
    ]

    assert [(event["event"], event["from"], event["entry"]["path"]) for event in events] == [
        ("moved", "docs/a", "x/a"),
        ("moved", "report", "x/report"),
    ]


def test_a_quiet_command_says_nothing(stored: Filecli) -> None:
    assert stored("mv", "-q", "report", "x").output == ""
    assert stored("rm", "-q", "x").output == ""
    assert stored("mkdir", "-q", "y").output == ""


def test_what_would_be_moved_can_be_asked(stored: Filecli) -> None:
    assert stored("mv", "-n", "report", "docs").stdout == "docs/report\n"
    assert stored("cp", "-n", "report", "other").stdout == "other\n"
    assert stored("mv", "-n", "docs/*", "/").stdout == "a\nb\n"
    would = json.loads(stored("mv", "--json", "-n", "docs/a", "new/").stdout)
    assert would == {"event": "would-be-moved", "from": "docs/a", "path": "new/a"}
    assert stored("ls", "-R").stdout == "docs/\ndocs/a\ndocs/b\nreport\n"


def test_what_would_be_removed_can_be_asked(stored: Filecli) -> None:
    assert stored("rm", "-n", "docs/*", "report").stdout == "docs/a\ndocs/b\nreport\n"
    assert stored("rm", "-n", "--permanent", "nothing", "report").exit_code == 1
    assert json.loads(stored("rm", "-n", "--json", "report").stdout) == {
        "event": "would-remove",
        "path": "report",
    }
    assert stored("ls", "-R").stdout == "docs/\ndocs/a\ndocs/b\nreport\n"


def test_more_than_a_thousand_go_in_several_requests(scripted: Filecli, script: Script) -> None:
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


def test_a_batch_that_fails_keeps_the_next_from_nothing(scripted: Filecli, script: Script) -> None:
    names = [f"{number:04}" for number in range(1001)]
    script.will(problem("entry-exists", 409, "There is already something at “out/0000”."))
    script.will(json_answer({"entries": [entry_of("out/1000", b"")]}))
    done = scripted("mv", *names, "out")

    assert done.exit_code == 1
    assert done.stdout == "out/1000\n"


def test_a_move_whose_answer_was_lost_is_not_repeated(scripted: Filecli, script: Script) -> None:
    script.will(DEAF_ANSWER)

    assert scripted("mv", "a", "b").exit_code == 8
    assert len(script.seen) == 1


def test_an_answer_about_other_things_is_not_understood(scripted: Filecli, script: Script) -> None:
    script.will(json_answer({"entries": []}))

    assert scripted("cp", "a", "b").exit_code == 1


def test_one_refusal_for_what_nobody_can_name_is_passed_on(scripted: Filecli, script: Script) -> None:
    script.will(problem("not-found", 404, "There is nothing."), json_answer({"entries": [folder_of("a")]}))
    done = scripted("mv", "a", "b")

    assert done.exit_code == 4
    assert done.stderr.startswith("filecli: error: b: There is nothing.")


def test_what_is_removed_for_ever_needs_leave(stored: Filecli) -> None:
    done = stored("rm", "--permanent", "report")
    assert done.exit_code == 2
    assert done.stderr == (
        "filecli: error: What is removed for ever cannot be restored; nothing was done."
        " Hint: --force removes it without asking.\n"
    )

    done = stored("rm", "--permanent", "-y", "report")
    assert (done.exit_code, done.stderr) == (0, "“report” is gone for ever.\n")
    assert stored("ls").stdout == "docs/\n"
    assert stored("trash").stdout == ""


@pytest.mark.parametrize(
    ("command", "question", "target"),
    [
        (["rm", "-r", "--permanent", "a"], "Remove “a” for ever?", "/files/a?permanent=1"),
        (
            ["rm", "-r", "--permanent", "a", "b"],
            "Remove 2 files and folders for ever?",
            "/files/a?permanent=1",
        ),
        (["trash", "empty"], "Remove everything in the trash for ever?", "/trash"),
        (["versions", "rm", "a", "2", "1"], "Remove version 2, 1 of “a” for ever?", "/versions/a/2"),
    ],
)
@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_person_is_asked_before_something_goes_for_ever(
    answer: str,
    command: list[str],
    question: str,
    target: str,
    scripted: Filecli,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cabinet.client.confirm.can_prompt", lambda: True)
    script.will(json_answer(None), json_answer(None))
    done = scripted(*command, given=f"{answer}\n")

    assert f"{question} [y/N]: " in done.stderr
    if answer == "y":
        assert done.exit_code == 0
        # Several are removed at a time, in any order.
        assert target in {request.target for request in script.seen}
    else:
        assert done.exit_code == 1
        assert done.stderr.endswith("filecli: error: Nothing was done.\n")
        assert script.seen == []


def test_a_question_steers_no_terminal(scripted: Filecli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cabinet.client.confirm.can_prompt", lambda: True)

    assert "\x1b" not in scripted("rm", "-r", "--permanent", "a\x1b[2Jb", given="n\n").output


def test_without_leave_not_even_a_question_reaches_the_server(scripted: Filecli, script: Script) -> None:
    for command in (
        ["rm", "--permanent", "a"],
        ["trash", "empty"],
        ["trash", "rm", "a"],
        ["versions", "rm", "a", "1"],
    ):
        assert scripted(*command).exit_code == 2
    assert script.seen == []
