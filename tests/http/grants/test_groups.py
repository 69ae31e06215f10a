"""Grants to groups: they follow the members."""

from __future__ import annotations

import pytest
from flask import Flask

from cabinet.extensions import db
from cabinet.services.shares.delivery import settle
from cabinet.web.runtime import runtime
from cabinet.web.services import housekeeping
from tests.http.grants.conftest import Grant, give, mounts_in, received, root_of
from tests.support.operators import Operator
from tests.support.visitors import Program

pytestmark = pytest.mark.database


def test_every_member_gets_a_mount_and_the_owner_none(
    app: Flask, operator: Operator, owner: Program, friend: Program, grant: Grant
) -> None:
    carol = Program(app, "carol")
    made = grant(to="sales", group=True)

    assert (made["to"], made["state"]) == ({"group": "Sales"}, "active")
    assert [root_of(friend), root_of(carol)] == [["shared"], []]
    assert received(friend)[0]["to"] == {"group": "Sales"}
    assert root_of(owner) == ["work", "report.txt"]

    operator.run("groups", "add", "Sales", "carol")
    assert root_of(carol) == ["shared"]
    assert carol.put("/files/shared/by carol", b"x").status_code == 201
    operator.run("groups", "remove", "Sales", "carol")
    assert (root_of(carol), received(carol)) == ([], [])


def test_a_member_who_left_a_mount_keeps_it_away(
    operator: Operator, owner: Program, friend: Program, grant: Grant
) -> None:
    made = grant(to="Sales", group=True)
    assert friend.delete(f"/shares/{made['id']}").status_code == 204
    assert give(owner, "work/shared", "Sales", group=True).status_code == 200
    assert root_of(friend) == []

    operator.run("groups", "remove", "Sales", "bob")
    operator.run("groups", "add", "Sales", "bob")
    assert root_of(friend) == ["shared"]


def test_a_deleted_group_takes_its_grants_along(
    operator: Operator, owner: Program, friend: Program, grant: Grant
) -> None:
    grant(to="Sales", group=True)
    operator.run("groups", "delete", "Sales", "--yes")

    assert (root_of(friend), received(friend)) == ([], [])
    assert owner.get("/shares").get_json()["shares"] == []
    assert friend.put("/files/shared", b"own").status_code == 201


def test_only_members_and_administrators_share_with_a_group(
    app: Flask, operator: Operator, friend: Program
) -> None:
    carol = Program(app, "carol")
    carol.put("/files/f", b"x")
    assert give(carol, "f", "Sales", group=True).status_code == 422
    operator.run("users", "promote", "carol")
    assert give(carol, "f", "Sales", group=True).status_code == 201
    assert root_of(friend) == ["f"]


def test_a_blocked_member_reaches_the_others_only(
    app: Flask, operator: Operator, owner: Program, friend: Program, grant: Grant
) -> None:
    carol = Program(app, "carol")
    operator.run("groups", "add", "Sales", "carol")
    friend.request("POST", "/blocks", json={"username": "alice"})
    grant(to="Sales", group=True)

    assert [root_of(friend), root_of(carol)] == [[], ["shared"]]
    friend.delete("/blocks/alice")
    with app.app_context():
        settle(db.session(), runtime().clock)
    assert root_of(friend) == ["shared"]


def test_large_groups_are_reached_in_several_transactions(
    app: Flask, operator: Operator, friend: Program, grant: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.services.shares.delivery.STEP", 2)
    others = [Program(app, name) for name in ("carol", "dora", "erin", "fred")]
    for name in ("carol", "dora", "erin", "fred"):
        operator.run("groups", "add", "Sales", name)
    made = grant(to="Sales", group=True)
    assert [root_of(user) for user in (friend, *others)] == [["shared"]] * 5

    Program(app, "gina")
    assert made["state"] == "active"
    operator.run("groups", "delete", "Sales", "--yes")
    assert [root_of(user) for user in (friend, *others)] == [[]] * 5


@pytest.mark.parametrize("how", ["purged", "deleted"])
def test_the_end_of_a_folder_with_many_mounts_goes_in_steps(
    app: Flask,
    operator: Operator,
    owner: Program,
    friend: Program,
    grant: Grant,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    monkeypatch.setattr("cabinet.services.tree.removal.ROWS", 2)
    users = [friend, *(Program(app, name) for name in ("carol", "dora", "erin"))]
    for name in ("carol", "dora", "erin"):
        operator.run("groups", "add", "Sales", name)
    grant(to="Sales", group=True)
    if how == "purged":
        assert owner.delete("/files/work?permanent=1").status_code == 204
    else:
        operator.run("users", "delete", "alice", "--yes")
    with app.app_context():
        housekeeping().remove_hidden()

    assert [(root_of(user), received(user)) for user in users] == [([], [])] * 4
    assert mounts_in(app) == 0
