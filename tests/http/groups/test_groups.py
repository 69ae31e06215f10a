"""Groups: who sees and changes them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.operators import Operator
from tests.support.visitors import Program, is_problem


@pytest.fixture
def admin(app: Flask, alice: Program) -> Program:
    """Return alice, an administrator."""
    Operator(app).run("users", "promote", "alice")
    return alice


def created(user: Program, name: str) -> str:
    """Create a group; return its address."""
    made = user.request("POST", "/groups", json={"name": name})
    assert made.status_code == 201, made.text
    return f"/groups/{made.get_json()['id']}"


def names_of(user: Program) -> list[str]:
    return [group["name"] for group in user.get("/groups").get_json()["groups"]]


def members_of(user: Program, group: str) -> dict[str, str]:
    return {each["username"]: each["role"] for each in user.get(group).get_json()["members"]}


def add(user: Program, group: str, name: str, **body: Any) -> int:
    return user.request("PUT", f"{group}/members/{name}", json=body).status_code


def test_a_group_is_created_shown_renamed_and_deleted(admin: Program, bob: Program) -> None:
    group = created(admin, "  Отдел \t продаж ")
    assert add(admin, group, "BOB") == 201
    assert add(admin, group, "bob") == 200

    shown = admin.get(group).get_json()
    expected = {"id": group.rpartition("/")[2], "name": "Отдел продаж", "role": "manager"}
    assert shown == expected | {
        "members": [{"username": "alice", "role": "manager"}, {"username": "bob", "role": "member"}]
    }
    assert bob.get("/groups").get_json() == {
        "groups": [expected | {"role": "member", "members": 2}],
        "next": None,
    }

    assert admin.request("PATCH", group, json={"name": "Sales"}).get_json() == expected | {
        "name": "Sales",
        "members": 2,
    }
    assert admin.delete(group).status_code == 204
    assert admin.get(group).status_code == 404
    assert names_of(bob) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"name": 5}, 400), ({"name": " \t"}, 422), ({"name": "x" * 65}, 422), ({"name": "a\x1bb"}, 422),
     ({"name": "a\u202eb"}, 422), ({"name": "SALES"}, 409), ({"name": "ｓａｌｅｓ"}, 409)],
    ids=str,
)  # fmt: skip
def test_bad_names_are_refused(admin: Program, body: dict[str, Any], status: int) -> None:
    created(admin, "Sales")
    other = created(admin, "Other")

    assert admin.request("POST", "/groups", json=body).status_code == status
    assert admin.request("PATCH", other, json=body).status_code == status
    assert names_of(admin) == ["Other", "Sales"]


def test_others_do_not_see_a_group(admin: Program, bob: Program) -> None:
    group = created(admin, "Sales")
    answers = [
        bob.get(group),
        bob.request("PATCH", group, json={"name": "x"}),
        bob.delete(group),
        bob.request("PUT", f"{group}/members/bob", json={}),
        bob.delete(f"{group}/members/alice"),
    ]

    assert [each.status_code for each in answers] == [404] * 5
    assert {each.get_json()["detail"] for each in answers} == {"This item does not exist."}
    assert names_of(bob) == []


def test_a_manager_changes_members_and_a_member_only_leaves(app: Flask, admin: Program, bob: Program) -> None:
    carol, _dora = Program(app, "carol"), Program(app, "dora")
    group = created(admin, "Sales")
    assert add(admin, group, "bob", role="manager") == 201
    assert add(bob, group, "carol", role="member") == 201

    assert [add(carol, group, "dora"), add(carol, group, "carol", role="manager")] == [403, 403]
    assert carol.delete(f"{group}/members/bob").status_code == 403
    assert is_problem(bob.request("PATCH", group, json={"name": "x"}), 403, "groups-forbidden")
    assert is_problem(bob.delete(group), 403, "groups-forbidden")
    assert bob.delete(f"{group}/members/dora").status_code == 404
    assert bob.delete(f"{group}/members/alice").status_code == 204
    assert carol.delete(f"{group}/members/CAROL").status_code == 204
    assert carol.get(group).status_code == 404
    # The last manager may go; then the administrators have the group.
    assert bob.delete(f"{group}/members/bob").status_code == 204
    assert admin.get("/groups").get_json()["groups"][0]["role"] is None
    assert add(admin, group, "bob") == 201


@pytest.mark.parametrize("role", ["owner", "", None, 5])
def test_an_unknown_role_is_refused(admin: Program, bob: Program, role: Any) -> None:
    group = created(admin, "Sales")
    assert add(admin, group, "bob", role=role) in {400, 422}
    assert members_of(admin, group) == {"alice": "manager"}


def test_the_setting_decides_who_creates_groups(make_app: MakeApp) -> None:
    closed = Program(make_app(), "carol")
    assert is_problem(closed.request("POST", "/groups", json={"name": "x"}), 403, "groups-forbidden")

    open_app = make_app(GROUPS="everyone")
    dora, erin = Program(open_app, "dora"), Program(open_app, "erin")
    group = created(dora, "x")
    assert add(dora, group, "erin", role="manager") == 201
    assert erin.request("PATCH", group, json={"name": "y"}).status_code == 200
    assert erin.delete(group).status_code == 204


@pytest.mark.database
def test_names_of_users_cannot_be_guessed_without_end(app: Flask, admin: Program, bob: Program) -> None:
    group = created(admin, "Sales")
    assert add(admin, group, "bob", role="manager") == 201

    statuses = [add(bob, group, f"nobody{number}") for number in range(25)]

    assert statuses[:20] == [404] * 20
    assert statuses[-1] == 429
    assert add(bob, group, "alice") == 429
    assert add(admin, group, "bob", role="member") == 200


def test_a_deleted_account_is_in_no_group(app: Flask, admin: Program, bob: Program) -> None:
    group = created(admin, "Sales")
    add(admin, group, "bob")
    Operator(app).run("users", "delete", "bob", "--yes")

    assert members_of(admin, group) == {"alice": "manager"}
    Program(app, "bob")
    assert members_of(admin, group) == {"alice": "manager"}


def test_limits_of_members_and_of_groups(
    admin: Program, bob: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.services.groups.groups.MAX_MEMBERS", 1)
    monkeypatch.setattr("cabinet.services.groups.groups.MAX_GROUPS", 2)
    group = created(admin, "a")
    created(admin, "b")

    assert is_problem(admin.request("PUT", f"{group}/members/bob", json={}), 409, "too-many-members")
    assert is_problem(admin.request("POST", "/groups", json={"name": "c"}), 409, "too-many-groups")
    assert names_of(admin) == ["a", "b"]


@pytest.mark.database
def test_a_list_of_groups_has_pages(admin: Program, bob: Program) -> None:
    for name in "badc":
        created(admin, name)
    first = admin.get("/groups?limit=3").get_json()
    rest = admin.get(f"/groups?limit=3&after={first['next']}").get_json()

    assert [[group["name"] for group in page["groups"]] for page in (first, rest)] == [["a", "b", "c"], ["d"]]
    assert rest["next"] is None
    assert admin.get("/groups?after=x").status_code == 422
    assert admin.get("/groups?limit=0").status_code == 422


def test_who_blocks_a_manager_is_added_like_an_unknown_user(admin: Program, bob: Program) -> None:
    group = created(admin, "Sales")
    bob.request("POST", "/blocks", json={"username": "alice"})
    statuses = [add(admin, group, "bob") for _ in range(24)]
    # Counted alike, too, because otherwise the count would tell them apart.
    assert (statuses[:20], statuses[-1]) == ([404] * 20, 429)
    assert members_of(admin, group) == {"alice": "manager"}


def test_a_member_who_blocks_a_manager_still_gets_another_role(admin: Program, bob: Program) -> None:
    group = created(admin, "Sales")
    add(admin, group, "bob")
    bob.request("POST", "/blocks", json={"username": "alice"})
    assert add(admin, group, "bob", role="manager") == 200
    assert members_of(admin, group)["bob"] == "manager"
