"""The API of team spaces, and what is in one, for its members."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.http.mounts.conftest import TUS, described, paths_in, usage
from tests.http.spaces.conftest import Join
from tests.support.auth import bearer
from tests.support.operators import Operator
from tests.support.visitors import Program, is_problem

MEMBERS = {"id", "name", "role", "usage", "entries", "quota", "path"}


def test_a_space_is_made_listed_changed_and_ended(alice: Program) -> None:
    made = alice.request("POST", "/spaces", json={"name": "Team", "quota": 1000})
    space = made.get_json()
    assert made.status_code == 201
    assert set(space) == MEMBERS | {"quota_from", "members"}
    assert (space["role"], space["path"], space["quota"]) == ("manager", "Team", 1000)
    assert space["members"] == [{"username": "alice", "role": "manager"}]
    listed = {name: space[name] for name in MEMBERS}
    assert alice.get("/spaces").get_json() == {"spaces": [listed]}

    address = f"/spaces/{space['id']}"
    changed = alice.request("PATCH", address, json={"name": "Crew", "quota": None})
    assert changed.get_json() == space | {"name": "Crew", "quota": None}
    assert alice.get(address).get_json() == changed.get_json()
    assert alice.delete(address).status_code == 204
    assert alice.get("/spaces").get_json() == {"spaces": []}
    assert is_problem(alice.get(address), 404, "not-found")


def test_a_space_is_a_folder_in_the_root_of_each_member(alice: Program, join: Join) -> None:
    bob = join("bob", "editor")
    (folder,) = bob.get("/files").get_json()["entries"]
    (space,) = bob.get("/spaces").get_json()["spaces"]

    assert (folder["name"], folder["kind"], folder["tree_size"]) == ("Team", "folder", 8)
    assert folder["mount"] == {"owner": None, "role": "editor", "space": space["id"]}
    assert bob.get("/files/Team/docs/plan.txt").data == b"the plan"
    assert bob.put("/files/Team/docs/plan.txt", b"a new plan").status_code == 200
    assert alice.get("/files/Team/docs/plan.txt").data == b"a new plan"
    # Bytes count in the space, with old versions, and in no member's own.
    assert (usage(alice), usage(bob)) == (0, 0)
    assert alice.get("/spaces").get_json()["spaces"][0]["usage"] == 18


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": 5}, 400),
        ({"name": "Team", "quota": "much"}, 400),
        ({"name": "Team", "quota": 2**63}, 400),
        ({"name": "Team", "quota": -1}, 422),
        ({"name": ""}, 422),
        ({"name": "a/b"}, 422),
        ({"name": "x" * 300}, 422),
        ([], 400),
    ],
    ids=str,
)
def test_bad_input_is_refused_and_makes_nothing(alice: Program, body: Any, status: int) -> None:
    assert alice.request("POST", "/spaces", json=body).status_code == status
    assert alice.get("/spaces").get_json() == {"spaces": []}


def test_the_quota_comes_out_of_the_users_own(app: Flask, alice: Program) -> None:
    Operator(app).run("users", "set-quota", "alice", "100")

    for body in ({"name": "Team"}, {"name": "Team", "quota": 101}):
        refused = alice.request("POST", "/spaces", json=body)
        assert is_problem(refused, 422, "invalid-field")
        assert "quota" in refused.get_json()["detail"]
    made = alice.request("POST", "/spaces", json={"name": "Team", "quota": 60}).get_json()

    assert (made["quota_from"], alice.get("/me").get_json()["quota"]) == ("alice", 40)
    assert is_problem(alice.put("/files/Team/f", b"x" * 61), 507, "quota-exceeded")
    assert alice.put("/files/Team/f", b"x" * 60).status_code == 201
    assert is_problem(alice.put("/files/own", b"x" * 41), 507, "quota-exceeded")
    alice.delete(f"/spaces/{made['id']}")
    assert alice.get("/me").get_json()["quota"] == 100


@pytest.mark.database
def test_administrators_see_every_space_and_nothing_in_it(
    app: Flask, alice: Program, team: str, bob: Program
) -> None:
    assert is_problem(bob.get("/spaces?all=1"), 403, "forbidden")
    Operator(app).run("users", "promote", "bob")

    (space,) = bob.get("/spaces?all=1").get_json()["spaces"]
    assert (space["name"], space["role"], space["path"]) == ("Team", None, None)
    assert bob.get("/spaces").get_json() == {"spaces": []}
    assert bob.get("/files/Team").status_code == 404
    assert bob.get("/trash?path=Team").status_code == 404
    assert bob.request("PUT", f"{team}/members/bob", json={"role": "viewer"}).status_code == 200
    assert paths_in(bob.get("/files?path=Team&recursive=1")) == ["Team/docs", "Team/docs/plan.txt"]
    # A token without the scope `admin` is that of any user.
    token = bob.request("POST", "/tokens", json={"name": "t"}).get_json()["token"]
    assert bob.get("/spaces?all=1", bearer(token)).status_code == 403
    alice.delete(f"{team}/members/bob")
    assert bob.get(team, bearer(token)).status_code == 404
    assert bob.get(team).status_code == 200


def test_only_administrators_make_spaces_by_default(make_app: MakeApp) -> None:
    app = make_app()
    alice = Program(app, "alice")
    assert is_problem(alice.request("POST", "/spaces", json={"name": "Team"}), 403, "spaces-forbidden")
    Operator(app).run("users", "promote", "alice")
    assert alice.request("POST", "/spaces", json={"name": "Team", "quota": 10}).status_code == 201


def test_members_are_set_and_removed_by_managers_and_leave_themselves(
    alice: Program, team: str, join: Join
) -> None:
    bob, carol = join("bob", "viewer"), join("carol", "editor")
    assert is_problem(bob.request("PUT", f"{team}/members/bob", json={"role": "manager"}), 403, "forbidden")
    assert is_problem(bob.delete(f"{team}/members/carol"), 403, "forbidden")
    assert is_problem(alice.request("PUT", f"{team}/members/bob", json={"role": "x"}), 422, "invalid-field")
    assert is_problem(
        alice.request("PUT", f"{team}/members/nobody", json={"role": "viewer"}), 404, "not-found"
    )

    assert bob.delete(f"{team}/members/bob").status_code == 204
    assert bob.get("/files").get_json()["entries"] == []
    assert bob.get(team).status_code == 404
    # Removing the folder is leaving.
    assert carol.delete("/files/Team").status_code == 204
    told = alice.get("/activity").get_json()["events"][:2]
    assert [(each["verb"], each["actor"]) for each in told] == [("left", "carol"), ("left", "bob")]
    assert alice.get(team).get_json()["members"] == [{"username": "alice", "role": "manager"}]
    assert alice.get("/files/Team/docs/plan.txt").data == b"the plan"


@pytest.mark.parametrize("role", ["viewer", "manager"])
def test_who_blocks_a_manager_is_added_like_an_unknown_user(
    alice: Program, team: str, bob: Program, join: Join, role: str
) -> None:
    assert bob.request("POST", "/blocks", json={"username": "alice"}).status_code == 200

    def told(name: str) -> tuple[int, dict[str, Any]]:
        answer = alice.request("PUT", f"{team}/members/{name}", json={"role": role})
        document = answer.get_json()
        return answer.status_code, {key: document[key] for key in ("type", "title", "status", "detail")}

    assert told("bob") == told("nobody")
    assert told("bob")[0] == 404
    assert bob.get("/files").get_json()["entries"] == []
    assert bob.get("/spaces").get_json() == {"spaces": []}
    # Another manager is not blocked, and the role of a member changes as before.
    carol = join("carol", "manager")
    assert carol.request("PUT", f"{team}/members/bob", json={"role": "viewer"}).status_code == 200
    assert alice.request("PUT", f"{team}/members/bob", json={"role": "editor"}).status_code == 200


def test_names_of_members_cannot_be_guessed_by_what_is_counted(
    alice: Program, team: str, bob: Program
) -> None:
    bob.request("POST", "/blocks", json={"username": "alice"})
    statuses = [
        alice.request("PUT", f"{team}/members/bob", json={"role": "viewer"}).status_code for _ in range(24)
    ]
    assert statuses[:20] == [404] * 20
    assert statuses[-1] == 429


@pytest.mark.database
def test_the_trash_of_a_space_is_that_of_its_managers_and_editors(alice: Program, join: Join) -> None:
    bob, viewer = join("bob", "editor"), join("carol", "viewer")
    alice.put("/files/own.txt", b"own")
    for path in ("own.txt", "Team/docs/plan.txt"):
        assert alice.delete(f"/files/{path}").status_code == 204

    (item,) = bob.get("/trash?path=Team").get_json()["entries"]
    assert item["from"] == "Team/docs/plan.txt"
    assert bob.get("/trash/count?path=Team").get_json() == {"count": 1}
    assert [each["from"] for each in alice.get("/trash").get_json()["entries"]] == ["own.txt"]
    assert is_problem(viewer.get("/trash?path=Team"), 403, "forbidden")
    assert is_problem(viewer.request("POST", f"/trash/{item['id']}/restore"), 403, "forbidden")
    for method, address in (("DELETE", f"/trash/{item['id']}"), ("DELETE", "/trash?path=Team")):
        assert bob.request(method, address).status_code in {403, 404}
    assert bob.get("/trash/count?path=Team").get_json() == {"count": 1}

    back = bob.request("POST", f"/trash/{item['id']}/restore")
    assert (back.status_code, back.get_json()["path"]) == (200, "Team/docs/plan.txt")
    assert viewer.get("/files/Team/docs/plan.txt").data == b"the plan"


def test_a_manager_empties_the_trash_of_a_space_and_frees_its_room(alice: Program, join: Join) -> None:
    bob = join("bob", "manager")
    for name in ("a", "b", "c", "d"):
        alice.put(f"/files/Team/{name}", b"12345")
    alice.put("/files/own.txt", b"own")
    alice.request("POST", "/trash", json={"paths": ["own.txt", "Team/a", "Team/b", "Team/c", "Team/d"]})
    ids = {each["from"]: each["id"] for each in bob.get("/trash?path=Team").get_json()["entries"]}

    assert bob.delete(f"/trash/{ids['Team/a']}").status_code == 204
    assert bob.request("POST", "/trash/purge", json={"ids": [ids["Team/b"]]}).status_code == 204
    some = bob.request(
        "POST", "/trash/restore?path=Team", json={"all": True, "except": [ids["Team/d"]], "count": 1}
    )
    assert some.get_json()["count"] == 1
    assert bob.request("DELETE", "/trash?path=Team").status_code == 204

    (space,) = bob.get("/spaces").get_json()["spaces"]
    assert space["usage"] == len(b"the plan") + 5
    assert len(alice.get("/trash").get_json()["entries"]) == 1


@pytest.mark.parametrize("path", ["docs", "Team/docs", "nothing", "own.txt", "../Team"])
def test_only_the_folder_of_a_space_names_a_trash(alice: Program, team: str, path: str) -> None:
    alice.put("/files/docs/own.txt", b"own")
    assert alice.get(f"/trash?path={path}").status_code in {404, 422}


def test_versions_of_a_space_are_deleted_by_its_managers_only(alice: Program, join: Join) -> None:
    bob, viewer = join("bob", "editor"), join("carol", "viewer")
    bob.put("/files/Team/docs/plan.txt", b"a new plan")

    assert len(bob.get("/versions/Team/docs/plan.txt").get_json()["versions"]) == 2
    assert is_problem(viewer.get("/versions/Team/docs/plan.txt"), 403, "forbidden")
    assert is_problem(bob.delete("/versions/Team/docs/plan.txt/1"), 403, "forbidden")
    assert is_problem(bob.delete("/files/Team/docs/plan.txt?permanent=1"), 403, "forbidden")
    assert alice.delete("/versions/Team/docs/plan.txt/1").status_code == 204
    assert alice.delete("/files/Team/docs/plan.txt?permanent=1").status_code == 204
    assert alice.get("/spaces").get_json()["spaces"][0]["usage"] == 0


def test_search_zip_and_resumable_uploads_work_in_a_space(alice: Program, join: Join) -> None:
    bob = join("bob", "editor")
    assert paths_in(bob.get("/search?q=plan")) == ["Team/docs/plan.txt"]
    assert paths_in(bob.get("/search?q=plan&path=Team")) == ["Team/docs/plan.txt"]
    packed = bob.get("/download/Team")
    assert zipfile.ZipFile(io.BytesIO(packed.data)).namelist() == [
        "Team/",
        "Team/docs/",
        "Team/docs/plan.txt",
    ]

    begun = bob.request(
        "POST", "/uploads", TUS | {"Upload-Length": "4", "Upload-Metadata": described("Team/late.txt")}
    )
    part = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert bob.request("PATCH", begun.headers["Location"], part, data=b"late").status_code == 204
    assert alice.get("/files/Team/late.txt").data == b"late"


def test_an_upload_of_a_removed_member_is_never_finished(alice: Program, team: str, join: Join) -> None:
    bob = join("bob", "editor")
    begun = bob.request(
        "POST", "/uploads", TUS | {"Upload-Length": "4", "Upload-Metadata": described("Team/late.txt")}
    )
    part = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    bob.request("PATCH", begun.headers["Location"], part, data=b"la")
    alice.delete(f"{team}/members/bob")

    rest = bob.request("PATCH", begun.headers["Location"], part | {"Upload-Offset": "2"}, data=b"te")
    assert rest.status_code in {403, 404, 410}
    assert alice.get("/files/Team/late.txt").status_code == 404


def test_moving_between_the_own_files_and_a_space_counts_in_the_target(alice: Program, team: str) -> None:
    alice.put("/files/own.txt", b"own")
    moved = alice.request("POST", "/moves", json={"from": ["own.txt"], "to": "Team/"})
    assert [each["path"] for each in moved.get_json()["entries"]] == ["Team/own.txt"]
    copied = alice.request("POST", "/copies", json={"from": ["Team/docs"], "to": ""})
    assert copied.status_code == 200, copied.text

    assert alice.get("/files/docs/plan.txt").data == b"the plan"
    assert alice.get("/spaces").get_json()["spaces"][0]["usage"] == len(b"the plan" + b"own")
    # The moved original is in the own trash.
    assert usage(alice) == len(b"the plan" + b"own")


def test_a_renamed_folder_stays_a_members_own_matter(alice: Program, team: str, join: Join) -> None:
    bob = join("bob", "viewer")
    assert bob.request("POST", "/moves", json={"from": ["Team"], "to": "Work"}).status_code == 200
    alice.request("PATCH", team, json={"name": "Crew"})

    (space,) = bob.get("/spaces").get_json()["spaces"]
    assert (space["name"], space["path"]) == ("Crew", "Work")
    assert bob.get("/files/Work/docs/plan.txt").data == b"the plan"
    assert alice.get("/spaces").get_json()["spaces"][0]["path"] == "Team"


def test_a_limited_token_cannot_change_spaces(alice: Program, team: str) -> None:
    def token(**wanted: Any) -> dict[str, str]:
        made = alice.request("POST", "/tokens", json={"name": "t", **wanted})
        return bearer(made.get_json()["token"])

    reader, sharer = token(scopes=["read"]), token(scopes=["share"])
    assert alice.get(team, reader).status_code == 200
    assert is_problem(alice.delete(team, reader), 403, "forbidden")
    assert is_problem(
        alice.request("PUT", f"{team}/members/alice", reader, json={"role": "viewer"}), 403, "forbidden"
    )
    assert is_problem(alice.get(team, sharer), 403, "forbidden")
    assert is_problem(alice.request("PATCH", team, sharer, json={"name": "x"}), 403, "forbidden")
    assert alice.request("PUT", f"{team}/members/alice", sharer, json={"role": "manager"}).status_code == 200
