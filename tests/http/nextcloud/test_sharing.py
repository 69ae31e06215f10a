"""The share dialogs of the apps: links and grants by the OCS of sharing, version 1."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from flask import Flask

from cabinet.services.shares.numbers import number_of_share
from tests.support.dav import DavProgram
from tests.support.ocs import GROUP, LINK, OCS, SHARES, USER, OcsProgram, accept
from tests.support.operators import Operator
from tests.support.visitors import Program

pytestmark = pytest.mark.database


def in_days(days: int) -> str:
    """Return a day as apps send it."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


@pytest.mark.parametrize("version", ["v1.php", "v2.php"])
def test_a_link_is_made_and_opens_without_an_account(
    app: Flask, alice: Program, app_of_alice: OcsProgram, version: str
) -> None:
    made = OcsProgram(alice, version).send("POST", SHARES, path="/folder/inside", shareType=LINK)

    assert made["share_type"] == LINK
    assert made["permissions"] == 1
    assert made["path"] == "/folder/inside"
    assert made["item_type"] == "file"
    assert made["url"] == f"http://localhost/s/{made['token']}"
    assert made["share_with"] is None
    guest = app.test_client(use_cookies=False)
    assert guest.get(f"/s/{made['token']}/download", buffered=True).data == b"content"


def test_a_share_has_the_number_of_its_entry(app: Flask, alice: Program, app_of_alice: OcsProgram) -> None:
    files = DavProgram(app, dict(alice.headers), "/remote.php/webdav/")

    made = app_of_alice.send("POST", SHARES, path="/file", shareType=LINK)

    number = files.value("file", "{http://owncloud.org/ns}fileid")
    assert str(made["file_source"]) == str(made["item_source"]) == number
    (share,) = alice.get("/shares").get_json()["shares"]
    assert made["id"] == str(number_of_share(share["id"]))


# What is asked for of a link to a folder, and what it then allows here.
LINKS: dict[str, tuple[dict[str, Any], list[str], int]] = {
    "nothing": ({}, ["read", "list"], 1),
    "reading": ({"permissions": 1}, ["read", "list"], 1),
    "reading and sharing on": ({"permissions": 17}, ["read", "list"], 1),
    "adding": ({"permissions": 5}, ["read", "list", "write"], 5),
    "changing without adding": ({"permissions": 3}, ["read", "list"], 1),
    "everything": ({"permissions": 15}, ["read", "list", "write", "delete"], 15),
    "uploads": ({"publicUpload": "true"}, ["read", "list", "write", "delete"], 15),
    "a file drop": ({"permissions": 4}, ["write"], 4),
}


@pytest.mark.parametrize("wish", LINKS)
def test_a_link_allows_what_was_asked_for_and_says_what_it_allows(
    alice: Program, app_of_alice: OcsProgram, wish: str
) -> None:
    fields, rights, number = LINKS[wish]

    made = app_of_alice.send("POST", SHARES, path="/folder", shareType=LINK, **fields)

    assert made["permissions"] == number
    (share,) = alice.get("/shares").get_json()["shares"]
    assert share["rights"] == rights
    changed = app_of_alice.send("PUT", f"{SHARES}/{made['id']}", permissions=1)
    assert changed["permissions"] == 1
    assert app_of_alice.send("PUT", f"{SHARES}/{made['id']}", **fields)["permissions"] == number


def test_a_link_has_a_password_a_day_a_note_and_a_label(
    app: Flask, alice: Program, app_of_alice: OcsProgram
) -> None:
    day = in_days(5)
    made = app_of_alice.send(
        "POST", SHARES, path="folder", shareType=LINK, password="S3cret!pass", expireDate=day, label="For you", note="Hi"
    )  # fmt: skip

    assert made["expiration"] == f"{day} 00:00:00"
    assert (made["label"], made["note"]) == ("For you", "Hi")
    assert made["share_with"] == made["password"] == "***"
    guest = app.test_client(use_cookies=False)
    assert guest.get(f"/s/{made['token']}/files").status_code == 401
    (share,) = alice.get("/shares").get_json()["shares"]
    # The whole of the day.
    assert share["expires_at"] == f"{day}T23:59:59Z"

    changed = app_of_alice.send(
        "PUT", f"{SHARES}/{made['id']}", password="", expireDate="", label="", note="Bye"
    )
    assert (changed["password"], changed["expiration"], changed["label"]) == (None, None, "")
    assert changed["note"] == "Bye"
    assert guest.get(f"/s/{made['token']}/files").status_code == 200


