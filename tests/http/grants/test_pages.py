"""The pages on which users share with others: the forms that the Share dialog shows, too."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask

from cabinet.services.shares.grants import NO_RECIPIENT
from tests.support.pages import refused, said
from tests.support.visitors import Browser, Program
from tests.support.wording import in_language


@pytest.fixture
def owner(alice: Program) -> Program:
    """Return alice, with a folder."""
    assert alice.put("/files/work/f", b"content").status_code == 201
    return alice


@pytest.fixture
def window(browser: Browser, owner: Program) -> Browser:
    """Return alice's browser."""
    browser.sign_in("alice")
    return browser


@pytest.fixture
def his(app: Flask, bob: Program) -> Browser:
    """Return bob's browser."""
    made = Browser(app)
    made.sign_in("bob")
    return made


def give(window: Browser, **fields: str) -> Any:
    return window.post(
        "/share/grants", {"path": "work", "to": "bob", "kind": "user", "role": "viewer", **fields}, "/shared"
    )


def grant_of(program: Program) -> dict[str, Any]:
    (grant,) = program.get("/shares").get_json()["shares"]
    found: dict[str, Any] = grant
    return found


def test_a_folder_is_shared_accepted_changed_and_taken_back(
    window: Browser, owner: Program, his: Browser, bob: Program
) -> None:
    page = said(window, give(window))
    assert ">bob</bdi>" in page
    assert "is-waiting" in page
    grant_id = grant_of(owner)["id"]
    waiting = unescape(his.get("/shared").text)
    assert f"/shared/{grant_id}/accept" in waiting
    assert "alice" in waiting

    said(his, his.post(f"/shared/{grant_id}/accept", {}, "/shared"))
    assert bob.get("/files?path=work").status_code == 200
    assert f"/shared/{grant_id}/accept" not in his.get("/shared").text
    assert "is-waiting" not in window.get("/share?path=work").text
    said(window, window.post(f"/shared/{grant_id}/role", {"role": "editor"}, "/shared"))
    assert bob.put("/files/work/new", b"1").status_code == 201
    assert ">bob</bdi>" in window.get("/shared").text
    said(window, window.post(f"/shared/{grant_id}/end", {}, "/shared"))

    assert bob.get("/files?path=work").status_code == 404
    assert owner.get("/shares").get_json()["shares"] == []


def test_who_does_not_want_it_declines_or_leaves(
    window: Browser, owner: Program, his: Browser, bob: Program
) -> None:
    give(window)
    grant_id = grant_of(owner)["id"]
    said(his, his.post(f"/shared/{grant_id}/leave", {}, "/shared"))
    assert "/accept" not in his.get("/shared").text
    assert grant_of(owner)["state"] == "declined"
    assert "is-over" in window.get("/share?path=work").text


def test_a_blocked_sender_is_told_nothing_and_can_be_unblocked(
    window: Browser, owner: Program, his: Browser
) -> None:
    give(window)
    page = said(his, his.post("/shared/block", {"username": "alice"}, "/shared"))
    assert "/accept" not in page
    assert 'name="username" value="alice"' in page
    owner.put("/files/other", b"1")
    assert in_language(NO_RECIPIENT, "en") in refused(give(window, path="other"), 422)

    said(his, his.post("/shared/unblock", {"username": "alice"}, "/shared"))
    assert give(window, path="other").status_code == 303
    assert "/accept" in his.get("/shared").text


@pytest.mark.parametrize(
    "fields", [{"to": "nobody"}, {"to": ""}, {"to": "alice"}, {"role": "owner"}, {"kind": "group"}], ids=str
)
def test_a_refused_form_is_shown_again(
    window: Browser, owner: Program, fields: dict[str, str], bob: Program
) -> None:
    page = refused(give(window, **fields), 422)

    assert "field-error" in page or "notice-error" in page
    assert 'action="/share/grants"' in page
    assert owner.get("/shares").get_json()["shares"] == []


def test_managers_share_further_and_others_do_not(
    app: Flask, window: Browser, owner: Program, his: Browser, bob: Program
) -> None:
    Program(app, "carol")
    give(window, role="manager")
    his.post(f"/shared/{grant_of(owner)['id']}/accept", {}, "/shared")

    page = his.get("/share?path=work").text
    assert 'action="/share/grants"' in page
    said(his, give(his, to="carol"))
    assert {each["to"]["user"] for each in owner.get("/shares?path=work").get_json()["shares"]} == {
        "bob",
        "carol",
    }
    mine = next(
        each["id"] for each in owner.get("/shares").get_json()["shares"] if each["to"]["user"] == "bob"
    )
    window.post(f"/shared/{mine}/role", {"role": "editor"}, "/shared")
    assert his.get("/share?path=work").status_code == 403
    assert give(his, to="carol").status_code == 403


def test_a_group_is_offered_to_its_members(window: Browser, owner: Program, bob: Program) -> None:
    assert 'id="give-kind"' not in window.get("/share?path=work").text


def test_people_and_links_continue_apart(owner: Program, window: Browser, bob: Program) -> None:
    for number in range(3):
        owner.put(f"/files/{number}/f", b"1")
        assert owner.request("POST", "/shares", json={"paths": [f"{number}"]}).status_code == 201
        give(window, path=f"{number}")
    shares = owner.get("/shares").get_json()["shares"]
    ids = {
        "people": [each["id"] for each in shares if each["kind"] == "grant"],
        "after": [each["id"] for each in shares if each["kind"] == "link"],
    }

    def shown(address: str) -> tuple[list[str], list[str], dict[str, str]]:
        """Return the grants and the links of a page, and the addresses of more, by their cursors."""
        page = unescape(window.get(address).text)
        more = re.findall(r'class="more">\s*<a[^>]* href="([^"]+)"', page)
        # The last cursor of an address is the one that it changes, of those that the page has.
        found = {
            name: each for each in more for name in ids if f"{name}=" in each and f"{name}=" not in address
        }
        grants, links = (re.findall(rf'action="/shared/(\w+)/{act}"', page) for act in ("role", "revoke"))
        return grants, links, found

    people, links, more = shown("/shared?limit=2")
    assert (people, links, sorted(more)) == (ids["people"][:2], ids["after"][:2], ["after", "people"])
    assert shown(more["people"]) == (ids["people"][2:], ids["after"], {})
    assert shown(more["after"]) == (ids["people"], ids["after"][2:], {})
    both = f"{more['people']}&{more['after'].partition('?')[2]}"
    assert shown(both)[:2] == (ids["people"][2:], ids["after"][2:])
    assert window.get(more["people"].replace("people=", "after=")).status_code == 422
