"""Grants: what they give, and when they end."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.http.grants.conftest import Grant, give, received, root_of
from tests.support.auth import bearer
from tests.support.operators import Operator
from tests.support.visitors import Program, is_problem

MEMBERS = {"id", "kind", "to", "by", "role", "paths", "items", "state", "created_at"}


def test_a_grant_to_somebody_in_a_common_group_is_mounted_at_once(
    owner: Program, friend: Program, grant: Grant
) -> None:
    made = grant()

    assert set(made) == MEMBERS
    assert (made["kind"], made["to"], made["by"], made["role"]) == (
        "grant",
        {"user": "bob"},
        "alice",
        "editor",
    )
    assert made["items"] == [{"path": "work/shared", "trashed": False}]
    assert made["state"] == "active"
    (entry,) = friend.get("/files").get_json()["entries"]
    assert (entry["name"], entry["kind"], entry["mount"]) == (
        "shared",
        "folder",
        {"owner": "alice", "role": "editor"},
    )
    (seen,) = received(friend)
    assert seen == {
        "id": made["id"], "name": "shared", "owner": "alice", "by": "alice", "to": {"user": "bob"}, "role": "editor",
        "kind": "folder", "state": "active", "path": "shared", "created_at": seen["created_at"],
    }  # fmt: skip
    assert owner.get("/shares").get_json() == {"shares": [made], "next": None}
    assert owner.get("/shares?path=work/shared").get_json()["shares"] == [made]
    assert owner.get("/shares?path=work").get_json()["shares"] == []


def test_a_grant_of_a_stranger_waits_until_it_is_accepted(owner: Program, bob: Program, grant: Grant) -> None:
    made = grant()
    assert made["state"] == "pending"
    assert root_of(bob) == []
    (waiting,) = received(bob)
    assert (waiting["state"], waiting["path"]) == ("pending", None)

    accepted = bob.request("POST", f"/shares/{made['id']}/accept")
    assert accepted.status_code == 200
    assert accepted.get_json() == waiting | {"state": "active", "path": "shared"}
    assert bob.request("POST", f"/shares/{made['id']}/accept").get_json() == accepted.get_json()
    assert bob.get("/files/shared/f").data == b"content"
    assert owner.get("/shares").get_json()["shares"][0]["state"] == "active"


def test_a_grant_of_an_administrator_is_mounted_at_once(
    operator: Operator, owner: Program, bob: Program, grant: Grant
) -> None:
    operator.run("users", "promote", "alice")
    assert grant()["state"] == "active"
    assert root_of(bob) == ["shared"]


@pytest.mark.parametrize(
    ("role", "statuses"),
    [("viewer", (200, 403, 403, 403)), ("editor", (200, 201, 204, 403)), ("manager", (200, 201, 204, 201))],
)
def test_each_role_gives_its_rights(
    app: Flask, friend: Program, grant: Grant, role: str, statuses: tuple[int, ...]
) -> None:
    Program(app, "carol")
    grant(role=role)
    answers = (
        friend.get("/files/shared/f"),
        friend.put("/files/shared/new", b"x"),
        friend.delete("/files/shared/f"),
        give(friend, "shared/d", "carol", "viewer"),
    )
    assert tuple(each.status_code for each in answers) == statuses


def test_a_changed_role_and_the_end_bind_at_once(owner: Program, friend: Program, grant: Grant) -> None:
    address = f"/shares/{grant()['id']}"
    assert friend.put("/files/shared/new", b"x").status_code == 201

    changed = owner.request("PATCH", address, json={"role": "viewer"})
    assert (changed.status_code, changed.get_json()["role"]) == (200, "viewer")
    assert friend.put("/files/shared/new", b"y").status_code == 403
    assert owner.request("PATCH", address, json={"role": "owner"}).status_code == 422
    assert owner.delete(address).status_code == 204
    assert friend.get("/files/shared/f").status_code == 404
    assert (root_of(friend), received(friend)) == ([], [])
    assert owner.delete(address).status_code == 404
    # Its name is free again.
    assert friend.put("/files/shared", b"own").status_code == 201


def test_granting_again_changes_the_role(owner: Program, friend: Program, grant: Grant) -> None:
    made = grant(role="viewer")
    again = give(owner, "work/shared", "BOB", "manager")

    assert again.status_code == 200
    assert again.get_json() == made | {"role": "manager"}
    assert root_of(friend) == ["shared"]


BAD_INPUT: list[tuple[dict[str, Any], int]] = [
    ({"to": {"user": "nobody"}}, 422),
    ({"to": {"user": "../x"}}, 422),
    ({"to": {"user": ""}}, 422),
    ({"to": {"user": "alice"}}, 422),
    ({"to": {"group": "None"}}, 422),
    ({"to": {"user": "bob", "group": "Sales"}}, 422),
    ({"to": {}}, 422),
    ({"to": None}, 422),
    ({"to": "bob"}, 400),
    ({"role": "owner"}, 422),
    ({"role": None}, 422),
    ({"paths": ["work", "report.txt"]}, 422),
    ({"paths": []}, 400),
    ({"paths": [""]}, 409),
    ({"paths": ["none"]}, 404),
    ({"paths": ["work/../report.txt"]}, 422),
]


def test_bad_input_is_refused_and_gives_nothing(owner: Program, friend: Program) -> None:
    body = {"kind": "grant", "paths": ["work/shared"], "to": {"user": "bob"}, "role": "viewer"}
    for changes, status in BAD_INPUT:
        assert owner.request("POST", "/shares", json=body | changes).status_code == status, changes
        assert owner.get("/shares").get_json()["shares"] == [], changes
    assert (received(friend), root_of(friend)) == ([], [])


def test_a_grant_follows_its_target(owner: Program, friend: Program, grant: Grant) -> None:
    grant()
    owner.request("POST", "/moves", json={"from": ["work/shared"], "to": "moved/elsewhere"})
    assert friend.get("/files/shared/f").data == b"content"
    assert owner.get("/shares").get_json()["shares"][0]["paths"] == ["moved/elsewhere"]

    owner.delete("/files/moved")
    assert (root_of(friend), received(friend)) == ([], [])
    assert friend.get("/files/shared/f").status_code == 404
    assert owner.get("/shares").get_json()["shares"][0]["state"] == "suspended"
    (trashed,) = owner.get("/trash").get_json()["entries"]
    owner.request("POST", f"/trash/{trashed['id']}/restore")
    assert friend.get("/files/shared/f").data == b"content"

    owner.delete("/files/moved")
    owner.delete("/trash")
    assert (root_of(friend), received(friend)) == ([], [])
    assert friend.put("/files/shared", b"own").status_code == 201


@pytest.mark.parametrize("how", ["disable", "delete"])
def test_a_grant_ends_with_its_owner(operator: Operator, friend: Program, grant: Grant, how: str) -> None:
    grant()
    operator.run("users", how, "alice", *(["--yes"] if how == "delete" else []))

    assert (root_of(friend), received(friend)) == ([], [])
    assert friend.get("/files/shared/f").status_code == 404
    assert friend.put("/files/shared/new", b"x").status_code == (409 if how == "disable" else 201)
    if how == "disable":
        operator.run("users", "enable", "alice")
        assert friend.get("/files/shared/f").data == b"content"


def test_the_recipient_renames_leaves_and_takes_a_mount_again(
    owner: Program, friend: Program, grant: Grant
) -> None:
    address = f"/shares/{grant()['id']}"
    friend.request("POST", "/moves", json={"from": ["shared"], "to": "Alice's"})
    assert received(friend)[0]["path"] == "Alice's"

    assert friend.delete("/files/Alice's").status_code == 204
    assert (root_of(friend), received(friend)) == ([], [])
    assert owner.get("/shares").get_json()["shares"][0]["state"] == "declined"
    assert friend.request("POST", f"{address}/accept").get_json()["path"] == "shared"
    assert friend.delete(address).status_code == 204
    assert root_of(friend) == []
    assert owner.get("/files/work/shared/f").data == b"content"
    assert give(owner, "work/shared", "bob").get_json()["state"] == "active"
    assert root_of(friend) == ["shared"]


def test_a_mount_gets_a_number_where_its_name_is_in_use(friend: Program, grant: Grant) -> None:
    friend.put("/files/shared", b"own")
    friend.put("/files/report.txt", b"own")
    grant()
    grant("report.txt")
    assert root_of(friend) == ["shared (2)", "report (2).txt", "report.txt", "shared"]


def test_two_grants_of_one_folder_share_a_mount_with_the_better_role(
    owner: Program, friend: Program, grant: Grant
) -> None:
    to_group, to_user = grant(to="Sales", role="viewer", group=True), grant(role="editor")

    def role() -> list[str]:
        return [entry["mount"]["role"] for entry in friend.get("/files").get_json()["entries"]]

    assert role() == ["editor"]
    assert owner.delete(f"/shares/{to_user['id']}").status_code == 204
    assert role() == ["viewer"]
    assert owner.delete(f"/shares/{to_group['id']}").status_code == 204
    assert role() == []


def test_others_know_nothing_of_a_grant(app: Flask, friend: Program, grant: Grant) -> None:
    carol, address = Program(app, "carol"), f"/shares/{grant()['id']}"
    answers = [
        carol.request("PATCH", address, json={"role": "viewer"}),
        *(
            carol.request("PATCH", each, json=body)
            for each in (address, f"/shares/{'0' * 32}")
            for body in ({}, {"role": "nonsense"}, {"rights": ["nonsense"]})
        ),
        carol.delete(address),
        carol.request("POST", f"{address}/accept"),
        carol.request("POST", f"{address}/renew"),
        friend.request("PATCH", address, json={"role": "manager"}),
    ]
    assert [each.status_code for each in answers] == [404] * 11
    assert carol.get("/shares").get_json()["shares"] == received(carol) == []
    assert friend.get("/shares").get_json()["shares"] == []
    assert friend.get("/shares?path=shared").status_code == 403


@pytest.mark.database
def test_a_manager_behind_a_mount_gives_changes_and_ends_grants(
    app: Flask, owner: Program, friend: Program, grant: Grant
) -> None:
    carol = Program(app, "carol")
    own = grant(role="manager")
    made = give(friend, "shared/d", "carol", "viewer").get_json()
    assert (made["paths"], made["by"], made["state"]) == (["shared/d"], "bob", "pending")
    assert received(carol)[0]["owner"] == "alice"
    assert friend.get("/shares?path=shared/d").get_json()["shares"] == [made]
    assert [each["id"] for each in owner.get("/shares").get_json()["shares"]] == [made["id"], own["id"]]
    assert give(friend, "shared/d", "alice").status_code == 422
    assert friend.request("PATCH", f"/shares/{made['id']}", json={"role": "editor"}).status_code == 200

    owner.request("PATCH", f"/shares/{own['id']}", json={"role": "editor"})
    assert friend.delete(f"/shares/{made['id']}").status_code == 404
    # It belongs to the folder, whoever gave it.
    assert carol.request("POST", f"/shares/{made['id']}/accept").status_code == 200
    assert owner.delete(f"/shares/{made['id']}").status_code == 204
    assert root_of(carol) == []


def test_a_token_gives_no_more_than_it_has(owner: Program, friend: Program) -> None:
    def status(role: str, **wanted: Any) -> int:
        made = owner.request("POST", "/tokens", json={"name": "x", **wanted}).get_json()
        body = {"kind": "grant", "paths": ["work/shared"], "to": {"user": "bob"}, "role": role}
        return owner.request("POST", "/shares", bearer(made["token"]), json=body).status_code

    assert status("viewer", scopes=["read", "write"]) == 403
    assert status("editor", scopes=["read", "share"]) == 403
    assert status("viewer", scopes=["read", "share"]) == 201
    assert status("manager") == 200


def test_strangers_may_share_only_so_much(
    app: Flask, owner: Program, bob: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.services.shares.grants.SENT_PER_DAY", 2)
    monkeypatch.setattr("cabinet.services.shares.grants.MAX_WAITING", 3)
    for number in range(5):
        owner.put(f"/files/{number}", b"x")
    assert [give(owner, str(number), "bob").status_code for number in range(3)] == [201, 201, 429]
    assert [share["name"] for share in received(bob)] == ["1", "0"]
    others = [Program(app, name) for name in ("carol", "dora")]
    for other in others:
        other.put("/files/f", b"x")
    assert [give(other, "f", "bob").status_code for other in others] == [201, 422]
    assert len(received(bob)) == 3


def test_a_blocked_sender_is_refused_like_an_unknown_name(
    owner: Program, friend: Program, grant: Grant
) -> None:
    grant()
    assert friend.request("POST", "/blocks", json={"username": "ALICE"}).get_json()["username"] == "alice"
    assert [each["username"] for each in friend.get("/blocks").get_json()["blocks"]] == ["alice"]

    def told(name: str) -> dict[str, Any]:
        document: dict[str, Any] = give(owner, "report.txt", name).get_json()
        return {key: document[key] for key in ("type", "title", "status", "detail")}

    assert told("bob") == told("nobody")
    # What was accepted stays until it is left.
    assert root_of(friend) == ["shared"]
    assert owner.get("/blocks").get_json() == {"blocks": []}
    assert friend.delete("/blocks/Alice").status_code == 204
    assert friend.delete("/blocks/alice").status_code == 404
    assert give(owner, "report.txt", "bob").status_code == 201


def test_blocking_declines_what_waits(owner: Program, bob: Program, grant: Grant) -> None:
    grant()
    bob.request("POST", "/blocks", json={"username": "alice"})
    assert received(bob) == []
    assert owner.get("/shares").get_json()["shares"][0]["state"] == "declined"
    assert bob.request("POST", "/blocks", json={"username": "bob"}).status_code == 422
    assert bob.request("POST", "/blocks", json={"username": "nobody"}).status_code == 422


def test_names_cannot_be_guessed_without_end(owner: Program, friend: Program) -> None:
    statuses = [give(owner, "report.txt", f"nobody{number}").status_code for number in range(24)]
    assert statuses[:20] == [422] * 20
    assert statuses[-1] == 429
    assert is_problem(give(owner, "report.txt", "bob"), 429, "too-many-attempts")


@pytest.mark.database
def test_a_page_of_what_was_received_goes_on(friend: Program, grant: Grant) -> None:
    for path in ("work/shared", "report.txt", "work"):
        grant(path)
    first = friend.get("/shares/received?limit=2").get_json()
    rest = friend.get(f"/shares/received?limit=2&after={first['next']}").get_json()

    names = [[share["name"] for share in page["shares"]] for page in (first, rest)]
    assert sorted(names[0] + names[1]) == ["report.txt", "shared", "work"]
    assert (len(names[0]), rest["next"]) == (2, None)
    assert friend.get("/shares/received?after=x").status_code == 422