def test_without_a_day_a_link_expires_as_the_operator_says(app_of_alice: OcsProgram) -> None:
    made = app_of_alice.send("POST", SHARES, path="folder", shareType=LINK)

    assert made["expiration"] == f"{in_days(7)} 00:00:00"


def test_the_last_day_that_the_operator_allows_can_be_had(make_app: Any) -> None:
    alice = Program(make_app(SHARE_MAX_DAYS=3), "alice")
    alice.put("/files/f", b"content")
    app_of_alice = OcsProgram(alice)

    made = app_of_alice.send("POST", SHARES, path="f", shareType=LINK, expireDate=in_days(3))
    assert made["expiration"] == f"{in_days(3)} 00:00:00"
    app_of_alice.send("POST", SHARES, path="f", shareType=LINK, expireDate=in_days(5), status=422)
    app_of_alice.send("PUT", f"{SHARES}/{made['id']}", expireDate="", status=422)


# The permissions asked for, of a folder, the role that they give, and what the answer says.
ROLES = [
    (1, "viewer", 1),
    (17, "viewer", 1),
    (5, "viewer", 1),
    (15, "editor", 15),
    (31, "manager", 31),
    (None, "editor", 15),
]


@pytest.mark.parametrize(("asked", "role", "number"), ROLES)
def test_a_user_gets_the_role_that_the_permissions_cover(
    alice: Program, bob: Program, app_of_alice: OcsProgram, asked: int | None, role: str, number: int
) -> None:
    fields = {} if asked is None else {"permissions": asked}

    made = app_of_alice.send("POST", SHARES, path="/folder", shareType=USER, shareWith="bob", **fields)

    assert (made["share_type"], made["share_with"], made["permissions"]) == (USER, "bob", number)
    (share,) = alice.get("/shares").get_json()["shares"]
    assert share["role"] == role
    accept(bob)
    assert bob.get("/files/folder/inside").data == b"content"
    changed = app_of_alice.send("PUT", f"{SHARES}/{made['id']}", permissions=1)
    assert changed["permissions"] == 1
    assert bob.put("/files/folder/new").status_code == 403


def test_a_file_is_edited_without_adding_and_deleting(
    alice: Program, bob: Program, app_of_alice: OcsProgram
) -> None:
    for asked, role, number in ((19, "manager", 19), (3, "editor", 3), (1, "viewer", 1)):
        made = app_of_alice.send(
            "POST", SHARES, path="file", shareType=USER, shareWith="bob", permissions=asked
        )
        assert made["permissions"] == number
        (share,) = alice.get("/shares").get_json()["shares"]
        assert share["role"] == role


def test_a_group_gets_access(
    app_of_alice: OcsProgram, alice: Program, bob: Program, operator: Operator
) -> None:
    operator.run("groups", "create", "Sales")
    for name in ("alice", "bob"):
        operator.run("groups", "add", "Sales", name)

    made = app_of_alice.send("POST", SHARES, path="folder", shareType=GROUP, shareWith="Sales", permissions=1)

    assert (made["share_type"], made["share_with"]) == (GROUP, "Sales")
    assert bob.get("/files/folder/inside").data == b"content"
    (seen,) = OcsProgram(bob).send("GET", SHARES, shared_with_me="true")
    assert (seen["share_type"], seen["share_with"], seen["uid_owner"]) == (GROUP, "Sales", "alice")


def test_shares_are_listed_of_everything_of_an_entry_and_below_a_folder(app_of_alice: OcsProgram) -> None:
    of_file = app_of_alice.send("POST", SHARES, path="file", shareType=LINK)
    of_inside = app_of_alice.send("POST", SHARES, path="folder/inside", shareType=LINK)
    of_deep = app_of_alice.send("POST", SHARES, path="folder/deep/er", shareType=LINK)

    def listed(**query: Any) -> list[str]:
        """Return the ids of what is listed."""
        return [each["id"] for each in app_of_alice.send("GET", SHARES, **query)]

    assert listed() == [of_deep["id"], of_inside["id"], of_file["id"]]
    assert listed(path="/folder/inside", reformat="true") == [of_inside["id"]]
    assert listed(path="/folder") == []
    assert listed(path="/folder", subfiles="true") == [of_inside["id"]]
    assert listed(path="/", subfiles="true") == [of_file["id"]]
    assert listed(shared_with_me="true") == []
    app_of_alice.send("GET", SHARES, path="/none", status=404)
    assert app_of_alice.send("GET", f"{SHARES}/{of_file['id']}") == [of_file]


