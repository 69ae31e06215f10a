"""The API of links for their owners."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import MakeApp
from tests.http.links.conftest import RIGHTS, Share, Visitor
from tests.support.auth import bearer
from tests.support.operators import Operator
from tests.support.visitors import Program, is_problem

MEMBERS = {
    "id", "kind", "url", "qr", "name", "note", "paths", "rights", "state", "has_password", "created_at", "expires_at",
    "last_used_at", "opens", "downloads", "max_downloads", "uploads", "used_size", "max_size", "files", "max_files", "notify",
}  # fmt: skip


def test_a_link_is_made_listed_changed_and_revoked(owner: Program) -> None:
    made = owner.request(
        "POST", "/shares", json={"paths": ["work/shared"], "name": "Photos", "password": "secret"}
    )
    link = made.get_json()
    assert made.status_code == 201
    assert set(link) == MEMBERS
    assert link["url"].startswith("http://localhost/s/")
    assert (link["paths"], link["rights"], link["has_password"]) == (["work/shared"], RIGHTS["view"], True)
    assert owner.get("/shares").get_json() == {"shares": [link], "next": None}
    assert owner.get("/shares?path=other").get_json()["shares"] == []

    changed = owner.request(
        "PATCH", f"/shares/{link['id']}", json={"name": None, "password": None}
    ).get_json()
    assert changed == link | {"name": None, "has_password": False}
    assert owner.delete(f"/shares/{link['id']}").status_code == 204
    assert owner.get("/shares").get_json()["shares"] == []
    assert owner.delete(f"/shares/{link['id']}").status_code == 404


@pytest.mark.parametrize("name", RIGHTS)
def test_rights_are_named_in_any_order(owner: Program, name: str) -> None:
    made = owner.request("POST", "/shares", json={"paths": ["work"], "rights": RIGHTS[name][::-1]}).get_json()
    assert (made["rights"], made["kind"]) == (RIGHTS[name], "request" if name == "drop" else "link")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"paths": []}, 400),
        ({"paths": ["f"] * 1001}, 400),
        ({"paths": "work"}, 400),
        ({"paths": ["work"], "max_downloads": "many"}, 400),
        ({"paths": ["work"], "expires_at": "tomorrow"}, 400),
        ({"paths": ["work"], "expires_at": "2026-01-01T00:00:00"}, 400),
        ({"paths": ["work"], "kind": "grant"}, 422),
        ({"paths": ["work"], "rights": []}, 422),
        ({"paths": ["work"], "rights": ["read"]}, 422),
        ({"paths": ["work"], "rights": ["read", "list", "share"]}, 422),
        ({"paths": ["work"], "kind": "request", "rights": ["read", "list"]}, 422),
        ({"paths": ["work", "other"], "rights": ["write"]}, 422),
        ({"paths": ["work"], "expires_at": "2020-01-01T00:00:00Z"}, 422),
        ({"paths": ["work"], "max_downloads": 0}, 422),
        ({"paths": ["work"], "max_size": 1}, 422),
        ({"paths": ["../x"]}, 422),
        ({"paths": [""]}, 409),
        ({"paths": ["none"]}, 404),
    ],
    ids=str,
)
def test_bad_input_is_refused_and_makes_nothing(owner: Program, body: dict[str, Any], status: int) -> None:
    assert owner.request("POST", "/shares", json=body).status_code == status
    assert owner.get("/shares").get_json()["shares"] == []


def test_links_of_others_do_not_exist(owner: Program, bob: Program, share: Share) -> None:
    share()
    share_id = owner.get("/shares").get_json()["shares"][0]["id"]
    assert bob.get("/shares").get_json()["shares"] == []
    for method, target in (("PATCH", ""), ("DELETE", ""), ("POST", "/renew")):
        body = {"json": {"name": "x"}} if method == "PATCH" else {}
        assert bob.request(method, f"/shares/{share_id}{target}", **body).status_code == 404
    assert is_problem(bob.request("POST", "/shares", json={"paths": ["work/shared"]}), 404, "not-found")


def test_a_token_gives_no_more_than_it_has(owner: Program) -> None:
    def token(**wanted: Any) -> dict[str, str]:
        return bearer(owner.request("POST", "/tokens", json={"name": "x", **wanted}).get_json()["token"])

    def status(headers: dict[str, str], **wanted: Any) -> int:
        return owner.request("POST", "/shares", headers, json={"paths": ["shared"], **wanted}).status_code

    reader, folder = token(scopes=["read", "share"]), token(folder="work")
    owner.put("/files/shared/f", b"1")
    assert status(reader) == 201
    assert status(reader, rights=RIGHTS["edit"]) == 403
    assert status(token(scopes=["read", "write"])) == 403
    made = owner.request("POST", "/shares", folder, json={"paths": ["shared"]})
    assert made.get_json()["paths"] == ["shared"]
    assert {path for each in owner.get("/shares").get_json()["shares"] for path in each["paths"]} == {
        "shared", "work/shared"
    }  # fmt: skip


class TestFolderTokens:
    """A token that is limited to a folder knows exactly the links into this folder."""

    @pytest.fixture
    def folder(self, owner: Program) -> dict[str, str]:
        made = owner.request("POST", "/tokens", json={"name": "x", "folder": "work/shared"}).get_json()
        return bearer(made["token"])

    @pytest.fixture
    def links(self, owner: Program) -> dict[str, str]:
        """Return the ids of links by what they lead to; `inside` is the folder of the token."""
        owner.put("/files/work/shared-too/f", b"1")
        places = {
            "file": ["work/shared/f"],
            "inside": ["work/shared"],
            "above": ["work"],
            "beside": ["work/shared-too"],
            "partly": ["work/shared/d", "work/secret"],
            "several": ["work/shared/f", "work/shared/d"],
        }
        return {
            name: owner.request("POST", "/shares", json={"paths": paths}).get_json()["id"]
            for name, paths in places.items()
        }

    def test_it_lists_them_by_the_paths_that_it_has(
        self, owner: Program, folder: dict[str, str], links: dict[str, str]
    ) -> None:
        listed = owner.request("GET", "/shares", folder).get_json()["shares"]
        assert [(each["id"], each["paths"]) for each in listed] == [
            (links["several"], ["f", "d"]),
            (links["file"], ["f"]),
        ]
        at_one = owner.request("GET", "/shares?path=d", folder).get_json()["shares"]
        assert [each["id"] for each in at_one] == [links["several"]]
        first = owner.request("GET", "/shares?limit=1", folder).get_json()
        rest = owner.request("GET", f"/shares?limit=1&after={first['next']}", folder).get_json()
        assert [each["id"] for page in (first, rest) for each in page["shares"]] == [
            links["several"],
            links["file"],
        ]
        assert rest["next"] is None
        assert owner.request("GET", f"/shares?after={first['next']}").status_code == 422

    @pytest.mark.parametrize("method", ["PATCH", "POST", "DELETE"])
    def test_it_changes_no_others(
        self, owner: Program, folder: dict[str, str], links: dict[str, str], method: str
    ) -> None:
        body = {"json": {"name": "x"}} if method == "PATCH" else {}
        suffix = "/renew" if method == "POST" else ""
        done = {
            name: owner.request(method, f"/shares/{share_id}{suffix}", folder, **body).status_code
            for name, share_id in links.items()
        }
        assert {name for name, status in done.items() if status < 300} == {"file", "several"}
        assert {status for name, status in done.items() if name not in {"file", "several"}} == {404}

    def test_it_follows_what_is_moved_trashed_and_deleted(
        self, owner: Program, folder: dict[str, str], links: dict[str, str]
    ) -> None:
        def known() -> set[str]:
            listed = owner.request("GET", "/shares", folder).get_json()["shares"]
            return {name for name, share_id in links.items() if share_id in {each["id"] for each in listed}}

        owner.request("POST", "/moves", json={"from": ["work/secret"], "to": "work/shared/"})
        assert known() == {"file", "several", "partly"}
        owner.request("POST", "/moves", json={"from": ["work/shared/f"], "to": "other/g"})
        assert known() == {"partly"}
        owner.delete("/files/work/shared/d")
        assert known() == {"partly"}
        owner.delete("/files/work/shared/d?permanent=1")
        owner.delete("/files/work/shared")
        assert owner.request("GET", "/shares", folder).status_code in {401, 403, 404}

    def test_it_needs_the_scope_to_share(self, owner: Program, links: dict[str, str]) -> None:
        wanted = {"name": "x", "folder": "work/shared", "scopes": ["read", "write"]}
        made = bearer(owner.request("POST", "/tokens", json=wanted).get_json()["token"])
        assert owner.request("GET", "/shares", made).status_code == 403
        assert owner.request("DELETE", f"/shares/{links['file']}", made).status_code == 403


@pytest.mark.parametrize(("sharing", "status"), [("everyone", 201), ("admins", 403), ("off", 403)])
def test_the_policy_names_its_setting(make_app: MakeApp, sharing: str, status: int) -> None:
    user = Program(make_app(SHARING=sharing), "carol")
    user.put("/files/f", b"1")
    response = user.request("POST", "/shares", json={"paths": ["f"]})
    assert response.status_code == status
    assert status == 201 or is_problem(response, 403, "sharing-forbidden")


def test_the_operator_revokes_links(owner: Program, bob: Program, share: Share, visitor: Visitor) -> None:
    bob.put("/files/f", b"1")
    his = bob.request("POST", "/shares", json={"paths": ["f"]}).get_json()["url"]
    hers = [share() for _ in range(2)]
    operator = Operator(owner.client.application)

    assert operator.run("shares", "revoke", "alice").stdout == "2 links were revoked.\n"
    assert [visitor.get(link).status_code for link in (*hers, his)] == [404, 404, 200]
    assert operator.run("shares", "revoke", "--all").stdout == "1 link was revoked.\n"
    assert visitor.get(his).status_code == 404
    operator.run("shares", "revoke", code=2)
    operator.run("shares", "revoke", "alice", "--all", code=2)
    operator.run("shares", "revoke", "nobody", code=1)
