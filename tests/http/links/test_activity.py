"""What happens to links and in shared folders, by the API and as a page."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from cabinet.extensions import db
from cabinet.services.access.roles import ShareRole
from tests.http.links.conftest import Share, Visitor
from tests.http.test_statements import counted
from tests.support.mounts import mount
from tests.support.visitors import Browser, Program, is_problem

PERSON = {"Accept": "text/html"}


def events(program: Program, query: str = "") -> list[dict[str, Any]]:
    """Return the events that somebody sees, oldest first."""
    response = program.get(f"/activity{query}")
    assert response.status_code == 200, response.text
    return list(reversed(response.get_json()["events"]))


def test_the_owner_is_told_what_guests_do(owner: Program, share: Share, visitor: Visitor) -> None:
    link = share(rights=["read", "list", "write"], name="For Carol")
    (made,) = owner.get("/shares").get_json()["shares"]
    for _again in range(2):
        visitor.get(link, PERSON)
        visitor.get(f"{link}/files")
    visitor.get(f"{link}/files/d/f")
    visitor.get(f"{link}/files/d/f", {"Range": "bytes=1-"})
    visitor.request("HEAD", f"{link}/files/f")
    visitor.get(f"{link}/thumbnails/f")
    visitor.get(f"{link}/download")
    visitor.request("PUT", f"{link}/files/new", data=b"new")
    owner.delete(f"/shares/{made['id']}")

    told = events(owner)
    assert [(each["verb"], each["path"], each["guest"]) for each in told] == [
        ("shared", "work/shared", False),
        ("opened", "work/shared", True),
        ("downloaded", "work/shared/d/f", True),
        ("downloaded", "work/shared", True),
        ("uploaded", "work/shared/new", True),
        ("unshared", "work/shared", False),
    ]
    assert {(each["share"], each["share_name"], each["count"]) for each in told} == {
        (made["id"], "For Carol", 1)
    }
    assert [each["actor"] for each in told] == ["alice", None, None, None, None, "alice"]
    assert events(owner, f"?share={made['id']}") == told
    assert [each["verb"] for each in events(owner, "?path=work/shared/d")] == ["downloaded"]
    assert events(owner, "?path=other") == []


def test_a_link_to_a_file_and_a_selection_are_told_with_what_was_downloaded(
    owner: Program, share: Share, visitor: Visitor
) -> None:
    file, picked = share("work/secret"), share("work/secret", "other/f")
    visitor.get(file)
    visitor.get(f"{file}/download")
    visitor.get(picked)
    visitor.get(f"{picked}/download/f")
    visitor.get(f"{picked}/zip?path=f")
    assert [(each["verb"], each["path"]) for each in events(owner) if each["guest"]] == [
        ("opened", "work/secret"),
        ("downloaded", "work/secret"),
        ("opened", ""),
        ("downloaded", "other/f"),
        ("downloaded", ""),
    ]


def test_pages_of_events_follow_each_other(owner: Program, share: Share) -> None:
    share()
    for number in range(5):
        owner.put(f"/files/work/shared/{number}", b"x")
    seen, after = [], ""
    while True:
        page = owner.get(f"/activity?limit=2{after}").get_json()
        seen += [each["path"] for each in page["events"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == [f"work/shared/{number}" for number in reversed(range(5))] + ["work/shared"]


@pytest.mark.parametrize(
    ("query", "status", "slug"),
    [
        ("?after=x", 422, "invalid-field"),
        ("?limit=0", 422, "invalid-field"),
        ("?path=&share=x", 422, "invalid-field"),
        ("?share=x", 404, "not-found"),
        ("?path=nothing", 404, "not-found"),
        ("?path=../x", 422, "invalid-name"),
        ("?path=a%2F%2Fb", 422, "invalid-name"),
    ],
)
def test_what_cannot_be_asked_is_refused(owner: Program, query: str, status: int, slug: str) -> None:
    assert is_problem(owner.get(f"/activity{query}"), status, slug)


def test_nobody_sees_events_of_others(
    app: Flask, owner: Program, bob: Program, share: Share, visitor: Visitor
) -> None:
    link = share()
    visitor.get(link)
    (made,) = owner.get("/shares").get_json()["shares"]
    assert events(bob) == []
    assert is_problem(bob.get(f"/activity?share={made['id']}"), 404, "not-found")
    assert is_problem(bob.get("/activity?path=work/shared"), 404, "not-found")
    assert is_problem(visitor.get("/activity"), 401, "sign-in-required")
    assert is_problem(visitor.get(f"{link}/activity"), 404, "not-found")
    with app.app_context():
        mount(db.session(), "alice", "work/shared", "bob", "Hers", ShareRole.EDITOR)
    owner.put("/files/work/shared/by alice", b"1")
    owner.put("/files/work/by alice", b"1")
    bob.put("/files/Hers/by bob", b"1")

    assert [(each["actor"], each["path"]) for each in events(bob)] == [
        ("alice", "Hers/by alice"),
        ("bob", "Hers/by bob"),
    ]
    assert events(bob, "?path=Hers") == events(bob)
    assert [each["path"] for each in events(bob, "?path=Hers/by bob")] == ["Hers/by bob"]
    assert is_problem(bob.get("/activity?path=Hers/../secret"), 422, "invalid-name")
    assert events(owner)[-1]["actor"] == "bob"


def test_downloads_of_members_are_told_to_those_who_may_share_once_in_a_while(
    app: Flask, owner: Program, bob: Program
) -> None:
    with app.app_context():
        mount(db.session(), "alice", "work/shared", "bob", "Hers", ShareRole.EDITOR)
    for _again in range(2):
        assert bob.get("/download/Hers/f").data == b"content"
        assert bob.get("/download/Hers/d").status_code == 200
    bob.get("/files/Hers/d/f")
    bob.request("HEAD", "/download/Hers/d/f")
    owner.get("/download/work/shared/d/f")
    told = [("downloaded", "bob", "work/shared/f"), ("downloaded", "bob", "work/shared/d")]
    assert [(each["verb"], each["actor"], each["path"]) for each in events(owner)] == told
    assert events(bob) == []


@pytest.mark.parametrize("way", ["query", "body", "form", "folder"])
def test_a_zip_of_a_selection_is_told_as_one_download(
    app: Flask, owner: Program, bob: Program, way: str
) -> None:
    owner.put("/files/work/shared/second", b"2")
    bob.put("/files/own", b"1")
    with app.app_context():
        mount(db.session(), "alice", "work/shared", "bob", "Hers", ShareRole.VIEWER)
    paths = ["Hers/f", "own", "Hers/second"]
    query = {"path": paths}
    assert bob.request("HEAD", "/zip", query_string=query).status_code == 200
    assert bob.request("POST", "/zip", json={"path": [*paths, "Hers/nothing"]}).status_code == 404
    assert events(owner) == []
    if way == "query":
        answer = bob.request("GET", "/zip", query_string=query)
    elif way == "body":
        answer = bob.request("POST", "/zip", json={"path": paths})
    elif way == "form":
        answer = bob.request("POST", "/zip", data={"path": paths})
    else:
        answer = bob.request("POST", "/zip", json={"folder": "Hers", "except": ["d"], "count": 2})
    assert answer.status_code == 200
    assert answer.data.startswith(b"PK")

    (event,) = events(owner)
    told = {key: event[key] for key in ("verb", "actor", "path", "count")}
    assert told == {"verb": "downloaded", "actor": "bob", "path": "work/shared", "count": 2}


def test_the_page_tells_what_happened_and_news_once(window: Browser, share: Share, visitor: Visitor) -> None:
    link = share(notify=True, name="<b>For Carol</b>")
    assert "bell-dot" not in window.get("/index").text
    visitor.get(link)
    assert "bell-dot" in window.get("/index").text
    assert "bell-dot" in window.get("/activity?path=work").text
    page = window.get("/activity").text
    assert "&lt;b&gt;For Carol&lt;/b&gt;" in page
    assert "<b>For Carol" not in page
    assert "badge-here" in page
    assert "bell-dot" not in page
    again = window.get("/activity").text
    assert "&lt;b&gt;For Carol" in again
    assert "badge-here" not in again


def test_the_page_of_a_link_leads_to_what_happened_to_it(
    owner: Program, window: Browser, share: Share, visitor: Visitor
) -> None:
    visitor.get(share(name="For Carol"))
    (made,) = owner.get("/shares").get_json()["shares"]
    address = f"/activity?share={made['id']}"
    assert window.get("/shared").text.count(f'href="{address}"') == 1
    page = window.get(address).text
    assert page.count('class="thing-name"') == 2
    assert "work" in page


def test_a_change_in_a_shared_folder_costs_two_statements_however_many_share_it(
    app: Flask, owner: Program, bob: Program, share: Share
) -> None:
    def send(name: str) -> int:
        with counted(app) as said:
            assert owner.put(f"/files/work/shared/{name}", name.encode()).status_code == 201
        return len([each for each in said if "advisory" not in each])

    alone = send("1")
    share("other")
    elsewhere = send("2")
    share()
    once = send("3")
    for number in range(5):
        share()
        with app.app_context():
            mount(db.session(), "alice", "work/shared", "bob", f"Hers {number}", ShareRole.EDITOR)
    assert (elsewhere - alone, once - alone, send("4") - alone) == (2, 2, 2)
