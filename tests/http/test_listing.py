"""`GET /files` and `GET /files/<folder>`: pages, orders, cursors and limits.

Rule: the folder is read page by page, as clients do.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask import Flask

from tests.support.visitors import Program

pytestmark = pytest.mark.database

# In the order of names: folders first, numbers by value, case last, Russian letters in theirs.
FOLDERS = ["10", "a2", "a10", "B", "ёж", "Йод"]
FILES = ["1.txt", "02.txt", "3.txt", "10.txt", "apple", "Banana", "cherry", "дом", "ель", "ива", "йога"]
SIZES = {name: (7 * index) % 5 for index, name in enumerate(FILES)}


@pytest.fixture
def full(alice: Program) -> Program:
    """Return a user with a mixed folder and something below each folder."""
    for name in [*FILES[::2], *FILES[1::2]]:
        assert alice.put(f"/files/{quote(name)}", b"x" * SIZES[name]).status_code == 201
    for name in reversed(FOLDERS):
        assert alice.put(f"/files/{quote(name)}/inner/f", b"x").status_code == 201
    return alice


def pages_of(user: Program, **query: object) -> Iterator[dict[str, Any]]:
    while True:
        response = user.get(f"/files?{urlencode(query)}")
        assert response.status_code == 200, response.text
        page: dict[str, Any] = response.get_json()
        assert list(page) == ["path", "entries", "next"]
        yield page
        if page["next"] is None:
            return
        query["after"] = page["next"]


def names_in(pages: list[dict[str, Any]]) -> list[str]:
    return [entry["name"] for page in pages for entry in page["entries"]]


def test_pages_list_the_folder_in_order(full: Program) -> None:
    for sort, order, limit in product(("name", "size", "modified"), ("asc", "desc"), (1, 4, 17)):
        pages = list(pages_of(full, sort=sort, order=order, limit=limit))

        assert names_in(pages) == in_order(sort, order), (sort, order, limit)
        assert [len(page["entries"]) for page in pages[:-1]] == [limit] * (len(pages) - 1)
        assert len(pages) == -(-17 // limit)


def in_order(sort: str, order: str) -> list[str]:
    expected_files = {
        "name": FILES,
        "size": sorted(FILES, key=lambda name: (SIZES[name], FILES.index(name))),
        "modified": [*FILES[::2], *FILES[1::2]],
    }[sort]
    expected_folders = FOLDERS[::-1] if sort == "modified" else FOLDERS
    step = -1 if order == "desc" else 1
    return [*expected_folders[::step], *expected_files[::step]]


def test_recursive_pages_list_each_folder_followed_by_its_content(full: Program) -> None:
    expected = [path for name in FOLDERS for path in (name, f"{name}/inner", f"{name}/inner/f")] + FILES
    for limit in (1, 3, 1000):
        pages = pages_of(full, recursive=1, limit=limit)
        assert [entry["path"] for page in pages for entry in page["entries"]] == expected
    below = list(pages_of(full, recursive=1, path="B", limit=1))
    assert [entry["path"] for page in below for entry in page["entries"]] == ["B/inner", "B/inner/f"]
    assert {page["path"] for page in below} == {"B"}


def test_a_folder_is_listed_at_its_own_url_too(full: Program) -> None:
    by_query, by_path = full.get("/files?path=B&limit=5"), full.get("/files/B?limit=5")

    assert by_path.get_json() == by_query.get_json()
    assert by_path.get_json()["path"] == "B"
    assert full.request("HEAD", "/files/B").status_code == 200


def test_the_url_of_a_folder_may_end_with_a_slash(full: Program) -> None:
    for path in ("", "/B", "/B/inner"):
        plain, slashed = full.get(f"/files{path}?limit=5"), full.get(f"/files{path}/?limit=5")
        assert slashed.get_json()["path"] == plain.get_json()["path"] == path[1:]
        assert slashed.get_json()["entries"] == plain.get_json()["entries"]
        assert slashed.status_code == full.request("HEAD", f"/files{path}/").status_code == 200
    archive = full.get("/download/B/")
    assert (archive.status_code, archive.headers["Content-Type"]) == (200, "application/zip")
    (root,) = full.request("POST", "/lookup", json={"paths": [""]}).get_json()["entries"]
    assert root["url"] == "/files"


@pytest.mark.parametrize("face", ["files", "download"])
def test_a_file_is_no_folder_and_only_one_slash_is_accepted(full: Program, face: str) -> None:
    for path, status in (
        ("1.txt/", 404),
        ("nothing/", 404),
        ("B//", 422),
        ("B/inner//", 422),
        ("B//inner/", 422),
    ):
        assert full.get(f"/{face}/{path}").status_code == status, path


def test_changes_after_the_cursor_are_listed_and_changes_before_it_are_not(alice: Program) -> None:
    for name in "bdfh":
        alice.put(f"/files/{name}")
    first = alice.get("/files?limit=2").get_json()
    assert [entry["name"] for entry in first["entries"]] == ["b", "d"]

    for name in "ace":
        alice.put(f"/files/{name}")
    alice.delete("/files/d")
    alice.delete("/files/h")

    rest = alice.get(f"/files?limit=1000&after={first['next']}").get_json()
    assert [entry["name"] for entry in rest["entries"]] == ["e", "f"]


def test_an_empty_folder_lists_nothing(alice: Program) -> None:
    for query in ("", "?recursive=1", "?sort=size&order=desc"):
        assert alice.get(f"/files{query}").get_json() == {"path": "", "entries": [], "next": None}


def test_limit_is_a_number_from_1_to_1000(alice: Program) -> None:
    for limit in ("0", "1001", "-1", "+5", "", "abc", "1e2", "9" * 5000, "１", "5 "):
        response = alice.get(f"/files?{urlencode({'limit': limit})}")
        assert response.status_code == 422, limit
        assert response.get_json()["type"] == "/problems/invalid-field"
        assert "limit" in response.get_json()["detail"]
    for limit in ("1", "1000", "0999"):
        assert alice.get(f"/files?limit={limit}").status_code == 200


def test_an_unknown_option_is_refused(alice: Program) -> None:
    for query in (
        "sort=colour", "order=up", "sort=NAME", "after=garbage", "after=%D1%8F", "after=W10",
        "recursive=1&after=W10", "recursive=1&sort=size", "recursive=1&order=desc",
        "recursive=1&after=WyJmaWxlIiwieCIsM10", "after=WyJuYW1lIiwxLDAsIkFBIl0",
    ):  # fmt: skip
        response = alice.get(f"/files?{query}")
        assert response.status_code == 422, query
        assert response.get_json()["type"] == "/problems/invalid-field"


def test_a_cursor_of_another_order_or_listing_is_refused(full: Program) -> None:
    cursor = full.get("/files?limit=1&sort=size").get_json()["next"]
    walk = full.get("/files?limit=1&recursive=1").get_json()["next"]

    assert full.get(f"/files?sort=name&after={cursor}").status_code == 422
    assert full.get(f"/files?recursive=1&after={cursor}").status_code == 422
    assert full.get(f"/files?after={walk}").status_code == 422
    assert full.get(f"/files?recursive=1&path=B&after={walk}").status_code == 422
    assert full.get(f"/files?sort=size&order=desc&after={cursor}").status_code == 422
    assert full.get(f"/files?sort=size&path=B&after={cursor}").status_code == 422
    assert full.get(f"/files?sort=size&after={cursor}").status_code == 200


def test_a_cursor_of_another_user_reveals_nothing(app: Flask, full: Program, bob: Program) -> None:
    bob.put("/files/a-secret")
    bob.put("/files/z-secret")
    for query in ("limit=1", "limit=1&recursive=1"):
        cursor = bob.get(f"/files?{query}").get_json()["next"]
        listed = full.get(f"/files?{query}000&after={cursor}".replace("recursive=1000", "recursive=1"))
        assert listed.status_code == 422
        assert "secret" not in listed.text


def test_only_a_folder_is_listed(full: Program) -> None:
    for path, status in (("nothing", 404), ("1.txt", 409), ("B/inner/f/x", 404), ("../x", 422), ("/", 422)):
        for query in ({"path": path}, {"path": path, "recursive": 1}):
            assert full.get(f"/files?{urlencode(query)}").status_code == status, query
