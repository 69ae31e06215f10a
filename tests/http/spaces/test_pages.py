"""The pages of team spaces, without scripts."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from cabinet.spaces.forms import quota_text, to_quota
from tests.http.spaces.conftest import Join
from tests.support.operators import Operator
from tests.support.visitors import Browser, Program


@pytest.fixture
def member(window: Browser, team: str) -> Browser:
    """Return the browser of alice, who manages the space."""
    assert window.get(team).status_code == 200
    return window


def test_a_space_is_made_changed_and_deleted_by_forms(window: Browser, alice: Program) -> None:
    made = window.post("/spaces/new", {"name": "Team", "quota": "1,5 GB"}, "/spaces")
    assert made.status_code == 303
    address = made.headers["Location"]
    page = window.get(address)
    assert "Created the team space “Team”" in page.text
    assert 'value="1500 MB"' in page.text

    window.post(f"{address}/change", {"name": "Crew", "quota": ""}, address)
    (space,) = alice.get("/spaces").get_json()["spaces"]
    assert (space["name"], space["quota"]) == ("Crew", None)
    refused = window.post(f"{address}/end", {"typed": "Team"}, address)
    assert refused.status_code == 422
    assert "it is not the name of this space." in refused.text
    window.post(f"{address}/end", {"typed": "Crew"}, address)
    assert alice.get("/spaces").get_json() == {"spaces": []}


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("", None),
        ("5", 5),
        ("1.5 GB", 1_500_000_000),
        ("2 ГБ", 2 * 10**9),
        ("10,5 кБ", 10_500),
        ("1GiB", 1 << 30),
    ],
)
def test_a_quota_is_read_as_people_write_sizes(text: str, quota: int | None) -> None:
    assert to_quota(text) == quota
    assert to_quota(quota_text(quota)) == quota


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"name": "a/b"}, {"name": "x", "quota": "much"}, {}], ids=str
)
def test_a_refused_form_is_shown_again_with_what_was_typed(
    window: Browser, alice: Program, fields: dict[str, str]
) -> None:
    refused = window.post("/spaces/new", fields, "/spaces")
    assert refused.status_code == 422
    assert "field-error" in refused.text
    assert all(f'value="{value}"' in refused.text for value in fields.values())
    assert alice.get("/spaces").get_json() == {"spaces": []}


def test_members_are_added_changed_and_removed_by_forms(
    member: Browser, team: str, join: Join, alice: Program
) -> None:
    bob = join("bob", "viewer")
    changed = member.post(f"{team}/members", {"username": " bob ", "role": "editor"}, team)
    assert changed.status_code == 303
    assert bob.put("/files/Team/f", b"x").status_code == 201
    unknown = member.post(f"{team}/members", {"username": "nobody", "role": "editor"}, team)
    assert unknown.status_code == 404
    assert "field-error" in unknown.text
    member.post(f"{team}/members/remove", {"username": "bob"}, team)
    assert bob.get("/files/Team").status_code == 404
    # The last one leaves.
    left = member.post(f"{team}/members/remove", {"username": "alice"}, team)
    assert left.headers["Location"] == "/spaces"
    assert alice.get("/spaces").get_json() == {"spaces": []}


def test_a_viewer_sees_the_members_and_nothing_to_change(app: Flask, team: str, join: Join) -> None:
    join("bob", "viewer")
    browser = Browser(app)
    browser.sign_in("bob")
    page = browser.get(team).text
    assert re.findall(r'action="([^"]*spaces[^"]*)"', page) == [f"{team}/members/remove"]
    assert "alice" in page
    refused = browser.post(f"{team}/end", {"typed": "Team"}, "/spaces")
    assert refused.status_code == 403
    assert "Trash of" not in browser.get("/spaces").text


def test_pages_inside_a_space_show_its_usage_and_mark_it_in_the_sidebar(
    window: Browser, app: Flask, alice: Program
) -> None:
    Operator(app).run("users", "set-quota", "alice", "3000")
    window.post("/spaces/new", {"name": "Team", "quota": "1 kB"}, "/spaces")
    alice.put("/files/Team/f", b"x" * 250)
    own, inside, trash = (
        window.get(each).text for each in ("/index", "/index?path=Team", "/trash?path=Team")
    )

    assert "0 bytes of 2 kB used" in own
    for page in (inside, trash):
        assert "250 bytes of 1 kB used" in page
        assert len(re.findall(r'class="rail-link[^>]*aria-current', page)) == 1
        assert re.search(r'href="/index\?path=Team"[^>]*aria-current', page)


def test_forms_of_the_trash_of_a_space_stay_in_it(window: Browser, team: str, alice: Program) -> None:
    alice.delete("/files/Team/docs/plan.txt")
    page = window.get("/trash?path=Team").text
    (trash_id,) = re.findall(r'data-trash-id="(\w+)"', page)
    restored = window.post(
        "/index/trash/restore?path=Team", {"id": trash_id, "on_conflict": "fail"}, "/trash?path=Team"
    )
    assert restored.headers["Location"] == "/trash?path=Team"
    assert alice.get("/files/Team/docs/plan.txt").data == b"the plan"
    alice.delete("/files/Team/docs/plan.txt")
    assert (
        window.post("/index/trash/empty?path=Team", {}, "/trash?path=Team").headers["Location"]
        == "/trash?path=Team"
    )
    assert alice.get("/spaces").get_json()["spaces"][0]["usage"] == 0


def test_administrators_manage_other_spaces_on_the_page(app: Flask, team: str, bob: Program) -> None:
    browser = Browser(app)
    browser.sign_in("bob")
    assert "Other team spaces" not in browser.get("/spaces").text
    Operator(app).run("users", "promote", "bob")
    page = browser.get("/spaces").text
    assert "Other team spaces" in page
    assert team in page
    assert "Delete team space" in browser.get(team).text


def test_a_space_of_others_has_no_page(app: Flask, team: str, bob: Program) -> None:
    browser = Browser(app)
    browser.sign_in("bob")
    pages = [browser.get(each) for each in (team, f"/spaces/{'0' * 32}")]
    assert [page.status_code for page in pages] == [404, 404]
