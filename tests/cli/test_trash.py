"""The trash commands."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask

from tests.cli.conftest import Filecli
from tests.cli.scripted import Script, json_answer
from tests.support.operators import Operator


@pytest.fixture
def trashed_items(alice: Filecli) -> Filecli:
    """Run filecli as a user who removed report, another report, and docs with a file in it."""
    for content in ("old", "new"):
        assert alice("upload", "-", "--to", "report", given=content).exit_code == 0
        assert alice("rm", "report").exit_code == 0
    assert alice("upload", "-", "--to", "docs/a", given="a").exit_code == 0
    assert alice("rm", "-r", "docs").exit_code == 0
    return alice


def ids(filecli: Filecli) -> list[str]:
    return [line.split()[0] for line in filecli("trash", "-q").stdout.splitlines()]


def test_the_trash_lists_newest_first(trashed_items: Filecli) -> None:
    head, *lines = trashed_items("trash", "list").stdout.splitlines()

    when = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    assert head.split("  ")[0] == "ID"
    # Each heading starts where its column starts; that of the size ends where it ends.
    id_length = len(lines[0].split()[0])
    assert [head.index(title) for title in ("TRASHED", "KEPT UNTIL")] == [id_length + 2, id_length + 20]
    assert head.index("SIZE") + 4 == lines[0].index("-  docs/") + 1
    assert head.index("PATH") == lines[0].index("docs/")
    assert re.fullmatch(rf"\S+  {when}  {when}          -  docs/", lines[0])
    assert [re.sub(rf"\S+  {when}  {when} +", "", line) for line in lines[1:]] == ["3 bytes  report"] * 2
    assert trashed_items("trash").stdout.splitlines() == [head, *lines]
    assert trashed_items("trash", "-q").stdout.splitlines() == lines


def test_json_is_one_document(trashed_items: Filecli) -> None:
    listing = json.loads(trashed_items("trash", "--json").stdout)

    assert [entry["from"] for entry in listing["entries"]] == ["docs", "report", "report"]


def test_an_empty_trash_prints_a_note(alice: Filecli) -> None:
    done = alice("trash", "list")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "The trash is empty.\n")


def test_a_path_means_the_item_removed_last(trashed_items: Filecli) -> None:
    assert trashed_items("trash", "restore", "report", "/docs/").stdout == "report\ndocs\n"
    assert trashed_items("download", "report", "-o", "-").stdout == "new"
    assert trashed_items("ls", "-R").stdout == "docs/\ndocs/a\nreport\n"


def test_an_id_means_exactly_one_item(trashed_items: Filecli) -> None:
    oldest = ids(trashed_items)[2]
    done = trashed_items("trash", "restore", "--json", oldest)

    restored = json.loads(done.stdout)
    assert (restored["event"], restored["id"], restored["entry"]["path"]) == ("restored", oldest, "report")
    assert trashed_items("download", "report", "-o", "-").stdout == "old"


def test_restore_follows_on_conflict(trashed_items: Filecli) -> None:
    trashed_items("upload", "-", "--to", "report", given="newest")

    assert trashed_items("trash", "restore", "report").exit_code == 5
    assert trashed_items("trash", "restore", "report", "--on-conflict", "rename").stdout == "report (2)\n"


def test_an_unknown_item_is_not_found(trashed_items: Filecli) -> None:
    done = trashed_items("trash", "restore", "nothing")

    assert done.exit_code == 4
    assert "nothing: This item does not exist." in done.stderr
    assert trashed_items("trash", "restore", "nothing", "report").exit_code == 1


def test_trash_rm_deletes_one_item_permanently(trashed_items: Filecli) -> None:
    done = trashed_items("trash", "rm", "-y", "report")

    assert (done.exit_code, done.stderr) == (0, "“report” was permanently deleted.\n")
    assert len(ids(trashed_items)) == 2
    event = json.loads(trashed_items("trash", "rm", "--force", "--json", "docs").stdout)
    assert (event["event"], event["path"]) == ("removed", "docs")


def test_trash_empty_deletes_everything_permanently(trashed_items: Filecli) -> None:
    done = trashed_items("trash", "empty", "-y")

    assert (done.exit_code, done.stderr) == (0, "The trash is empty.\n")
    assert ids(trashed_items) == []
    assert trashed_items("whoami").stderr.startswith("0 bytes used")


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


def test_the_trash_of_a_team_space_is_named_by_its_folder(app: Flask, alice: Filecli) -> None:
    Operator(app).run("spaces", "create", "Team", "--manager", "alice")
    for name in ("a", "b", "c"):
        assert alice("upload", "-", "--to", f"Team/{name}", given=name).exit_code == 0
        assert alice("rm", f"Team/{name}").exit_code == 0

    assert alice("trash", "-q").stdout == ""
    listed = alice("trash", "list", "--space", "Team", "-q").stdout
    assert [line.split()[-1] for line in listed.splitlines()] == ["Team/c", "Team/b", "Team/a"]
    assert alice("trash", "restore", "Team/a", "--space", "Team").stdout == "Team/a\n"
    assert alice("trash", "rm", "Team/b", "--space", "Team", "--force").exit_code == 0
    assert alice("trash", "empty", "--space", "Team", "--force").exit_code == 0
    assert alice("trash", "list", "--space", "Team", "-q").stdout == ""
    assert alice("trash", "list", "--space", "Nowhere").exit_code == 4
