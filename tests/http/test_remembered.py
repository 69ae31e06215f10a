"""Order and view of lists, stored in a cookie for each user."""

from __future__ import annotations

import re

import pytest

from tests.support.visitors import Browser, Program

COOKIE = re.compile(r"lists-([0-9a-f]+)=([^;]+)")


def names(text: str) -> list[str]:
    return re.findall(r'data-name="([^"]*)"', text)


@pytest.fixture
def sized(window: Browser, alice: Program) -> Browser:
    """Return a browser that has last seen a list from the largest."""
    for name, content in (("a", b"1"), ("b", b"333"), ("c", b"22")):
        alice.put(f"/files/{name}", content)
    seen = window.get("/index?sort=size&order=desc&view=grid")
    found = COOKIE.search(seen.headers["Set-Cookie"])
    assert found
    assert found[1] == alice.get("/me").get_json()["id"]
    return window


def test_a_page_without_an_order_uses_the_remembered_one(sized: Browser) -> None:
    page = sized.get("/index").text

    assert names(page) == ["b", "c", "a"]
    assert 'data-view="grid"' in page
    assert 'aria-sort="descending"' in page
    assert names(sized.get("/index?sort=name").text) == ["a", "b", "c"]


def test_the_next_page_keeps_its_order_and_changes_no_preference(sized: Browser, alice: Program) -> None:
    first = sized.get("/index?sort=name&limit=1").text
    (more,) = re.findall(r'id="more" href="([^"]+)"', first)

    sized.get("/index?sort=size&order=desc")
    following = sized.get(more.replace("&amp;", "&"))

    assert names(following.text)[0] == "b"
    assert "Set-Cookie" not in following.headers or not COOKIE.search(following.headers["Set-Cookie"])
    assert names(sized.get("/index").text) == ["b", "c", "a"]


@pytest.mark.parametrize(
    "value", ["", "view=grid", "sort=owner", "sort=size&order=sideways", "%%%", "sort", "a" * 3000]
)
def test_an_invalid_cookie_is_ignored(window: Browser, alice: Program, value: str) -> None:
    alice.put("/files/a", b"1")
    user = alice.get("/me").get_json()["id"]
    window.client.set_cookie(f"lists-{user}", value)

    page = window.get("/index")

    assert page.status_code == 200
    assert names(page.text) == ["a"]


def test_a_page_fetched_by_a_script_changes_no_preference(window: Browser, alice: Program) -> None:
    user = alice.get("/me").get_json()["id"]

    fetched = window.get("/index?sort=size", headers={"X-Cabinet-User": user})

    assert not COOKIE.search(fetched.headers.get("Set-Cookie", ""))


def test_programs_get_the_requested_order(sized: Browser, alice: Program) -> None:
    entries = alice.get("/files").get_json()["entries"]

    assert [entry["name"] for entry in entries] == ["a", "b", "c"]
