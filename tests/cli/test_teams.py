"""Groups of users and team spaces: their commands have most in common."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from tests.cli.conftest import Filecli
from tests.cli.scripted import Script, json_answer, problem
from tests.support.auth import AuthActions

IDS = ["1" * 32, "2" * 32]
SPACE = {
    "id": IDS[0], "name": "Team", "role": "manager", "usage": 1_500_000, "quota": 5 * 10**9, "path": "Team (2)",
    "entries": 3,
}  # fmt: skip


@pytest.fixture
def owner(app: Flask, alice: Filecli) -> Filecli:
    """Run filecli as a user who may create groups; there are two more users."""
    app.config["GROUPS"] = "everyone"
    client = app.test_client(use_cookies=False)
    for username in ("bob", "carol"):
        assert AuthActions(client).register(username).status_code == 201
    return alice


def test_a_group_is_made_filled_and_listed(owner: Filecli) -> None:
    assert owner("groups").stderr == "You have no groups.\n"
    assert owner("groups", "create", "Sales team").exit_code == 0
    assert owner("groups", "add", "Sales team", "bob", "carol").exit_code == 0
    assert owner("groups", "add", "Sales team", "carol", "--role", "manager").exit_code == 0

    head, row = owner("groups", "list").stdout.splitlines()
    assert head.split() == ["ID", "ROLE", "MEMBERS", "NAME"]
    assert row.split()[1:] == ["manager", "3", "Sales", "team"]
    shown = owner("groups", "show", "Sales team").stdout.splitlines()
    assert sorted(line.split()[1] for line in shown) == ["alice", "bob", "carol"]
    assert "member   bob" in shown
    assert owner("groups", "show", row.split()[0]).stdout.splitlines() == shown


def test_a_group_is_renamed_left_and_deleted(owner: Filecli) -> None:
    owner("groups", "create", "Old")
    assert owner("groups", "rename", "Old", "New").stderr == "Renamed to “New”.\n"
    owner("groups", "add", "New", "bob", "--role", "manager")
    owner("groups", "add", "New", "carol")
    assert owner("groups", "remove", "New", "carol").stderr == "Removed “carol” from “New”.\n"
    assert "New" in owner("groups", "list").stdout
    assert owner("groups", "delete", "New").exit_code == 2
    assert owner("groups", "delete", "New", "--force").exit_code == 0
    owner("groups", "create", "Other")
    owner("groups", "add", "Other", "bob", "--role", "manager")
    assert owner("groups", "leave", "Other").exit_code == 0
    assert owner("groups").stderr == "You have no groups.\n"


def test_what_a_group_refuses_is_told(owner: Filecli, app: Flask) -> None:
    assert owner("groups", "show", "none").exit_code == 4
    owner("groups", "create", "Team")
    done = owner("groups", "add", "Team", "nobody", "bob")
    assert done.exit_code == 1
    assert "bob" in owner("groups", "show", "Team").stdout
    assert owner("groups", "add", "Team", "nobody").exit_code == 4
    app.config["GROUPS"] = "admins"
    assert owner("groups", "create", "Another").exit_code == 3


def test_groups_are_json(owner: Filecli) -> None:
    created = json.loads(owner("groups", "create", "Team", "--json").stdout)
    assert (created["event"], created["group"]["name"]) == ("created", "Team")
    listed = json.loads(owner("groups", "--json").stdout)
    assert [each["id"] for each in listed["groups"]] == [created["group"]["id"]]
    added = json.loads(owner("groups", "add", "Team", "bob", "--json").stdout)
    assert added == {"event": "added", "id": created["group"]["id"], "username": "bob"}
    assert {"username": "bob", "role": "member"} in json.loads(
        owner("groups", "show", "Team", "--json").stdout
    )["members"]


def test_a_name_of_several_is_refused_with_their_ids(scripted: Filecli, script: Script) -> None:
    same = [{"id": each, "name": "Team", "role": "member", "members": 1} for each in IDS]
    script.will(json_answer({"groups": same, "next": None}))
    done = scripted("groups", "show", "Team")

    assert done.exit_code == 2
    assert all(each in done.stderr for each in IDS)


def test_hostile_names_are_one_segment_of_a_path(scripted: Filecli, script: Script) -> None:
    script.will(json_answer({"groups": [{"id": "a/b", "name": "x"}], "next": None}), json_answer(None, 204))

    assert scripted("groups", "remove", "x", "../tokens/1").exit_code == 0
    assert script.seen[-1].target == "/groups/a%2Fb/members/..%2Ftokens%2F1"


def test_a_space_is_used_by_its_members(owner: Filecli, app: Flask) -> None:
    app.config["SPACES"] = "everyone"
    assert owner("mkdir", "Team").exit_code == 0
    done = owner("spaces", "create", "Team", "--quota", "5M")
    assert (done.exit_code, done.stdout) == (0, "Team (2)\n")
    assert owner("upload", "-", "--to", "Team (2)/f", given="x" * 1500).exit_code == 0

    assert owner("spaces", "add", "Team (2)", "bob", "--role", "editor").exit_code == 0
    row = owner("spaces").stdout.splitlines()[1].split()
    assert row[1:] == ["manager", "1.5", "kB", "5", "MB", "Team", "(2)"]
    assert "editor   bob" in owner("spaces", "show", row[0]).stdout
    assert owner("spaces", "quota", "Team", "none").exit_code == 0
    assert owner("spaces").stdout.splitlines()[1].split()[4] == "-"
    assert owner("spaces", "rename", "Team", "Crew").stderr == "Renamed to “Crew”.\n"
    assert owner("spaces", "remove", "Crew", "bob").exit_code == 0
    assert owner("spaces", "delete", "Crew", "--force").exit_code == 0
    assert owner("spaces").stderr == "You have no team spaces.\n"


class TestSpaces:
    def test_they_are_listed_by_their_folders(self, scripted: Filecli, script: Script) -> None:
        others = [{**SPACE, "id": IDS[1], "quota": None, "path": None, "role": None}]
        script.will(json_answer({"spaces": [SPACE, *others]}))

        head, *rows = scripted("spaces").stdout.splitlines()
        assert head.split() == ["ID", "ROLE", "USED", "QUOTA", "FOLDER"]
        assert [row.split()[1:] for row in rows] == [
            ["manager", "1.5", "MB", "5", "GB", "Team", "(2)"],
            ["-", "1.5", "MB", "-", "Team"],
        ]

    def test_a_space_is_named_by_name_folder_or_id(self, scripted: Filecli, script: Script) -> None:
        for text in ("Team", "Team (2)", IDS[0]):
            script.will(json_answer({"spaces": [SPACE]}), json_answer({"username": "bob", "role": "editor"}))
            assert scripted("spaces", "add", text, "bob", "--role", "editor").exit_code == 0
            assert script.seen[-1].target == f"/spaces/{IDS[0]}/members/bob"
            assert json.loads(script.seen[-1].body) == {"role": "editor"}

    @pytest.mark.parametrize(("text", "size"), [("50G", 50 * 10**9), ("none", None)])
    def test_a_space_is_made_with_its_quota(
        self, scripted: Filecli, script: Script, text: str, size: int | None
    ) -> None:
        script.will(json_answer(SPACE, 201))
        done = scripted("spaces", "create", "Team", "--quota", text)

        assert (done.exit_code, done.stdout) == (0, "Team (2)\n")
        assert json.loads(script.seen[-1].body) == {"name": "Team", "quota": size}

    def test_its_quota_changes(self, scripted: Filecli, script: Script) -> None:
        script.will(json_answer({"spaces": [SPACE]}), json_answer(SPACE))
        assert scripted("spaces", "quota", "Team", "7G").exit_code == 0
        assert json.loads(script.seen[-1].body) == {"quota": 7 * 10**9}
        assert scripted("spaces", "quota", "Team", "much").exit_code == 2

    def test_deleting_needs_a_confirmation(self, scripted: Filecli, script: Script) -> None:
        assert scripted("spaces", "delete", "Team").exit_code == 2
        assert script.seen == []
        script.will(json_answer({"spaces": [SPACE]}), problem("forbidden", 403))
        assert scripted("spaces", "delete", "Team", "--force").exit_code == 3
