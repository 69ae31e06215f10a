"""Whom the share dialogs of the apps find, and what folders tell of their shares."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.support.dav import DavProgram
from tests.support.ocs import GROUP, LINK, SHAREES, SHARES, USER, OcsProgram, accept
from tests.support.operators import Operator
from tests.support.visitors import Program

pytestmark = pytest.mark.database


def test_only_an_exact_name_finds_somebody_to_share_with(
    app_of_alice: OcsProgram, bob: Program, operator: Operator
) -> None:
    operator.run("groups", "create", "Sales")
    operator.run("groups", "create", "Bob")
    for name in ("Sales", "Bob"):
        operator.run("groups", "add", name, "alice")

    def found(search: str) -> tuple[list[Any], list[Any]]:
        """Return the names of the users and the groups."""
        told = app_of_alice.send("GET", SHAREES, search=search, itemType="file", perPage="50")
        assert told["users"] == told["groups"] == []
        assert {each["value"]["shareType"] for each in told["exact"]["users"]} <= {USER}
        assert {each["value"]["shareType"] for each in told["exact"]["groups"]} <= {GROUP}
        names = {
            kind: [each["value"]["shareWith"] for each in told["exact"][kind]] for kind in ("users", "groups")
        }
        return names["users"], names["groups"]

    assert found("BOB") == (["bob"], ["Bob"])
    assert found("sales") == ([], ["Sales"])
    assert found("bo") == found("alice") == found("") == ([], [])


def test_a_user_who_blocks_the_asker_is_not_found(
    app_of_alice: OcsProgram, bob: Program, operator: Operator
) -> None:
    bob.request("POST", "/blocks", json={"username": "alice"})

    assert app_of_alice.send("GET", SHAREES, search="bob")["exact"]["users"] == []


def test_groups_of_others_are_not_found(app_of_alice: OcsProgram, operator: Operator) -> None:
    operator.run("groups", "create", "Sales")

    assert app_of_alice.send("GET", SHAREES, search="Sales")["exact"]["groups"] == []


def test_guessing_names_ends_soon(app_of_alice: OcsProgram, bob: Program) -> None:
    for number in range(20):
        app_of_alice.send("GET", SHAREES, search=f"nobody{number}")

    refused = app_of_alice.send("GET", SHAREES, search="bob", status=429)
    assert refused["statuscode"] == 429


def test_a_folder_tells_how_its_entries_are_shared(
    app: Flask, app_of_alice: OcsProgram, alice: Program, bob: Program
) -> None:
    app_of_alice.send("POST", SHARES, path="folder", shareType=LINK)
    app_of_alice.send("POST", SHARES, path="folder", shareType=USER, shareWith="bob", permissions=1)
    accept(bob)
    types = "{http://owncloud.org/ns}share-types"

    def told(user: Program) -> dict[str, list[str | None]]:
        """Return the types of shares by address."""
        files = DavProgram(app, dict(user.headers), "/remote.php/webdav/")
        found = files.found("", types, depth="1")
        return {href[len("/remote.php/webdav") :]: [each.text for each in held[types]] for href, held in found.items()}  # fmt: skip

    assert told(alice) == {"/": [], "/folder/": ["0", "3"], "/file": []}
    # A viewer does not learn who else has it.
    assert told(bob) == {"/": [], "/folder/": []}


def test_a_folder_tells_which_permissions_can_be_given(
    app: Flask, app_of_alice: OcsProgram, alice: Program, bob: Program
) -> None:
    app_of_alice.send("POST", SHARES, path="folder", shareType=USER, shareWith="bob", permissions=1)
    accept(bob)
    name = "{http://open-collaboration-services.org/ns}share-permissions"

    def told(user: Program, path: str) -> str | None:
        """Return the permissions of one entry."""
        return DavProgram(app, dict(user.headers), "/remote.php/webdav/").value(path, name)

    assert (told(alice, "folder"), told(alice, "file")) == ("31", "19")
    assert (told(bob, "folder"), told(bob, "folder/inside")) == ("1", "1")
