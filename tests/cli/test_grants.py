"""Sharing with users and groups: share --to, shares --received, accept, unshare."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import Filecli
from tests.cli.scripted import Script, json_answer, problem

ID, OTHER = "1" * 32, "2" * 32


def grant_of(path: str, **members: Any) -> dict[str, Any]:
    """Return the JSON of a grant."""
    return {
        "id": ID, "kind": "grant", "to": {"user": "bob"}, "role": "editor", "paths": [path], "state": "active",
        "created_at": "2026-01-02T03:04:05Z", **members,
    }  # fmt: skip


def received_of(name: str, **members: Any) -> dict[str, Any]:
    """Return the JSON of what was received."""
    return {
        "id": ID, "name": name, "owner": "alice", "to": {"user": "bob"}, "role": "viewer", "kind": "folder",
        "state": "pending", "path": None, **members,
    }  # fmt: skip


def received_page(*items: dict[str, Any]) -> Any:
    return json_answer({"shares": list(items), "next": None})


@pytest.mark.parametrize(("to", "recipient"), [("bob", {"user": "bob"}), ("group:Sales", {"group": "Sales"})])
def test_share_names_its_recipient_and_role(
    scripted: Filecli, script: Script, to: str, recipient: dict[str, str]
) -> None:
    script.will(json_answer(grant_of("docs"), 201), json_answer(grant_of("a", state="pending"), 201))
    done = scripted("share", "docs", "a", "--to", to, "--role", "editor")

    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        f"Shared “docs” with {to} as editor.",
        f"Shared “a” with {to} as editor. It waits until it is accepted.",
    ]
    wanted = {"kind": "grant", "to": recipient, "role": "editor"}
    assert [json.loads(seen.body) for seen in script.seen] == [
        {"paths": ["docs"], **wanted},
        {"paths": ["a"], **wanted},
    ]


@pytest.mark.parametrize(
    "args",
    [
        ["--to", "bob", "--write"],
        ["--to", "bob", "--qr"],
        ["--to", "bob", "--expires", "7d"],
        ["--to", "bob", "--password-stdin"],
        ["--role", "editor"],
        ["--to", "bob", "--role", "owner"],
    ],
)
def test_options_of_links_and_of_people_are_not_mixed(
    scripted: Filecli, script: Script, args: list[str]
) -> None:
    assert scripted("share", "docs", *args).exit_code == 2
    assert script.seen == []


def test_one_refused_path_does_not_stop_the_others(scripted: Filecli, script: Script) -> None:
    script.will(problem("not-found", 404), json_answer(grant_of("docs"), 201))

    assert scripted("share", "none", "docs", "--to", "bob").exit_code == 1
    assert len(script.seen) == 2


def test_shares_says_whom_a_grant_is_for(scripted: Filecli, script: Script) -> None:
    script.will(received_page(grant_of("docs"), grant_of("a", to={"group": "Sales"}, role="viewer")))

    _head, first, second = scripted("shares").stdout.splitlines()
    assert first.split() == [ID, "active", "-", "-", "-", "-", "docs", "(for", "bob,", "editor)"]
    assert second.endswith("a (for Sales, viewer)")


def test_unshare_ends_a_grant_by_its_path(scripted: Filecli, script: Script) -> None:
    script.will(received_page(grant_of("docs")), json_answer(None, 204))
    done = scripted("unshare", "docs")

    assert (done.exit_code, done.stderr) == (0, "“docs” is not shared with bob any more.\n")
    assert (script.seen[-1].method, script.seen[-1].target) == ("DELETE", f"/shares/{ID}")


def test_what_was_received_is_listed(scripted: Filecli, script: Script) -> None:
    script.will(
        received_page(
            received_of("docs"), received_of("docs", id=OTHER, state="active", path="docs (2)", owner=None)
        )
    )
    head, first, second = scripted("shares", "--received").stdout.splitlines()

    assert head.split() == ["ID", "STATE", "ROLE", "OWNER", "PATH"]
    assert first.split() == [ID, "pending", "viewer", "alice", "docs"]
    assert second.split() == [OTHER, "active", "viewer", "-", "docs", "(2)"]
    assert script.seen[0].target.startswith("/shares/received?")
    assert scripted("shares", "--received", "docs").exit_code == 2


def test_accept_takes_ids_and_names_of_what_waits(scripted: Filecli, script: Script) -> None:
    for text in (ID, "docs"):
        script.will(
            received_page(received_of("docs"), received_of("docs", id=OTHER, state="active", path="docs")),
            json_answer(received_of("docs", state="active", path="docs (2)")),
        )
        done = scripted("accept", text)
        assert (done.exit_code, done.stdout) == (0, "docs (2)\n")
        assert script.seen[-1].target == f"/shares/{ID}/accept"


def test_accept_refuses_what_is_unclear_or_not_there(scripted: Filecli, script: Script) -> None:
    script.will(received_page(received_of("docs"), received_of("docs", id=OTHER)))
    done = scripted("accept", "docs")
    assert done.exit_code == 2
    assert OTHER in done.stderr
    script.will(received_page(received_of("docs", state="active", path="docs")))
    assert scripted("accept", "docs").exit_code == 4


def test_unshare_with_the_id_of_what_was_received_leaves_it(scripted: Filecli, script: Script) -> None:
    script.will(received_page(), json_answer(None, 204))

    assert scripted("unshare", ID).exit_code == 0
    assert (script.seen[-1].method, script.seen[-1].target) == ("DELETE", f"/shares/{ID}")
