"""The details panel, the versions in it, and links to pass on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Visitor, file, held_uploads, press_letter
from tests.support.images import picture
from tests.support.servers import Server

pytestmark = pytest.mark.browser


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="Details")


def fact(page: Page, label: str) -> Locator:
    """Return what the panel says about something."""
    return panel(page).locator("div[data-fact]").filter(has_text=label).locator("dd")


def clipboard(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_details_follow_what_is_chosen_and_are_there_again_on_the_next_page(visitor: Visitor) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    content = b"words " * 250
    stored = visitor.person.store("folder/notes.txt", content)
    visitor.person.store("folder/picture.png", picture("PNG", 60, 40))
    visitor.person.store("folder/inner/x.txt", b"1")
    page = visitor.open("/index?path=folder")
    page.get_by_role("link", name="notes.txt", exact=True).focus()

    press_letter(page, "d")
    expect(panel(page).locator("[data-part=name]")).to_have_text("notes.txt")
    expect(fact(page, "Kind")).to_have_text("Text")
    expect(fact(page, "Size")).to_have_text("1.5 kB (1,500 bytes)")
    expect(fact(page, "Media type")).to_have_text("text/plain")
    expect(fact(page, "Created").locator("time")).to_contain_text("Today")
    expect(fact(page, "Folder").get_by_role("link")).to_have_text("folder")
    oracle = hashlib.sha256(hashlib.sha256(content).digest()).hexdigest()
    assert stored["content_hash"] == oracle
    expect(fact(page, "Content hash").locator("code")).to_have_text(oracle)
    panel(page).get_by_role("button", name="Copy the content hash").click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert clipboard(page) == oracle

    visitor.row("picture.png").locator(".col-size").click()
    expect(panel(page).locator("[data-part=name]")).to_have_text("picture.png")
    expect(panel(page).locator("[data-part=picture] img")).to_be_visible()
    visitor.row("notes.txt").locator(".col-size").click(modifiers=["Control"])
    visitor.row("inner").locator(".col-modified").click(modifiers=["Control"])
    expect(panel(page).locator("[data-part=count]")).to_have_text("2 files, 1 folder")
    expect(panel(page).locator("[data-part=total]")).to_contain_text("1.6 kB")

    page.goto("/index")
    expect(panel(page)).to_contain_text("Choose something, and it is described here.")
    panel(page).get_by_role("button", name="Close the details").focus()
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    page.reload()
    expect(page.get_by_role("link", name="folder", exact=True)).to_be_visible()
    expect(panel(page)).to_be_hidden()


def test_a_folder_shows_how_much_is_in_it_and_a_list_by_size_goes_by_that(visitor: Visitor) -> None:
    for path, content in {
        "small/a/b/one": b"1" * 600,
        "small/two": b"2" * 900,
        "large/it": b"3" * 4000,
    }.items():
        visitor.person.store(path, content)
    visitor.person.store("file", b"")
    page = visitor.open("/index?sort=size&order=desc")

    sizes = page.locator("#rows .col-size > [title]")
    expect(sizes).to_have_text(["4 kB", "1.5 kB", "0 bytes"])
    expect(sizes.nth(1)).to_have_attribute("title", "1,500 bytes · 2 files")
    page.get_by_role("link", name="small", exact=True).focus()
    press_letter(page, "d")
    expect(fact(page, "Size")).to_have_text("1.5 kB (1,500 bytes)")
    expect(panel(page).locator("[data-fact=files] dd")).to_have_text("2")
    visitor.row("small").locator(".col-modified").click()
    visitor.row("large").locator(".col-modified").click(modifiers=["Control"])
    expect(panel(page).locator("[data-part=total]")).to_have_text("5.5 kB (5,500 bytes)")

    page.goto("/index?path=small")
    expect(page.locator("#totals")).to_have_text("2 items · 1.5 kB")
    page.goto("/index?path=small/a")
    expect(page.locator("#totals")).to_have_text("1 item · 600 bytes")
    page.goto("/index?path=large&view=grid")
    visitor.person.store("large/in/more", b"4" * 500)
    visitor.person.store("large/in/yet", b"4" * 500)
    page.reload()
    expect(visitor.row("in").locator(".col-size > [title]")).to_have_text("1 kB")
    expect(page.locator("#totals")).to_have_text("2 items · 3 files · 5 kB")


def test_versions_are_restored_and_deleted_for_ever_once_asked(visitor: Visitor) -> None:
    for content in (b"first", b"the second", b"third and last"):
        visitor.person.store("notes.txt", content)
    page = visitor.open()
    page.get_by_role("link", name="notes.txt", exact=True).focus()
    press_letter(page, "d")
    versions = panel(page).get_by_role("listitem")
    expect(versions).to_have_count(3)
    expect(versions.first).to_contain_text("current")
    expect(versions.first.get_by_role("button")).to_have_count(0)
    with page.expect_download() as saved:
        panel(page).get_by_role("link", name="Download version 2").click()
    assert saved.value.path().read_bytes() == b"the second"

    panel(page).get_by_role("button", name="Restore version 1").click()
    expect(versions).to_have_count(4)
    expect(fact(page, "Size")).to_have_text("5 bytes")
    expect(visitor.row("notes.txt").locator(".col-size")).to_have_text("5 bytes")
    panel(page).get_by_role("button", name="Delete version 2 for ever").click()
    asking = page.get_by_role("dialog", name="Delete version 2 for ever?")
    asking.get_by_role("button", name="Cancel").click()
    expect(asking).to_be_hidden()
    expect(versions).to_have_count(4)
    panel(page).get_by_role("button", name="Delete version 2 for ever").click()
    asking.get_by_role("button", name="Delete for ever").click()

    expect(versions).to_have_count(3)
    assert visitor.person.get("notes.txt") == b"first"


def test_what_has_the_focus_in_the_panel_keeps_it_while_the_list_changes(visitor: Visitor) -> None:
    for content in (b"first", b"second"):
        visitor.person.store("folder/notes.txt", content)
    page = visitor.open("/index?path=folder")
    page.get_by_role("link", name="notes.txt", exact=True).focus()
    press_letter(page, "d")
    link = fact(page, "Folder").get_by_role("link")
    expect(panel(page).get_by_role("listitem")).to_have_count(2)
    link.focus()

    page.locator("#files-input").set_input_files([file("arrived.txt")])
    expect(visitor.row("arrived.txt")).to_be_visible()
    expect(link).to_be_focused()

    panel(page).get_by_role("button", name="Restore version 1").press("Enter")
    expect(panel(page).get_by_role("listitem")).to_have_count(3)
    expect(panel(page).get_by_role("button", name="Restore version 1")).to_be_focused()
    deleting = panel(page).get_by_role("button", name="Delete version 1 for ever")
    deleting.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Delete for ever").press("Enter")
    expect(panel(page).get_by_role("listitem")).to_have_count(2)
    expect(panel(page).get_by_role("button", name="Close the details")).to_be_focused()


def test_on_a_phone_the_details_come_from_below_and_the_focus_goes_back(
    server: Server, new_context: NewContext, username: str
) -> None:
    phone = new_context(viewport={"width": 375, "height": 700}, has_touch=True, is_mobile=True)
    visitor = Visitor(server, phone, username)
    visitor.person.store("notes.txt", b"words")
    page = visitor.open()
    page.get_by_role("link", name="Actions for “notes.txt”").tap()
    page.get_by_role("menuitem", name="Details").tap()

    sheet = page.get_by_role("dialog", name="Details")
    expect(sheet.get_by_text("text/plain")).to_be_visible()
    page.wait_for_function(
        """() => {
            const { width, bottom } = document.getElementById("details-sheet").getBoundingClientRect();
            return width === 375 && bottom === 700;
        }"""
    )
    phone.grant_permissions(["clipboard-read", "clipboard-write"])
    sheet.get_by_role("button", name="Copy").first.tap()
    # A message within what shuts out all else: one can press what is in it.
    page.get_by_role("status").filter(has_text="Copied").get_by_role("button", name="Close").tap()
    expect(page.locator(".note")).to_have_count(0)
    page.keyboard.press("Escape")

    expect(sheet).to_be_hidden()
    expect(page.get_by_role("link", name="Actions for “notes.txt”")).to_be_focused()
    page.reload()
    expect(page.get_by_role("link", name="Actions for “notes.txt”")).to_be_visible()
    expect(sheet).to_be_hidden()


def test_details_stand_beside_what_is_looked_at_and_go_with_it(visitor: Visitor) -> None:
    visitor.person.store("a.txt", b"1")
    visitor.person.store("b.txt", b"22")
    page = visitor.open()
    page.get_by_role("link", name="a.txt", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Details").click()
    expect(fact(page, "Size")).to_have_text("1 byte")

    page.locator("#preview-stage").press("ArrowRight")
    expect(fact(page, "Size")).to_have_text("2 bytes")
    page.keyboard.press("Escape")

    expect(page.locator("#preview")).to_be_hidden()
    expect(panel(page)).to_be_hidden()


def test_links_are_copied_one_a_line_and_shown_where_browsers_hide_the_clipboard(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("Cross-Origin-Opener-Policy header has been ignored")
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for name in ("a & b.txt", "Отчёт №5.pdf"):
        visitor.person.store(name, b"1")
    page = visitor.open()
    links = [f"{visitor.server.url}/files/{quote(name)}" for name in ("a & b.txt", "Отчёт №5.pdf")]
    page.get_by_role("link", name="a & b.txt", exact=True).focus()

    press_letter(page, "c")
    expect(page.get_by_role("status").filter(has_text="The link is copied.")).to_be_visible()
    assert clipboard(page) == links[0]
    page.keyboard.press("Control+a")
    press_letter(page, "c")
    expect(page.get_by_role("status").filter(has_text="2 links are copied.")).to_be_visible()
    assert clipboard(page) == "\n".join(links)

    page = visitor.open_far()
    page.get_by_role("link", name="a & b.txt", exact=True).focus()
    press_letter(page, "c")
    field = page.get_by_role("textbox", name="Press Ctrl+C to copy")
    expect(field).to_be_focused()
    far = page.url.removesuffix("/index")
    expect(field).to_have_value(f"{far}/files/a%20%26%20b.txt")
    assert field.evaluate("field => field.selectionEnd - field.selectionStart") == len(field.input_value())
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="a & b.txt", exact=True)).to_be_focused()


def test_a_version_that_is_restored_beside_a_look_at_the_file_shows_at_once(visitor: Visitor) -> None:
    for content in (b"first", b"the second"):
        visitor.person.store("notes.txt", content)
    page = visitor.open()
    page.get_by_role("link", name="notes.txt", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#preview-stage")).to_contain_text("the second")
    page.get_by_role("button", name="Details", exact=True).click()

    panel(page).get_by_role("button", name="Restore version 1").click()

    expect(page.locator("#preview-stage")).to_contain_text("first")
    expect(fact(page, "Size")).to_have_text("5 bytes")
    expect(panel(page).get_by_role("listitem")).to_have_count(3)


def test_the_trash_tells_nothing_of_what_lies_where_something_was(visitor: Visitor) -> None:
    visitor.person.store("a.txt", b"old")
    visitor.person.delete("a.txt")
    visitor.person.store("a.txt", b"new")
    page = visitor.open()
    page.get_by_role("link", name="a.txt", exact=True).focus()
    press_letter(page, "d")
    expect(panel(page).locator("[data-part=name]")).to_have_text("a.txt")
    asked: list[str] = []
    with held_uploads(page):
        visitor.choose(file("late.txt"))
        expect(visitor.upload_line("late.txt")).to_be_visible()
        page.get_by_role("link", name="Trash").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Trash")
        page.on("request", lambda request: asked.append(request.url))
        page.clock.install()

        page.locator('#rows [data-name="a.txt"] .name').focus()
        # Longer than the panel waits for the focus to stay.
        page.clock.run_for(2_000)

        expect(panel(page)).to_contain_text("Choose something, and it is described here.")
        assert not asked
