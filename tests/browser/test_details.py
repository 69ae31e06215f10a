"""The details panel, versions, and copied links."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Visitor, file, held_uploads, press_letter
from tests.support.controls import answer, control, menu_button
from tests.support.images import picture
from tests.support.servers import Server
from tests.support.wording import figures, text_of

pytestmark = pytest.mark.browser


def panel(page: Page) -> Locator:
    return control(page, "details")


def fact(page: Page, key: str) -> Locator:
    """Return what the panel says about something."""
    return panel(page).locator(f"div[data-fact={key}] dd")


def clipboard(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_details_follow_the_selection_and_stay_open_on_the_next_page(visitor: Visitor) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    content = b"words " * 250
    stored = visitor.person.store("folder/notes.txt", content)
    visitor.person.store("folder/picture.png", picture("PNG", 60, 40))
    visitor.person.store("folder/inner/x.txt", b"1")
    page = visitor.open("/index?path=folder")
    page.get_by_role("link", name="notes.txt", exact=True).focus()

    press_letter(page, "d")
    expect(panel(page).locator("[data-part=name]")).to_have_text("notes.txt")
    expect(fact(page, "kind")).to_have_text(text_of("kind-text"))
    expect(fact(page, "size")).to_have_text(figures(1.5, 1_500))
    expect(fact(page, "type")).to_have_text("text/plain")
    expect(fact(page, "created").locator("time")).to_contain_text("Today")
    expect(fact(page, "folder").get_by_role("link")).to_have_text("folder")
    oracle = hashlib.sha256(hashlib.sha256(content).digest()).hexdigest()
    assert stored["content_hash"] == oracle
    expect(fact(page, "hash").locator("code")).to_have_text(oracle)
    control(panel(page), "copy hash").click()
    expect(page.get_by_role("status").filter(has_text=text_of("copied"))).to_be_visible()
    assert clipboard(page) == oracle

    visitor.row("picture.png").locator(".col-size").click()
    expect(panel(page).locator("[data-part=name]")).to_have_text("picture.png")
    expect(panel(page).locator("[data-part=picture] img")).to_be_visible()
    visitor.row("notes.txt").locator(".col-size").click(modifiers=["Control"])
    visitor.row("inner").locator(".col-modified").click(modifiers=["Control"])
    expect(panel(page).locator("[data-part=count]")).to_have_text(figures(2, 1))
    expect(panel(page).locator("[data-part=total]")).to_contain_text("1.6 kB")

    page.goto("/index")
    expect(panel(page).locator(".details-none")).to_be_visible()
    control(panel(page), "close details").focus()
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    page.reload()
    expect(page.get_by_role("link", name="folder", exact=True)).to_be_visible()
    expect(panel(page)).to_be_hidden()


def test_a_folder_shows_its_total_size_and_sorts_by_it(visitor: Visitor) -> None:
    for path, content in {
        "small/a/b/one": b"1" * 600,
        "small/two": b"2" * 900,
        "large/it": b"3" * 4000,
    }.items():
        visitor.person.store(path, content)
    visitor.person.store("file", b"")
    page = visitor.open("/index?sort=size&order=desc")

    sizes = page.locator("#rows .col-size > [title]")
    expect(sizes).to_have_text([figures(4), figures(1.5), figures(0)])
    expect(sizes.nth(1)).to_have_attribute("title", figures(1_500, 2))
    page.get_by_role("link", name="small", exact=True).focus()
    press_letter(page, "d")
    expect(fact(page, "size")).to_have_text(figures(1.5, 1_500))
    expect(panel(page).locator("[data-fact=files] dd")).to_have_text("2")
    visitor.row("small").locator(".col-modified").click()
    visitor.row("large").locator(".col-modified").click(modifiers=["Control"])
    expect(panel(page).locator("[data-part=total]")).to_have_text(figures(5.5, 5_500))

    page.goto("/index?path=small")
    expect(page.locator("#totals")).to_have_text(figures(2, 1.5))
    page.goto("/index?path=small/a")
    expect(page.locator("#totals")).to_have_text(figures(1, 600))
    page.goto("/index?path=large&view=grid")
    visitor.person.store("large/in/more", b"4" * 500)
    visitor.person.store("large/in/yet", b"4" * 500)
    page.reload()
    expect(visitor.row("in").locator(".col-size > [title]")).to_have_text("1 kB")
    expect(page.locator("#totals")).to_have_text(figures(2, 3, 5))


def test_versions_are_restored_and_permanently_deleted_after_confirmation(visitor: Visitor) -> None:
    for content in (b"first", b"the second", b"third and last"):
        visitor.person.store("notes.txt", content)
    page = visitor.open()
    page.get_by_role("link", name="notes.txt", exact=True).focus()
    press_letter(page, "d")
    versions = panel(page).get_by_role("listitem")
    expect(versions).to_have_count(3)
    expect(versions.first.locator(".badge-here")).to_be_visible()
    expect(versions.first.get_by_role("button")).to_have_count(0)
    with page.expect_download() as saved:
        panel(page).get_by_role("link", name=text_of("version-download", number="2")).click()
    assert saved.value.path().read_bytes() == b"the second"

    panel(page).get_by_role("button", name=text_of("version-restore", number="1")).click()
    expect(versions).to_have_count(4)
    expect(fact(page, "size")).to_have_text(text_of("size.0", count=5, value=5))
    expect(visitor.row("notes.txt").locator(".col-size")).to_have_text(text_of("size.0", count=5, value=5))
    panel(page).get_by_role("button", name=text_of("version-discard", number="2")).click()
    asking = page.get_by_role("dialog", name=text_of("version-discard-title", number="2"))
    answer(asking, "").click()
    expect(asking).to_be_hidden()
    expect(versions).to_have_count(4)
    panel(page).get_by_role("button", name=text_of("version-discard", number="2")).click()
    asking.get_by_role("button", name=text_of("purge")).click()

    expect(versions).to_have_count(3)
    assert visitor.person.get("notes.txt") == b"first"


def test_the_focus_in_the_panel_survives_a_change_of_the_list(visitor: Visitor) -> None:
    for content in (b"first", b"second"):
        visitor.person.store("folder/notes.txt", content)
    page = visitor.open("/index?path=folder")
    page.get_by_role("link", name="notes.txt", exact=True).focus()
    press_letter(page, "d")
    link = fact(page, "folder").get_by_role("link")
    expect(panel(page).get_by_role("listitem")).to_have_count(2)
    link.focus()

    page.locator("#files-input").set_input_files([file("arrived.txt")])
    expect(visitor.row("arrived.txt")).to_be_visible()
    expect(link).to_be_focused()

    panel(page).get_by_role("button", name=text_of("version-restore", number="1")).press("Enter")
    expect(panel(page).get_by_role("listitem")).to_have_count(3)
    expect(panel(page).get_by_role("button", name=text_of("version-restore", number="1"))).to_be_focused()
    deleting = panel(page).get_by_role("button", name=text_of("version-discard", number="1"))
    deleting.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name=text_of("purge")).press("Enter")
    expect(panel(page).get_by_role("listitem")).to_have_count(2)
    expect(control(panel(page), "close details")).to_be_focused()


def test_on_a_phone_details_are_a_bottom_sheet_and_the_focus_returns(
    server: Server, new_context: NewContext, username: str
) -> None:
    phone = new_context(viewport={"width": 375, "height": 700}, has_touch=True, is_mobile=True)
    visitor = Visitor(server, phone, username)
    visitor.person.store("notes.txt", b"words")
    page = visitor.open()
    menu_button(page, "notes.txt").tap()
    page.get_by_role("menuitem", name=text_of("act-details")).tap()

    sheet = control(page, "sheet of details")
    expect(sheet.get_by_text("text/plain")).to_be_visible()
    page.wait_for_function(
        """() => {
            const { width, bottom } = document.getElementById("details-sheet").getBoundingClientRect();
            return width === 375 && bottom === 700;
        }"""
    )
    phone.grant_permissions(["clipboard-read", "clipboard-write"])
    control(sheet, "copy hash").tap()
    # The toast is inside of the modal dialog, so it can be pressed.
    control(page.get_by_role("status").filter(has_text=text_of("copied")), "close").tap()
    expect(page.locator(".note")).to_have_count(0)
    page.keyboard.press("Escape")

    expect(sheet).to_be_hidden()
    expect(menu_button(page, "notes.txt")).to_be_focused()
    page.reload()
    expect(menu_button(page, "notes.txt")).to_be_visible()
    expect(sheet).to_be_hidden()


def test_details_are_shown_beside_the_preview_and_follow_it(visitor: Visitor) -> None:
    visitor.person.store("a.txt", b"1")
    visitor.person.store("b.txt", b"22")
    page = visitor.open()
    page.get_by_role("link", name="a.txt", exact=True).click()
    control(page.get_by_role("dialog"), "details in preview").click()
    expect(fact(page, "size")).to_have_text(text_of("size.0", count=1, value=1))

    page.locator("#preview-stage").press("ArrowRight")
    expect(fact(page, "size")).to_have_text(text_of("size.0", count=2, value=2))
    page.keyboard.press("Escape")

    expect(page.locator("#preview")).to_be_hidden()
    expect(panel(page)).to_be_hidden()


def test_links_are_copied_one_per_line_and_shown_without_clipboard_access(
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
    expect(page.get_by_role("status").filter(has_text=text_of("address-copied"))).to_be_visible()
    assert clipboard(page) == links[0]
    page.keyboard.press("Control+a")
    press_letter(page, "c")
    expect(page.get_by_role("status").filter(has_text=text_of("addresses-copied", count=2))).to_be_visible()
    assert clipboard(page) == "\n".join(links)

    page = visitor.open_far()
    page.get_by_role("link", name="a & b.txt", exact=True).focus()
    press_letter(page, "c")
    field = page.get_by_role("textbox", name=text_of("copy-by-hand"))
    expect(field).to_be_focused()
    far = page.url.removesuffix("/index")
    expect(field).to_have_value(f"{far}/files/a%20%26%20b.txt")
    assert field.evaluate("field => field.selectionEnd - field.selectionStart") == len(field.input_value())
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="a & b.txt", exact=True)).to_be_focused()


def test_restoring_a_version_updates_the_preview(visitor: Visitor) -> None:
    for content in (b"first", b"the second"):
        visitor.person.store("notes.txt", content)
    page = visitor.open()
    page.get_by_role("link", name="notes.txt", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#preview-stage")).to_contain_text("the second")
    control(page, "details in preview").click()

    panel(page).get_by_role("button", name=text_of("version-restore", number="1")).click()

    expect(page.locator("#preview-stage")).to_contain_text("first")
    expect(fact(page, "size")).to_have_text(text_of("size.0", count=5, value=5))
    expect(panel(page).get_by_role("listitem")).to_have_count(3)


@pytest.mark.usefixtures("own_context")
def test_the_trash_shows_no_details_of_the_current_entry_at_that_path(visitor: Visitor) -> None:
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
        control(page, "trash").click()
        expect(control(page, "trash")).to_have_attribute("aria-current", "page")
        page.on("request", lambda request: asked.append(request.url))
        page.clock.install()

        page.locator('#rows [data-name="a.txt"] .name').focus()
        # Longer than the panel waits for the focus to stay.
        page.clock.run_for(2_000)

        expect(panel(page).locator(".details-none")).to_be_visible()
        assert not asked