def test_what_others_share_is_listed_where_it_is(
    app_of_alice: OcsProgram, app_of_bob: OcsProgram, bob: Program
) -> None:
    made = app_of_alice.send("POST", SHARES, path="folder", shareType=USER, shareWith="bob", permissions=15)
    assert app_of_bob.send("GET", SHARES, shared_with_me="true") == []
    accept(bob)
    bob.request("POST", "/index/rename", data={"path": "folder", "name": "theirs"})

    (seen,) = app_of_bob.send("GET", SHARES, shared_with_me="true")

    assert (seen["id"], seen["path"], seen["permissions"]) == (made["id"], "/theirs", 15)
    assert (seen["uid_owner"], seen["share_with"], seen["can_edit"]) == ("alice", "bob", False)
    assert app_of_bob.send("GET", f"{SHARES}/{made['id']}") == [seen]
    # Whoever got it can leave it, and change nothing about it.
    app_of_bob.send("PUT", f"{SHARES}/{made['id']}", permissions=31, status=404)
    app_of_bob.send("DELETE", f"{SHARES}/{made['id']}")
    assert bob.get("/files/theirs/inside").status_code == 404


def test_an_ended_share_is_over_at_once(app: Flask, app_of_alice: OcsProgram, bob: Program) -> None:
    link = app_of_alice.send("POST", SHARES, path="file", shareType=LINK)
    grant = app_of_alice.send("POST", SHARES, path="folder", shareType=USER, shareWith="bob")
    accept(bob)

    for each in (link, grant):
        app_of_alice.send("DELETE", f"{SHARES}/{each['id']}")
        app_of_alice.send("GET", f"{SHARES}/{each['id']}", status=404)
        app_of_alice.send("DELETE", f"{SHARES}/{each['id']}", status=404)

    assert app.test_client(use_cookies=False).get(f"/s/{link['token']}/download").status_code == 404
    assert bob.get("/files/folder/inside").status_code == 404
    assert app_of_alice.send("GET", SHARES) == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_shares_of_others_are_not_found(
    app_of_alice: OcsProgram, app_of_bob: OcsProgram, method: str
) -> None:
    made = app_of_alice.send("POST", SHARES, path="file", shareType=LINK)

    for number in (made["id"], "1", "x", "-1", "9" * 30, str(2**53)):
        app_of_bob.send(method, f"{SHARES}/{number}", status=404)

    assert app_of_alice.send("GET", f"{SHARES}/{made['id']}") == [made]


# What is asked for, and the status of version 2.
WRONG: dict[str, tuple[dict[str, Any], int]] = {
    "no type": ({"path": "file"}, 422),
    "mail": ({"path": "file", "shareType": 4, "shareWith": "x@example.org"}, 422),
    "no such entry": ({"path": "none", "shareType": LINK}, 404),
    "the root": ({"path": "/", "shareType": LINK}, 409),
    "nobody": ({"path": "file", "shareType": USER, "shareWith": "nobody"}, 422),
    "oneself": ({"path": "file", "shareType": USER, "shareWith": "alice"}, 422),
    "no permission": ({"path": "file", "shareType": LINK, "permissions": 0}, 422),
    "words": ({"path": "file", "shareType": LINK, "permissions": "all"}, 422),
    "a drop onto a file": ({"path": "file", "shareType": LINK, "permissions": 4}, 422),
    "a user without reading": ({"path": "folder", "shareType": USER, "shareWith": "bob", "permissions": 4}, 422),
    "a day that is none": ({"path": "file", "shareType": LINK, "expireDate": "tomorrow"}, 422),
    "a day that is over": ({"path": "file", "shareType": LINK, "expireDate": "2001-01-01"}, 422),
    "what nobody can keep": ({"path": "file", "shareType": LINK, "hideDownload": "true"}, 422),
}  # fmt: skip


