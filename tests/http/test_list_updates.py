"""Updating a list: each kind of place at its own URL, with changed rows only."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from cabinet.web.listing.updates import UPDATE_BYTES
from tests.support.visitors import NAVIGATION, Browser, Program, is_problem


def update(window: Browser, address: str, page: str, *, until: str | None = None, most: int = 1000) -> str:
    """Ask for the list at `address` again, as `page` shows it, and return the answer."""
    answer = ask(window, address, {"tags": tags(page), "until": until, "most": most})
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def ask(window: Browser, address: str, body: Any) -> TestResponse:
    path, _, query = address.partition("?")
    return window.client.post(f"{path}/rows?{query}", json=body, headers=NAVIGATION)


def tags(page: str) -> list[str]:
    return re.findall(r'data-tag="([^"]+)"', page)


def paths(page: str) -> list[str]:
    return re.findall(r'data-path="([^"]+)"', page)


def kept(page: str) -> list[str]:
    return re.findall(r'data-kept="([^"]+)"', page)


def more(page: str) -> str:
    found = re.search(r'id="more" href="([^"]+)"', " ".join(page.split()))
    return found[1] if found else ""


def cursor(page: str) -> str:
    return more(page).partition("after=")[2].partition("&")[0]


def links(page: str) -> list[str]:
    """Return where a page leads to, above the list and from it."""
    return re.findall(r'href="([^"]+)"', page.partition('id="files-head"')[2])


def total(page: str) -> str:
    found = re.search(r'<span id="totals"[^>]*>\s*(.*?) ·', page, re.DOTALL)
    return found[1] if found else ""


@pytest.fixture
def box(alice: Program) -> Program:
    """Return a user with a folder of eight files."""
    alice.upload([(f"{number}.txt", bytes(number)) for number in range(8)], "?folder=box")
    return alice


def test_a_complete_page_gets_no_rows(window: Browser, box: Program) -> None:
    page = unescape(window.get("/index?path=box").text)

    again = update(window, "/index?path=box", page)

    assert (kept(again), paths(again), more(again), total(again)) == (["0 8"], [], "", "8 items")


def test_new_and_changed_rows_come_in_place_and_removed_ones_are_omitted(
    window: Browser, box: Program
) -> None:
    page = unescape(window.get("/index?path=box").text)
    box.put("/files/box/3a.txt")
    box.put("/files/box/5.txt", b"other")
    box.delete("/files/box/7.txt")

    again = update(window, "/index?path=box", page)

    assert (kept(again), paths(again)) == (["0 4", "4 5", "6 7"], ["box/3a.txt", "box/5.txt"])
    assert total(again) == "8 items"
    assert again.index("box/3a.txt") < again.index('data-kept="4 5"') < again.index('data-path="box/5.txt"')


@pytest.mark.parametrize("order", ["", "&sort=size&order=desc", "&sort=modified&order=asc"])
def test_show_more_continues_after_the_last_row_whatever_precedes_it(
    window: Browser, box: Program, order: str
) -> None:
    address = f"/index?path=box{order}"
    page = unescape(window.get(f"{address}&limit=3").text)
    box.upload([(f"2{letter}.txt", b"1234") for letter in "abc"], "?folder=box")
    listed = paths(unescape(window.get(f"{address}&limit=100").text))

    again = update(window, address, page, until=cursor(page))

    # A page is much longer than this folder.
    assert len(listed) == 11
    assert more(again) == ""
    assert set(paths(again)) == set(listed) - set(paths(page))
    cut = update(window, address, page, until=None, most=3)
    assert total(cut) == "11 items"


def test_a_list_above_the_row_limit_is_cut_and_continues_there(window: Browser, alice: Program) -> None:
    alice.upload([(f"{number:03}.txt", b"") for number in range(215)], "?folder=box")
    page = unescape(window.get("/index?path=box").text)

    again = update(window, "/index?path=box", "", most=201)

    assert paths(again) == [f"box/{number:03}.txt" for number in range(201)]
    assert paths(unescape(window.get(more(again)).text)) == [
        f"box/{number:03}.txt" for number in range(201, 215)
    ]
    as_before = update(window, "/index?path=box", page, until=cursor(page))
    assert (kept(as_before), more(as_before)) == (["0 200"], more(page))


def test_search_results_and_trash_are_updated_too(window: Browser, box: Program) -> None:
    for number in (1, 2):
        box.delete(f"/files/box/{number}.txt")
    found, trash = (unescape(window.get(address).text) for address in ("/search?q=txt", "/trash"))
    box.delete("/files/box/4.txt")
    box.put("/files/box/9 txt", b"1")

    found_again = update(window, "/search?q=txt", found)
    trash_again = update(window, "/trash", trash)

    assert "box/4.txt" in paths(found)
    assert (kept(found_again), paths(found_again)) == (["0 3", "4 6"], ["box/9 txt"])
    assert "6 found" in found_again
    assert (kept(trash_again), paths(trash_again)) == (["0 2"], ["box/4.txt"])


@pytest.mark.parametrize("query", ["?path=box", "?path=box&sort=size&order=desc&view=grid"])
def test_an_updated_list_links_like_its_page(window: Browser, box: Program, query: str) -> None:
    page = window.get(f"/index{query}").text

    again = ask(window, f"/index{query}", {"tags": [], "most": 100}).text

    assert links(again) == links(page)


def test_an_empty_list_has_the_usual_message(window: Browser, box: Program) -> None:
    page = unescape(window.get("/index?path=box").text)
    box.delete("/files/box")
    box.request("POST", "/folders", json={"path": "box"})

    assert 'class="empty"' in update(window, "/index?path=box", page)
    assert 'class="empty"' not in update(window, "/trash", "")


@pytest.mark.parametrize("address", ["/index?path=box", "/search?q=txt", "/trash"])
def test_a_foreign_cursor_is_refused(window: Browser, box: Program, address: str) -> None:
    for until in ("x" * 5000, "?", "W10", "bnVsbA", "WzEsMl0"):
        answer = ask(window, address, {"tags": [], "until": until, "most": 5})

        assert answer.status_code == 422, until


def test_an_update_of_something_else_is_refused(window: Browser, box: Program) -> None:
    bodies: list[Any] = [{}, [], {"tags": "abc", "most": 1}, {"tags": [], "most": 0}]
    for body in bodies:
        assert ask(window, "/index?path=box", body).status_code == 400
    too_much = {"tags": [], "most": 1, "until": "x" * UPDATE_BYTES}
    assert ask(window, "/index", too_much).status_code == 413
    assert ask(window, "/index?path=nowhere", {"tags": [], "most": 1}).status_code == 404


def test_lists_require_authentication(app: Flask, box: Program) -> None:
    client = app.test_client()

    assert is_problem(
        client.post("/index/rows?path=box", json={"tags": [], "most": 1}), 401, "sign-in-required"
    )
