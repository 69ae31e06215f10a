"""The trash commands."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.conftest import Filecli
from tests.cli.scripted import Script, json_answer


@pytest.fixture
def thrown(alice: Filecli) -> Filecli:
    """Run filecli as a user who removed report, another report, and docs with a file in it."""
    for content in ("old", "new"):
        assert alice("upload", "-", "--to", "report", given=content).exit_code == 0
        assert alice("rm", "report").exit_code == 0
    assert alice("upload", "-", "--to", "docs/a", given="a").exit_code == 0
    assert alice("rm", "-r", "docs").exit_code == 0
    return alice


def ids(filecli: Filecli) -> list[str]:
    return [line.split()[0] for line in filecli("trash", "-q").stdout.splitlines()]


def test_the_trash_lists_newest_first(thrown: Filecli) -> None:
    head, *lines = thrown("trash", "list").stdout.splitlines()

    when = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    assert head.split("  ")[0] == "ID"
    # Each heading starts where its column starts; that of the size ends where it ends.
    id_length = len(lines[0].split()[0])
    assert [head.index(title) for title in ("TRASHED", "KEPT UNTIL")] == [id_length + 2, id_length + 20]
    assert head.index("SIZE") + 4 == lines[0].index("-  docs/") + 1
    assert head.index("PATH") == lines[0].index("docs/")
    assert re.fullmatch(rf"\S+  {when}  {when}          -  docs/", lines[0])
    assert [re.sub(rf"\S+  {when}  {when} +", "", line) for line in lines[1:]] == ["3 bytes  report"] * 2
    assert thrown("trash").stdout.splitlines() == [head, *lines]
    assert thrown("trash", "-q").stdout.splitlines() == lines


def test_json_is_one_document(thrown: Filecli) -> None:
    listing = json.loads(thrown("trash", "--json").stdout)

    assert [entry["from"] for entry in listing["entries"]] == ["docs", "report", "report"]


def test_an_empty_trash_prints_a_note(alice: Filecli) -> None:
    done = alice("trash", "list")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "The trash is empty.\n")


def test_a_path_means_the_item_removed_last(thrown: Filecli) -> None:
    assert thrown("trash", "restore", "report", "/docs/").stdout == "report\ndocs\n"
    assert thrown("download", "report", "-o", "-").stdout == "new"
    assert thrown("ls", "-R").stdout == "docs/\ndocs/a\nreport\n"


def test_an_id_means_exactly_one_item(thrown: Filecli) -> None:
    oldest = ids(thrown)[2]
    done = thrown("trash", "restore", "--json", oldest)

    restored = json.loads(done.stdout)
    assert (restored["event"], restored["id"], restored["entry"]["path"]) == ("restored", oldest, "report")
    assert thrown("download", "report", "-o", "-").stdout == "old"


def test_restore_follows_on_conflict(thrown: Filecli) -> None:
    thrown("upload", "-", "--to", "report", given="newest")

    assert thrown("trash", "restore", "report").exit_code == 5
    assert thrown("trash", "restore", "report", "--on-conflict", "rename").stdout == "report (2)\n"


def test_an_unknown_item_is_not_found(thrown: Filecli) -> None:
    done = thrown("trash", "restore", "nothing")

    assert done.exit_code == 4
    assert "nothing: There is nothing here by that name." in done.stderr
    assert thrown("trash", "restore", "nothing", "report").exit_code == 1


def test_trash_rm_deletes_one_item_permanently(thrown: Filecli) -> None:
    done = thrown("trash", "rm", "-y", "report")

    assert (done.exit_code, done.stderr) == (0, "“report” was permanently deleted.\n")
    assert len(ids(thrown)) == 2
    event = json.loads(thrown("trash", "rm", "--force", "--json", "docs").stdout)
    assert (event["event"], event["path"]) == ("removed", "docs")


def test_trash_empty_deletes_everything_permanently(thrown: Filecli) -> None:
    done = thrown("trash", "empty", "-y")

    assert (done.exit_code, done.stderr) == (0, "The trash is empty.\n")
    assert ids(thrown) == []
    assert thrown("whoami").stderr.startswith("0 bytes used")


def test_the_trash_is_read_only_as_far_as_needed(scripted: Filecli, script: Script) -> None:
    trashed = {"id": "7", "from": "a", "kind": "folder", "size": None}
    script.will(json_answer({"entries": [trashed], "next": "more"}), json_answer(None))

    assert scripted("trash", "rm", "-y", "a").exit_code == 0
    assert [seen.target for seen in script.seen] == ["/trash?limit=1000", "/trash/7"]


def test_ids_from_the_server_are_quoted_in_urls(scripted: Filecli, script: Script) -> None:
    trashed = {"id": "../x?y", "from": "a", "kind": "folder", "size": None}
    script.will(json_answer({"entries": [trashed], "next": None}), json_answer(None))
    scripted("trash", "rm", "-y", "a")

    assert script.seen[-1].target == "/trash/..%2Fx%3Fy"


@pytest.mark.parametrize(
    "trashed", [5, {}, {"id": "7", "kind": "folder"}, {"id": 7, "from": "a", "kind": "folder"}]
)
def test_an_invalid_trash_listing_is_rejected(trashed: object, scripted: Filecli, script: Script) -> None:
    script.will(json_answer({"entries": [trashed]}))

    assert scripted("trash").exit_code == 1


def test_trashed_names_are_escaped(scripted: Filecli, script: Script) -> None:
    trashed = {"id": "\x1b[2J", "from": "a\x1b]0;x\x07", "kind": "folder"}
    script.will(json_answer({"entries": [trashed]}))

    assert "\x1b" not in scripted("trash").output
