"""Order and view of lists are stored in the browser for each user."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewContext
from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor, file
from tests.support.controls import column, control
from tests.support.servers import Server

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("is_scripted", [True, False])
def test_order_and_view_are_remembered_per_user(
    server: Server, new_context: NewContext, username: str, is_scripted: bool
) -> None:
    context = new_context(java_script_enabled=is_scripted)
    visitor = Visitor(server, context, username)
    for name, content in (("a.txt", b"1"), ("b.txt", b"333"), ("sub/c.txt", b"22"), ("sub/d.txt", b"1")):
        visitor.person.store(name, content)
    other = Visitor(server, new_context(), f"{username}2")
    other.person.store("a.txt", b"1")
    page = visitor.page
    go = visitor.open if is_scripted else page.goto

    go("/index")
    column(page, "size").get_by_role("link").click()
    expect(column(page, "size")).to_have_attribute("aria-sort", "ascending")
    column(page, "size").get_by_role("link").click()
    expect(column(page, "size")).to_have_attribute("aria-sort", "descending")
    control(page, "as tiles").click()
    expect(page.locator(".list.is-grid")).to_be_visible()
    page.goto("/index?path=sub")

    expect(page.locator("#rows [data-name]")).to_have_count(2)
    assert page.locator("#rows .name").all_inner_texts() == ["c.txt", "d.txt"]
    expect(page.locator(".list.is-grid")).to_be_visible()
    page.goto("/index?path=sub&sort=name&order=asc&view=list")
    assert page.locator("#rows .name").all_inner_texts() == ["c.txt", "d.txt"]
    context.request.post("/login", form={"username": other.username, "password": PASSWORD})
    page.goto("/index")
    expect(column(page, "name")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator(".list.is-grid")).to_have_count(0)


def test_a_list_keeps_its_order_when_another_tab_changes_it(
    visitor: Visitor,
) -> None:
    for name in ("a #1?.txt", "b%20.txt", "в.txt"):
        visitor.person.store(f"docs/{name}", b"1")
    page = visitor.open("/index?path=docs")
    other = visitor.context.new_page()
    other.goto("/index?path=docs&sort=name&order=desc")

    visitor.person.store("docs/aa.txt", b"1")
    page.locator("#files-input").set_input_files([file("c.txt")])

    expect(page.locator("#rows [data-name]")).to_have_count(5)
    assert visitor.names() == ["a #1?.txt", "aa.txt", "b%20.txt", "c.txt", "в.txt"]
