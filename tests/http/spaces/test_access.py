"""Every route in a team space, by role, and every route of its trash and members for everybody.

Rule: the requests behind a folder are those of the table of shared folders; here is what a whole space answers
differently.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from cabinet.services.access.roles import ShareRole
from tests.http.mounts.test_routes import BEHIND, FILES, PLACES, SECRET, PathUse, asks, request, text_of
from tests.support.images import picture
from tests.support.route_rights import ANYTHING, ID, SHOWN, send
from tests.support.visitors import Program, status_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.database

NAMES = ("View", "Edit", "Manage")
OUTSIDE = PLACES["outside"]
# Of a viewer, an editor and a manager, and a path that leads out.
Roles = tuple[int, int, int, int]

# What managers of a whole space may do, unlike those of a single folder.
OWN: dict[tuple[str, str], Roles] = {
    ("DELETE", "/versions/<path:path>/<int:number>"): (403, 403, 204, 403),
    ("POST", "/index/versions/discard"): (403, 403, 303, 403),
}
# Another version than the one that the route before has deleted.
FORM = {
    ("POST", "/index/versions/discard"): PathUse(
        (403, 403, 303, 404, 403), asks("/index/versions/discard", form={"path": "{}/f", "number": "2"})
    )
}
TRASH: dict[tuple[str, str], PathUse] = {
    ("GET", "/trash"): PathUse((403, 200, 200, 404, 404), asks("/trash?path={}")),
    ("POST", "/trash/rows"): PathUse((403, 200, 200, 404, 404), asks("/trash/rows?path={}", SHOWN)),
    ("GET", "/trash/count"): PathUse((403, 200, 200, 404, 404), asks("/trash/count?path={}")),
    ("POST", "/trash/restore"): PathUse(
        (403, 409, 409, 404, 404), asks("/trash/restore?path={}", {"all": True, "count": 99})
    ),
    ("POST", "/trash/purge"): PathUse(
        (403, 403, 409, 404, 404), asks("/trash/purge?path={}", {"all": True, "count": 99})
    ),
    ("GET", "/index/trash/empty"): PathUse((403, 403, 200, 404, 404), asks("/index/trash/empty?path={}")),
    ("POST", "/index/trash/empty"): PathUse((403, 403, 303, 404, 404), asks("/index/trash/empty?path={}")),
    ("DELETE", "/trash"): PathUse((403, 403, 204, 404, 404), asks("/trash?path={}")),
}


@pytest.fixture
def member(alice: Program, bob: Program) -> Program:
    """Return bob, who is a member of a team space in each role, and of one no more; in all are the same names."""
    for name, role in zip((*NAMES, "Gone"), (*ShareRole, ShareRole.MANAGER), strict=True):
        made = alice.request("POST", "/spaces", json={"name": name}).get_json()
        for path in (*FILES, "trashed"):
            alice.put(f"/files/{name}/{path}", b"first")
        alice.put(f"/files/{name}/f", b"second")
        alice.put(f"/files/{name}/p.png", picture())
        alice.delete(f"/files/{name}/trashed")
        member = f"/spaces/{made['id']}/members/bob"
        assert alice.request("PUT", member, json={"role": role.value}).status_code == 200
        if name == "Gone":
            assert alice.delete(member).status_code == 204
        # What the maker calls the folder is nobody else's business.
        alice.request("POST", "/moves", json={"from": [name], "to": f"{SECRET}-{name}"})
    bob.put("/files/f", b"own")
    wait_until(lambda: bob.get("/thumbnails/View/p.png").status_code == 200, what="a thumbnail")
    return bob


def test_every_route_in_a_team_space_follows_the_role(member: Program) -> None:
    found, told = {}, []
    for (method, rule), does in (BEHIND | TRASH | FORM).items():
        statuses = []
        for path in (*NAMES, OUTSIDE):
            response = request(member, method, does.ask(path))
            statuses.append(status_of(response))
            told += [(method, rule, path)] if SECRET.encode() in text_of(response) else []
        found[method, rule] = tuple(statuses)

    expected = {route: (*does.statuses[:3], does.statuses[4]) for route, does in (BEHIND | TRASH).items()}
    assert found == expected | OWN
    assert told == []


def test_for_somebody_removed_nothing_of_a_space_is_left(member: Program) -> None:
    for (method, rule), does in (BEHIND | TRASH).items():
        if method == "GET" or rule.endswith("/rows") or (method, rule) in TRASH:
            assert status_of(request(member, method, does.ask("Gone"))) == 404, (method, rule)


def test_spaces_of_others_answer_like_spaces_that_do_not_exist(
    alice: Program, bob: Program, member: Program
) -> None:
    (gone,) = (each for each in alice.get("/spaces").get_json()["spaces"] if each["name"] == "Gone")
    routes = [route for route in ANYTHING if route[1].startswith("/spaces/<space_id>")]
    assert len(routes) == 9
    for method, rule in routes:
        asked = ANYTHING[method, rule]
        nothing = send(bob, method, asked, {})
        others = send(bob, method, replace(asked, target=asked.target.replace(ID, gone["id"])), {})
        assert nothing.status_code == others.status_code == 404, rule
        bodies = [each.get_json() | {"request_id": ""} for each in (nothing, others)]
        assert bodies[0] == bodies[1]
    for bad in ("x", "%00", "..%2f", "9" * 5000, "'"):
        assert bob.get(f"/spaces/{bad}").status_code == 404
