"""Links of managers to what others have shared with them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.http.grants.conftest import Grant
from tests.http.links.conftest import Visitor
from tests.support.operators import Operator
from tests.support.visitors import Program, Sender


@pytest.fixture
def manager(friend: Program, grant: Grant) -> Program:
    """Return bob, who manages alice's folder `work/shared`."""
    grant(role="manager")
    return friend


@pytest.fixture
def guest(app: Flask) -> Visitor:
    return Visitor(app)


def linked(user: Program, *paths: str, **wanted: Any) -> tuple[str, dict[str, Any]]:
    made = user.request("POST", "/shares", json={"paths": paths, **wanted})
    assert made.status_code == 201, made.text
    document: dict[str, Any] = made.get_json()
    return document["url"].removeprefix("http://localhost"), document


def names_of(visitor: Sender, link: str) -> list[str]:
    return [entry["name"] for entry in visitor.get(f"{link}/files").get_json()["entries"]]


@pytest.mark.database
def test_a_manager_makes_lists_and_revokes_links(owner: Program, manager: Program, guest: Visitor) -> None:
    link, made = linked(manager, "shared/d")
    assert made["paths"] == ["shared/d"]
    assert guest.get(f"{link}/files/g").data == b"deep"
    for query in ("", "?path=shared/d"):
        (listed,) = manager.get(f"/shares{query}").get_json()["shares"]
        assert listed == made | {"downloads": 1, "last_used_at": listed["last_used_at"]}
    # Its address is the manager's alone.
    assert [each["kind"] for each in owner.get("/shares").get_json()["shares"]] == ["grant"]

    changed = manager.request("PATCH", f"/shares/{made['id']}", json={"name": "Deep"})
    assert changed.get_json()["name"] == "Deep"
    assert manager.delete(f"/shares/{made['id']}").status_code == 204
    assert guest.get(link).status_code == 404


def test_a_link_to_the_mount_itself_and_to_a_selection(manager: Program, guest: Visitor) -> None:
    whole, made = linked(manager, "shared")
    some, _made = linked(manager, "shared/f", "shared/d")
    assert made["paths"] == ["shared"]
    assert names_of(guest, whole) == names_of(guest, some) == ["d", "f"]
    assert guest.get(f"{whole}/files/../secret").status_code in {404, 422}


def test_files_of_guests_lie_with_the_owner(owner: Program, manager: Program, guest: Visitor) -> None:
    link, _made = linked(manager, "shared/d", rights=["read", "list", "write"])
    assert guest.put(f"{link}/files/new", b"x").status_code == 201
    assert owner.get("/files/work/shared/d/new").data == b"x"
    assert manager.get("/shares?path=shared/d").get_json()["shares"][0]["files"] == 1


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_viewers_and_editors_make_none(friend: Program, grant: Grant, role: str) -> None:
    grant(role=role)
    for path in ("shared", "shared/f"):
        assert friend.request("POST", "/shares", json={"paths": [path]}).status_code == 403
    assert friend.get("/shares?path=shared").status_code == 403


def test_paths_in_several_scopes_are_refused(manager: Program) -> None:
    manager.put("/files/own", b"x")
    assert manager.request("POST", "/shares", json={"paths": ["own", "shared/f"]}).status_code == 422
    assert manager.request("POST", "/shares", json={"paths": [""]}).status_code == 409


@pytest.mark.parametrize("how", ["role", "end", "leave", "moved out", "disabled", "deleted"])
def test_a_link_ends_when_its_manager_may_no_longer_share(
    app: Flask, operator: Operator, owner: Program, manager: Program, guest: Visitor, how: str
) -> None:
    (grant,) = owner.get("/shares").get_json()["shares"]
    link, _made = linked(manager, "shared/d", rights=["read", "list", "write"])
    one, _made = linked(manager, "shared/d/g")
    assert guest.get(f"{link}/files/g").status_code == guest.get(f"{one}/download").status_code == 200
    if how == "role":
        owner.request("PATCH", f"/shares/{grant['id']}", json={"role": "editor"})
    elif how == "end":
        owner.delete(f"/shares/{grant['id']}")
    elif how == "leave":
        manager.delete("/files/shared")
    elif how == "moved out":
        owner.request("POST", "/moves", json={"from": ["work/shared/d"], "to": "elsewhere"})
    else:
        operator.run("users", how.removesuffix("d"), "bob", *(["--yes"] if how == "deleted" else []))

    for target in ("", "/files", "/files/g", "/download", "/zip?path=g", "/search?q=g"):
        assert guest.get(link + target).status_code == 404
        assert guest.get(one + target).status_code == 404
    assert guest.put(f"{link}/files/new", b"x").status_code == 404