@pytest.mark.parametrize("wish", WRONG)
@pytest.mark.parametrize("version", ["v1.php", "v2.php"])
def test_what_cannot_be_shared_is_refused_with_a_reason(
    app_of_alice: OcsProgram, bob: Program, wish: str, version: str
) -> None:
    fields, status = WRONG[wish]
    target = f"/ocs/{version}/{SHARES}?format=json"

    response = app_of_alice.program.request("POST", target, OCS, data=fields)

    # Version 1 tells of errors in its document only.
    assert response.status_code == (200 if version == "v1.php" else status)
    meta = response.get_json()["ocs"]["meta"]
    assert (meta["status"], meta["statuscode"]) == ("failure", status)
    assert meta["message"]
    assert app_of_alice.send("GET", SHARES) == []


def test_errors_are_xml_where_documents_are(app_of_alice: OcsProgram) -> None:
    response = app_of_alice.program.request(
        "POST", f"/ocs/v1.php/{SHARES}", OCS, data={"path": "none", "shareType": LINK}
    )

    root = fromstring(response.data)
    assert response.status_code == 200
    assert (root.findtext("meta/status"), root.findtext("meta/statuscode")) == ("failure", "404")


def test_where_the_operator_allows_no_links_none_are_made_and_none_announced(make_app: Any) -> None:
    app = make_app(SHARING="off")
    alice = Program(app, "alice")
    Program(app, "bob")
    alice.put("/files/f", b"content")
    app_of_alice = OcsProgram(alice)

    app_of_alice.send("POST", SHARES, path="f", shareType=LINK, status=403)
    app_of_alice.send("POST", SHARES, path="f", shareType=USER, shareWith="bob")

    told = app_of_alice.send("GET", "cloud/capabilities")["capabilities"]["files_sharing"]
    assert told["public"] == {"enabled": False}
    assert told["api_enabled"] is True


# The settings of the operator, and what is announced of links.
POLICIES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({}, {"enabled": True, "days": 7, "enforced": False}, False),
    ({"SHARE_DEFAULT_DAYS": 0}, {"enabled": False}, False),
    ({"SHARE_MAX_DAYS": 30}, {"enabled": True, "days": 30, "enforced": True}, False),
    ({"SHARE_PASSWORD": "required"}, {"enabled": True, "days": 7, "enforced": False}, True),
]


@pytest.mark.parametrize(("settings", "expiry", "password"), POLICIES)
def test_the_policy_on_links_is_announced(
    make_app: Any, settings: dict[str, Any], expiry: dict[str, Any], password: bool
) -> None:
    alice = Program(make_app(**settings), "alice")
    alice.put("/files/f", b"content")
    app_of_alice = OcsProgram(alice)

    told = app_of_alice.send("GET", "cloud/capabilities")["capabilities"]["files_sharing"]["public"]

    assert told["expire_date"] == expiry
    assert told["password"]["enforced"] is password
    status = 422 if password else 200
    app_of_alice.send("POST", SHARES, path="f", shareType=LINK, status=status)
    app_of_alice.send("POST", SHARES, path="f", shareType=LINK, password="S3cret!pass")


def test_a_token_that_may_not_share_is_told_so(alice: Program, app_of_alice: OcsProgram) -> None:
    secret = alice.request("POST", "/tokens", json={"name": "x", "scopes": ["read", "write"]}).get_json()
    alice.headers = {"Authorization": f"Bearer {secret['token']}"}

    told = app_of_alice.send("GET", "cloud/capabilities")["capabilities"]["files_sharing"]

    assert told["api_enabled"] is False
    assert told["public"] == {"enabled": False}
    app_of_alice.send("POST", SHARES, path="file", shareType=LINK, status=403)


def test_a_manager_behind_a_mount_shares_on(
    app: Flask, app_of_alice: OcsProgram, app_of_bob: OcsProgram, bob: Program
) -> None:
    Program(app, "carol")
    app_of_alice.send("POST", SHARES, path="folder", shareType=USER, shareWith="bob", permissions=31)
    accept(bob)

    link = app_of_bob.send("POST", SHARES, path="folder/inside", shareType=LINK)
    grant = app_of_bob.send("POST", SHARES, path="folder", shareType=USER, shareWith="carol", permissions=1)

    assert (link["path"], link["uid_owner"]) == ("/folder/inside", "bob")
    assert (grant["path"], grant["share_with"]) == ("/folder", "carol")
    assert app_of_bob.send("GET", f"{SHARES}/{grant['id']}") == [grant]
    app_of_bob.send("DELETE", f"{SHARES}/{grant['id']}")
    app_of_alice.send("GET", f"{SHARES}/{grant['id']}", status=404)
