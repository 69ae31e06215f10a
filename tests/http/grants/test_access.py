"""What everybody may do with a grant and a group of others: every route with the id of one, by actor.

Rule: the test walks all routes, so that a new one with such an id must be added here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask

from tests.http.grants.conftest import give, received, root_of
from tests.http.test_objects import routes_of
from tests.support.operators import Operator
from tests.support.visitors import Program

pytestmark = pytest.mark.database

# In the order of the statuses. Alice has granted her folder to `manager`, and to `member` by a group; the others
# have it by grants of their own, wait for it, or have nothing to do with it. Those who end something come last.
ACTORS = (
    "viewer",
    "editor",
    "pending",
    "declined",
    "blocked",
    "stranger",
    "admin",
    "member",
    "manager",
    "owner",
)

_Row = tuple[Any, tuple[int, ...]]

# The grant to the group. Who is neither its recipient nor may share the folder meets an id that is nobody's.
GRANT: dict[tuple[str, str], _Row] = {
    ("PATCH", "/shares/<share_id>"): ({"role": "viewer"}, (404,) * 8 + (200, 200)),
    ("POST", "/shares/<share_id>/accept"): (None, (404,) * 7 + (200, 404, 404)),
    ("POST", "/shares/<share_id>/renew"): (None, (404,) * 10),
    ("DELETE", "/shares/<share_id>"): (None, (404,) * 7 + (204, 204, 404)),
}
# The same by the forms of pages.
FORMS: dict[tuple[str, str], _Row] = {
    ("GET", "/shared/<share_id>"): (None, (404,) * 10),
    ("POST", "/shared/<share_id>/change"): ({"rights": "view"}, (404,) * 10),
    ("POST", "/shared/<share_id>/renew"): ({}, (404,) * 10),
    ("POST", "/shared/<share_id>/revoke"): ({}, (404,) * 10),
    ("POST", "/shared/<share_id>/role"): ({"role": "viewer"}, (404,) * 8 + (303, 303)),
    ("POST", "/shared/<share_id>/accept"): ({}, (404,) * 7 + (303, 404, 404)),
    ("POST", "/shared/<share_id>/leave"): ({}, (404,) * 7 + (303, 404, 404)),
    ("POST", "/shared/<share_id>/end"): ({}, (404,) * 8 + (303, 404)),
}
# The group itself, whose only member is `member`.
GROUP: dict[tuple[str, str], _Row] = {
    ("GET", "/groups/<group_id>"): (None, (404,) * 6 + (200, 200, 404, 404)),
    ("PATCH", "/groups/<group_id>"): ({"name": "Other"}, (404,) * 6 + (200, 403, 404, 404)),
    ("PUT", "/groups/<group_id>/members/<username>"): ({}, (404,) * 6 + (200, 403, 404, 404)),
    ("DELETE", "/groups/<group_id>/members/<username>"): (None, (404,) * 6 + (204, 404, 404, 404)),
    ("DELETE", "/groups/<group_id>"): (None, (404,) * 6 + (204, 404, 404, 404)),
}


@pytest.fixture
def actors(app: Flask, operator: Operator) -> Mapping[str, Program]:
    """Return everybody by name, with what alice, the owner, has granted them."""
    found = {name: Program(app, name) for name in ACTORS}
    owner = found["owner"]
    owner.put("/files/work/shared/f", b"content")
    operator.run("users", "promote", "admin")
    operator.run("groups", "create", "Sales")
    operator.run("groups", "add", "Sales", "member")
    for role in ("viewer", "editor", "manager"):
        grant = give(owner, "work/shared", role, role).get_json()
        found[role].request("POST", f"/shares/{grant['id']}/accept")
    give(owner, "work/shared", "pending", "manager")
    declined = give(owner, "work/shared", "declined", "manager").get_json()
    found["declined"].delete(f"/shares/{declined['id']}")
    found["blocked"].request("POST", "/blocks", json={"username": "owner"})
    assert give(owner, "work/shared", "blocked", "manager").status_code == 422
    return found


def ids(actors: Mapping[str, Program]) -> dict[str, str]:
    """Grant alice's folder to the group, by an administrator who manages it for a moment; return the ids."""
    admin, owner = actors["admin"], actors["owner"]
    (group,) = admin.get("/groups").get_json()["groups"]
    admin.request("PUT", f"/groups/{group['id']}/members/owner", json={})
    grant = give(owner, "work/shared", "Sales", "editor", group=True).get_json()
    owner.delete(f"/groups/{group['id']}/members/owner")
    return {"share_id": grant["id"], "group_id": group["id"], "username": "member"}


def test_every_route_with_an_id_of_others_is_in_the_table(app: Flask) -> None:
    routes = {route for route in routes_of(app) if "<share_id>" in route[1] or "<group_id>" in route[1]}
    assert routes == GRANT.keys() | FORMS.keys() | GROUP.keys()


