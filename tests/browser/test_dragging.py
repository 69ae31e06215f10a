"""Rows dragged to folders, breadcrumbs and the trash, which are never uploads."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.chromium import Visitor
from tests.support.controls import checkbox, control
from tests.support.wording import text_of

pytestmark = pytest.mark.browser

# What hangs at the pointer, as another program would get it.
LISTEN = """() => {
  document.addEventListener("dragstart", ({ dataTransfer }) => {
    window.carried = Object.fromEntries(dataTransfer.types.map((type) => [type, dataTransfer.getData(type)]));
  });
}"""

# A picture in a row is a file for the browser, too, as soon as it is dragged.
DRAG_A_PICTURE = """(type) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["x"], "x.png"));
  if (type) dataTransfer.setData(type, "1");
  document.body.dispatchEvent(new DragEvent("dragenter", { dataTransfer, bubbles: true }));
}"""


def row(page: Page, name: str) -> Locator:
    return page.locator(f'#rows [data-name="{name}"]')


def drag_over(page: Page, source: Locator, target: Locator) -> None:
    """Take hold of `source` and hang it over `target`."""
    source.hover()
    page.mouse.down()
    target.hover()
    # Once more, for the first move over an element only enters it.
    target.hover()


def test_rows_are_dragged_into_a_folder_and_to_a_breadcrumb(visitor: Visitor) -> None:
    for path in ("box/inner/x.txt", "a.txt", "b.txt", "c.txt"):
        visitor.person.store(path, b"1")
    page = visitor.open()
    page.evaluate(LISTEN)

    drag_over(page, row(page, "a.txt").locator(".col-modified"), row(page, "box"))
    expect(row(page, "box")).to_have_class("list-row is-target")
    expect(page.locator("#drop-sign")).to_be_hidden()
    page.mouse.up()
    expect(row(page, "a.txt")).to_have_count(0)
    expect(page.get_by_text(text_of("moved", name="a.txt", folder="box"))).to_be_visible()
    # Dropped outside of the window, it would be downloaded.
    user = page.evaluate("document.body.dataset.user")
    assert page.evaluate("window.carried.downloadurl").endswith(f"/download/a.txt?user={user}")

    checkbox(page, "b.txt").check()
    checkbox(page, "c.txt").check()
    # By its name, which is a link, with the others.
    row(page, "c.txt").locator(".name").drag_to(row(page, "box"))
    expect(page.get_by_text(text_of("moved-many", count=2, folder="box"))).to_be_visible()
    assert visitor.names() == ["box"]

    visitor.open("/index?path=box")
    row(page, "inner").drag_to(control(page, "top crumb"))
    expect(row(page, "inner")).to_have_count(0)
    assert visitor.person.get("inner/x.txt") == b"1"
    assert sorted(visitor.person.hashes()) == ["box/a.txt", "box/b.txt", "box/c.txt", "inner/x.txt"]


def test_ctrl_drag_copies_and_invalid_targets_reject_a_drop(visitor: Visitor) -> None:
    for path in ("box/x.txt", "a.txt"):
        visitor.person.store(path, b"1")
    page = visitor.open()
    places = control(page, "places")

    # Neither into itself, nor to where it is, nor onto a file.
    for source, target in (
        ("box", row(page, "box").locator(".col-modified")),
        ("box", control(places, "files")),
        ("box", row(page, "a.txt")),
    ):
        drag_over(page, row(page, source).locator(".name"), target)
        expect(page.locator(".is-target")).to_have_count(0)
        page.mouse.up()
    assert page.url.endswith("/index")
    assert visitor.names() == ["box", "a.txt"]

    page.keyboard.down("Control")
    row(page, "a.txt").drag_to(row(page, "box"))
    page.keyboard.up("Control")
    expect(page.get_by_text(text_of("copied-to", name="a.txt", folder="box"))).to_be_visible()
    assert sorted(visitor.person.hashes()) == ["a.txt", "box/a.txt", "box/x.txt"]

    row(page, "a.txt").drag_to(control(places, "trash"))
    expect(page.get_by_text(text_of("deleted", name="a.txt"))).to_be_visible()
    expect(row(page, "a.txt")).to_have_count(0)
    page.get_by_role("button", name=text_of("undo")).last.click()
    expect(row(page, "a.txt")).to_be_visible()


def test_a_dragged_thumbnail_is_not_an_upload(visitor: Visitor) -> None:
    page = visitor.open()

    page.evaluate(DRAG_A_PICTURE, "application/x-cabinet-rows")
    expect(page.locator("#drop-sign")).to_be_hidden()

    page.evaluate(DRAG_A_PICTURE, "")
    expect(page.locator("#drop-sign")).to_be_visible()
