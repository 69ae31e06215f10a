"""The signs of shared entries in lists, and what they cost."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from cabinet.extensions import db
from cabinet.models import Share
from cabinet.services.access.roles import ShareRole
from cabinet.services.kernel.clock import utc_now
from cabinet.services.kernel.database import execute, writing
from cabinet.services.tree import share_signs
from tests.http.links.conftest import Share as MakeLink
from tests.http.links.conftest import Visitor
from tests.http.test_statements import counted
from tests.support.mounts import mount
from tests.support.visitors import Browser, Program

pytestmark = pytest.mark.database


def shared_in(program: Program, address: str) -> list[str]:
    """Return the names that a list marks as shared."""
    entries = program.get(address).get_json()["entries"]
    return [entry["name"] for entry in entries if entry.get("shared")]


def signed(page: str) -> list[str]:
    """Return the names of the rows of a page that carry a sign."""
    rows = re.findall(r'<div class="list-row"[^>]*data-name="([^"]+)"[^>]*>', page)
    marked = re.findall(r'<div class="list-row"[^>]*data-name="([^"]+)"[^>]*\bdata-shared\b[^>]*>', page)
    assert set(marked) <= set(rows)
    assert page.count('class="shared-sign"') == len(marked)
    return marked


def revoke_all(program: Program) -> None:
    for link in program.get("/shares").get_json()["shares"]:
        assert program.delete(f"/shares/{link['id']}").status_code == 204


def test_shared_entries_carry_a_sign_in_every_list(
    app: Flask, owner: Program, browser: Browser, share: MakeLink
) -> None:
    browser.sign_in("alice")
    share("work/shared", "other/f")
    lists = {
        "/files?path=work": ["shared"],
        "/files": [],
        "/files?path=other": ["f"],
        "/files?recursive=1": ["f", "shared"],
        "/search?q=shared": ["shared"],
    }
    assert {address: sorted(shared_in(owner, address)) for address in lists} == lists
    found = owner.request("POST", "/lookup", json={"paths": ["work/shared", "work/secret"]}).get_json()
    assert [entry.get("shared", False) for entry in found["entries"]] == [True, False]
    for address in ("/index?path=work", "/index?path=work&view=grid", "/search?q=shared"):
        assert signed(browser.get(address).text) == ["shared"], address

    revoke_all(owner)
    assert all(shared_in(owner, address) == [] for address in lists)


@pytest.mark.parametrize("change", [{"expires_at": "past"}, {"downloads": 3}], ids=str)
def test_a_link_that_has_ended_is_no_sign(
    app: Flask, owner: Program, share: MakeLink, change: dict[str, Any]
) -> None:
    share("other/f", max_downloads=3)
    assert shared_in(owner, "/files?path=other") == ["f"]

    with app.app_context(), writing(db.session()):
        row = db.session.query(Share).one()
        if "downloads" in change:
            row.downloads = 3
        else:
            row.expires_at = utc_now() - timedelta(seconds=1)

    assert shared_in(owner, "/files?path=other") == []


def test_a_sign_follows_a_move_and_changes_the_etag_of_the_list(owner: Program, share: MakeLink) -> None:
    def tag() -> str:
        return owner.get("/files?path=other").headers["ETag"]

    before = tag()
    share("other/f")
    after = tag()
    assert before != after
    assert owner.get("/files?path=other", {"If-None-Match": before}).status_code == 200
    assert owner.get("/files?path=other", {"If-None-Match": after}).status_code == 304
    revoke_all(owner)
    assert tag() == before
    share("other/f")
    owner.request("POST", "/moves", json={"from": ["other/f"], "to": "work/moved"})

    assert shared_in(owner, "/files?path=work") == ["moved"]


def test_a_page_updates_the_row_of_what_was_shared(owner: Program, browser: Browser, share: MakeLink) -> None:
    browser.sign_in("alice")
    tags = re.findall(r'data-tag="([^"]+)"', browser.get("/index?path=work").text)

    def update() -> str:
        token = browser.token("/index")
        answer = browser.client.post(
            "/index/rows?path=work", json={"tags": tags, "most": 10}, headers={"X-CSRFToken": token}
        )
        return answer.text

    assert 'class="list-row"' not in update().partition('id="rows"')[2]
    share("work/shared")

    assert signed(update()) == ["shared"]


def test_others_see_no_sign(
    app: Flask, owner: Program, bob: Program, share: MakeLink, visitor: Visitor
) -> None:
    with app.app_context():
        for name, role in (
            ("View", ShareRole.VIEWER),
            ("Edit", ShareRole.EDITOR),
            ("Manage", ShareRole.MANAGER),
        ):
            mount(db.session(), "alice", "work", "bob", name, role)
    before = {name: bob.get(f"/files?path={name}").headers["ETag"] for name in ("View", "Edit", "Manage")}
    address = share("other")
    manages = bob.get("/files?path=Manage").headers["ETag"]
    share("work/shared")

    assert [shared_in(bob, f"/files?path={name}") for name in before] == [[], [], ["shared"]]
    assert b"shared" not in visitor.get(f"{address}/files").data
    # What is shared elsewhere changes nothing for others.
    assert manages == before["Manage"]
    assert bob.get("/files?path=View").headers["ETag"] == before["View"]
    reader = {"Authorization": f"Bearer {_token(owner, ['read'])}"}
    assert "shared" not in str(owner.get("/files?path=work", reader).get_json()["entries"][0].keys())


def _token(owner: Program, scopes: list[str]) -> str:
    return str(owner.request("POST", "/tokens", json={"name": "x", "scopes": scopes}).get_json()["token"])


def test_signs_cost_one_statement_however_many_there_are(app: Flask, owner: Program, share: MakeLink) -> None:
    def cost(address: str) -> int:
        with counted(app) as said:
            assert owner.get(address).status_code == 200
        return len(said)

    addresses = ("/files?path=work", "/index?path=work", "/search?q=shared")
    before = [cost(address) for address in addresses]
    share("work/shared")
    one = [cost(address) for address in addresses]
    for _ in range(5):
        share("work/secret", "other/f")

    assert one == [each + 1 for each in before]
    assert [cost(address) for address in addresses] == one
    revoke_all(owner)
    assert [cost(address) for address in addresses] == before


@pytest.mark.parametrize("few", [share_signs.FEW_ENTRIES, 0])
def test_a_sign_is_read_from_the_entries_of_small_folders_and_from_the_shares_of_large_ones(
    owner: Program, share: MakeLink, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(share_signs, "FEW_ENTRIES", few)
    for path in ("work/shared", "other/f", "work/secret"):
        share(path)
    revoke_all(owner)
    for path in ("work/shared", "other/f"):
        share(path)
    owner.delete("/files/other/f")
    assert [shared_in(owner, address) for address in ("/files?path=work", "/files", "/files?path=other")] == [
        ["shared"],
        [],
        [],
    ]


def test_what_is_shared_elsewhere_is_neither_read_nor_part_of_the_etag(
    owner: Program, share: MakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    share("work/shared")
    tag = owner.get("/files?path=work").headers["ETag"]
    whole = owner.get("/files?recursive=1").headers["ETag"]
    for path in ("other/f", "other"):
        share(path)

    assert owner.get("/files?path=work").headers["ETag"] == tag
    assert owner.get("/files?path=work", {"If-None-Match": tag}).status_code == 304
    assert owner.get("/files?recursive=1").headers["ETag"] != whole
    read: list[int] = []

    def run(*asked: Any) -> Any:
        """Run a statement, and record how many signs it returns."""
        read.append(len(execute(*asked).all()))
        return execute(*asked)

    monkeypatch.setattr(share_signs, "execute", run)
    for few in (share_signs.FEW_ENTRIES, 0):
        monkeypatch.setattr(share_signs, "FEW_ENTRIES", few)
        for address in ("/files?path=work", "/index?path=work", "/search?q=shared"):
            assert owner.get(address).status_code == 200
    assert read == [1] * 6
