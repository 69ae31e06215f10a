"""The totals of folders in JSON, and the entity tags of listings.

Rule: a tag changes with anything below its folder and with nothing elsewhere, and reveals no number.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.support.visitors import Program

pytestmark = pytest.mark.database


@pytest.fixture
def full(alice: Program) -> Program:
    """Return a user with a folder three levels deep, and another beside it."""
    for path, size in {"a/b/c/1": 1, "a/b/c/2": 2, "a/3": 3, "other/4": 4}.items():
        assert alice.put(f"/files/{path}", b"x" * size).status_code == 201
    return alice


def told(user: Program, path: str) -> dict[str, Any]:
    """Return the entry of a folder."""
    (entry,) = user.request("POST", "/lookup", json={"paths": [path]}).get_json()["entries"]
    assert isinstance(entry, dict)
    return entry


def sums(user: Program, path: str) -> tuple[int, int, int]:
    entry = told(user, path)
    assert entry["size"] is None
    return entry["tree_size"], entry["tree_files"], entry["child_count"]


def test_a_folder_reports_its_tree_sums(full: Program) -> None:
    assert [sums(full, path) for path in ("a", "a/b", "a/b/c", "other")] == [
        (6, 3, 2),
        (3, 2, 1),
        (3, 2, 2),
        (4, 1, 1),
    ]

    full.request("POST", "/moves", json={"from": ["a/b/c"], "to": "other/"})
    full.request("POST", "/copies", json={"from": ["other"], "to": "again"})
    full.delete("/files/other/c/1")

    assert [sums(full, path) for path in ("a", "a/b", "other", "other/c", "again")] == [
        (3, 1, 2),
        (0, 0, 0),
        (6, 2, 2),
        (2, 1, 1),
        (7, 3, 2),
    ]


CHANGES: dict[str, Callable[[Program], object]] = {
    "a new file": lambda user: user.put("/files/a/b/c/new", b""),
    "other content": lambda user: user.put("/files/a/b/c/1", b"y"),
    "the same content again": lambda user: user.put("/files/a/b/c/1", b"x", headers={"X-Mtime": "1"}),
    "a new folder": lambda user: user.request("POST", "/folders", json={"path": "a/b/c/new"}),
    "a new name": lambda user: user.request("POST", "/moves", json={"from": ["a/b/c/1"], "to": "a/b/c/one"}),
    "a file comes": lambda user: user.request("POST", "/moves", json={"from": ["other/4"], "to": "a/b/c/"}),
    "a copy comes": lambda user: user.request("POST", "/copies", json={"from": ["other"], "to": "a/b/c/"}),
    "a file goes": lambda user: user.delete("/files/a/b/c/1"),
    "a folder goes": lambda user: user.delete("/files/a/b/c"),
    "a version comes back": lambda user: user.request("POST", "/versions/a/b/c/2/1/restore"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_change_updates_the_etags_of_all_ancestors(full: Program, change: Callable[[Program], Any]) -> None:
    assert full.put("/files/a/b/c/2", b"zzz").status_code == 200
    listings = ["/files", "/files?recursive=1", "/files/a", "/files?path=a&sort=size", "/files/a/b"]
    before = {listing: full.get(listing).headers["ETag"] for listing in listings}
    entries = {path: told(full, path)["etag"] for path in ("a", "a/b")}
    elsewhere = full.get("/files/other").headers["ETag"], told(full, "other")["etag"]
    is_there_too = change is CHANGES["a file comes"]

    assert change(full).status_code < 300

    for listing, tag in before.items():
        answer = full.get(listing, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.headers["ETag"] != tag) == (200, True), listing
    assert all(told(full, path)["etag"] != tag for path, tag in entries.items())
    now = full.get("/files/other").headers["ETag"], told(full, "other")["etag"]
    assert (now == elsewhere) is not is_there_too


def test_an_unchanged_listing_is_not_sent_again(full: Program) -> None:
    first = full.get("/files/a?limit=1")
    tag = first.headers["ETag"]

    for asked in (tag, f"W/{tag}", f'"else", {tag}'):
        again = full.get("/files/a?limit=1", headers={"If-None-Match": asked})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert {"Accept", "Cookie"} <= set(first.vary)
    assert {"Accept", "Cookie"} <= set(again.vary)
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "private, no-cache"
    assert full.get("/files/a?limit=1", headers={"If-None-Match": '"else"'}).status_code == 200
    gone = full.get("/files/nothing", headers={"If-None-Match": "*"})
    assert gone.status_code == 404


def test_another_query_language_or_user_has_another_etag(full: Program, bob: Program) -> None:
    answers = [
        full.get("/files/a"),
        full.get("/files?path=a"),
        full.get("/files/a?limit=1"),
        full.get("/files/a?sort=size"),
        full.get("/files/a", headers={"Accept-Language": "ru"}),
    ]
    assert bob.put("/files/a/3", b"xxx").status_code == 201
    answers.append(bob.get("/files/a"))

    assert len({answer.headers["ETag"] for answer in answers}) == len(answers)


def test_an_etag_does_not_reveal_the_number_of_changes(full: Program) -> None:
    tags = []
    for number in range(4):
        full.put("/files/a/3", bytes([number]))
        tags.append(told(full, "a")["etag"])

    assert len(set(tags)) == 4
    assert {len(tag) for tag in tags} == {32}
    # A counter that shows through would have its bits in common from one to the next.
    for one, two in pairwise(tags):
        assert sum(x != y for x, y in zip(one, two, strict=True)) > 16


def test_a_page_for_browsers_has_no_etag_and_the_right_vary(full: Program) -> None:
    page = full.get("/index?path=a", headers={"Accept": "text/html"})
    led = full.get("/files/a", headers={"Accept": "text/html"})

    assert "ETag" not in page.headers
    assert (led.status_code, "ETag" in led.headers) == (303, False)
    assert {"Accept", "Cookie"} <= set(led.vary)


def test_folders_are_sorted_by_their_tree_size(full: Program) -> None:
    full.request("POST", "/folders", json={"path": "empty"})

    orders = {
        order: [entry["name"] for entry in full.get(f"/files?sort=size&order={order}").get_json()["entries"]]
        for order in ("asc", "desc")
    }

    assert orders == {"asc": ["empty", "other", "a"], "desc": ["a", "other", "empty"]}