@pytest.mark.parametrize("table", [GRANT | GROUP, FORMS], ids=["requests", "forms"])
def test_everybody_does_with_a_grant_and_a_group_what_they_may(
    actors: Mapping[str, Program], table: Mapping[tuple[str, str], _Row]
) -> None:
    known = ids(actors)
    found = {}
    for (method, rule), (body, _statuses) in table.items():
        address = rule
        for name, value in known.items():
            address = address.replace(f"<{name}>", value)
        sent = {} if body is None else {"data" if table is FORMS else "json": body}
        found[method, rule] = tuple(
            actors[name].request(method, address, **sent).status_code for name in ACTORS
        )

    assert found == {route: statuses for route, (_body, statuses) in table.items()}


def test_only_who_accepted_reaches_the_files(actors: Mapping[str, Program]) -> None:
    content = {name: actors[name].get("/files/shared/f").status_code for name in ACTORS}
    assert content == {name: 200 if name in {"viewer", "editor", "manager"} else 404 for name in ACTORS}
    assert {name: root_of(actors[name]) for name in ACTORS} == {
        name: ["work"] if name == "owner" else ["shared"] if name in {"viewer", "editor", "manager"} else []
        for name in ACTORS
    }
    assert [share["state"] for share in received(actors["pending"])] == ["pending"]
    for name in ("declined", "blocked", "stranger", "admin"):
        assert received(actors[name]) == []


def test_what_lies_outside_of_a_grant_is_not_there(actors: Mapping[str, Program]) -> None:
    owner, editor = actors["owner"], actors["editor"]
    owner.put("/files/work/secret", b"secret")
    outside = [
        editor.get("/files/shared/../secret"),
        editor.get("/files/shared/%2e%2e/secret"),
        editor.get("/files/shared/..%2fsecret"),
        editor.get("/files/shared/%252e%252e/secret"),
        editor.get("/files/shared/secret"),
        editor.request("POST", "/moves", json={"from": ["shared/f"], "to": "shared/../x"}),
    ]
    assert all(each.status_code in {404, 422} for each in outside)
    assert editor.get("/search?q=secret").get_json()["entries"] == []
    # Moved out after sharing, and its version and its id in the trash with it.
    owner.request("POST", "/moves", json={"from": ["work/shared/f"], "to": "work/f"})
    owner.put("/files/work/f", b"second")
    assert editor.get("/files/shared/f?version=1").status_code == 404
    (trashed,) = owner.request("POST", "/trash", json={"paths": ["work/f"]}).get_json()["entries"]
    assert editor.request("POST", f"/trash/{trashed['id']}/restore").status_code == 404
    owner.put("/files/work/shared/deep/g", b"x")
    (batch,) = [owner.request("POST", "/moves", json={"from": ["work/shared/deep"], "to": "work/deep"})]
    assert (
        editor.request(
            "POST", "/moves/undo", json={"batch": batch.get_json().get("batch", "0" * 32)}
        ).status_code
        == 404
    )


def test_a_cursor_and_an_upload_of_a_shared_folder_are_good_nowhere_else(
    actors: Mapping[str, Program],
) -> None:
    owner, editor, viewer = actors["owner"], actors["editor"], actors["viewer"]
    for number in range(3):
        owner.put(f"/files/work/shared/{number}", b"x")
    cursor = editor.get("/files?path=shared&limit=1").get_json()["next"]
    assert viewer.get(f"/files?path=shared&limit=1&after={cursor}").status_code in {200, 422}
    assert editor.get(f"/files?limit=1&after={cursor}").status_code == 422
    assert owner.get(f"/files?path=work&limit=1&after={cursor}").status_code == 422
    made = editor.request(
        "POST", "/uploads", {"Tus-Resumable": "1.0.0", "Upload-Length": "1",
                             "Upload-Metadata": "filename bmV3,folder c2hhcmVk"},
    )  # fmt: skip
    address = made.headers["Location"].removeprefix("http://localhost")
    for other in (owner, viewer, actors["manager"], actors["stranger"]):
        assert other.request("HEAD", address, {"Tus-Resumable": "1.0.0"}).status_code == 404


def test_a_tag_of_a_shared_folder_does_not_follow_what_lies_outside(actors: Mapping[str, Program]) -> None:
    owner, viewer = actors["owner"], actors["viewer"]
    tags = [viewer.get("/files?path=shared").headers["ETag"]]
    for path in ("work/secret", "other/f"):
        owner.put(f"/files/{path}", b"secret")
        tags.append(viewer.get("/files?path=shared").headers["ETag"])
    assert len(set(tags)) == 1

    owner.put("/files/work/shared/f", b"changed")

    assert viewer.get("/files?path=shared").headers["ETag"] not in tags


def test_nothing_is_restored_into_a_folder_that_was_moved_out(actors: Mapping[str, Program]) -> None:
    owner, editor = actors["owner"], actors["editor"]
    owner.put("/files/work/shared/deep/g", b"x")
    (trashed,) = editor.request("POST", "/trash", json={"paths": ["shared/deep/g"]}).get_json()["entries"]
    owner.request("POST", "/moves", json={"from": ["work/shared/deep"], "to": "work/deep"})

    assert editor.request("POST", f"/trash/{trashed['id']}/restore").status_code == 404
    assert owner.get("/files/work/deep/g").status_code == 404
    assert owner.request("POST", f"/trash/{trashed['id']}/restore").status_code == 200
    assert owner.get("/files/work/deep/g").status_code == 200
