"""The Share dialog, the page of all links, and the same without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Visitor, first_page, press_letter, sign_in
from tests.support.controls import checkbox, control, menu_button
from tests.support.servers import Server
from tests.support.wording import text_of

pytestmark = pytest.mark.browser

CLIPBOARD = ["clipboard-read", "clipboard-write"]
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"


def clipboard(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def dialog(page: Page) -> Locator:
    return control(page, "share dialog")


def address(page: Page) -> Locator:
    return page.locator(".share-address code")


def links_of(visitor: Visitor) -> list[dict[str, object]]:
    found: list[dict[str, object]] = visitor.person.send("GET", "/shares").json()["shares"]
    return found


def test_one_click_in_the_dialog_makes_and_copies_a_link(visitor: Visitor) -> None:
    visitor.context.grant_permissions(CLIPBOARD)
    visitor.person.store("docs/a.txt", b"content")
    page = visitor.open()
    menu_button(page, "docs").click()
    page.get_by_role("menuitem", name=text_of("act-share"), exact=True).click()

    control(dialog(page), "make link").click()

    expect(page.get_by_role("status").filter(has_text=text_of("link-copied"))).to_be_visible()
    (link,) = links_of(visitor)
    assert clipboard(page) == link["url"]
    expect(address(page)).to_have_text(str(link["url"]))
    expect(dialog(page).locator(".share-qr")).to_have_js_property("complete", True)
    assert dialog(page).locator(".share-qr").evaluate("image => image.naturalWidth") > 0
    control(dialog(page), "close sharing").click()
    expect(dialog(page)).to_be_hidden()
    # The row is another one now, with a sign.
    expect(page.get_by_role("link", name="docs", exact=True)).to_be_focused()


def test_keys_share_a_file_change_its_link_and_revoke_it(visitor: Visitor) -> None:
    visitor.context.grant_permissions(CLIPBOARD)
    visitor.person.store("a.txt", b"content")
    page = visitor.open()
    page.get_by_role("link", name="a.txt", exact=True).focus()

    page.keyboard.press("Control+Alt+s")
    expect(control(dialog(page), "make link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(address(page)).to_be_visible()
    summary = dialog(page).locator("details.panel > summary")
    summary.focus()
    page.keyboard.press("Enter")
    control(dialog(page), "link password").fill("secret")
    with page.expect_response("**/change"):
        page.keyboard.press("Enter")
    expect(dialog(page).locator("[name=remove_password]")).to_be_visible()
    (link,) = links_of(visitor)
    assert link["has_password"]
    control(dialog(page), "revoke link").focus()
    page.keyboard.press("Enter")
    expect(control(dialog(page), "sure")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    # The dialog shows how the entry can be shared, as at first.
    expect(control(dialog(page), "make link")).to_be_focused()
    assert links_of(visitor) == []
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    expect(page.get_by_role("link", name="a.txt", exact=True)).to_be_focused()


def test_a_selection_is_shared_by_one_link_from_the_bar(visitor: Visitor) -> None:
    visitor.context.grant_permissions(CLIPBOARD)
    for name in ("a.txt", "b.txt", "c.txt"):
        visitor.person.store(name, b"1")
    page = visitor.open()
    checkbox(page, "a.txt").check()
    checkbox(page, "b.txt").check()

    page.locator("#selection [data-action=share]").click()
    expect(dialog(page)).to_contain_text(text_of("chosen", count=2).split()[0])
    control(dialog(page), "make link").click()

    expect(address(page)).to_be_visible()
    assert links_of(visitor)[0]["paths"] == ["a.txt", "b.txt"]
    control(dialog(page), "back in dialog").click()
    expect(dialog(page)).to_be_hidden()


def test_without_a_clipboard_the_new_address_is_selected(visitor: Visitor) -> None:
    visitor.person.store("a.txt", b"1")
    page = visitor.open()
    page.evaluate(NO_CLIPBOARD)
    page.get_by_role("link", name="a.txt", exact=True).focus()
    page.keyboard.press("Control+Alt+s")

    control(dialog(page), "make link").click()

    expect(page.get_by_role("status").filter(has_text=text_of("copy-by-hand"))).to_be_visible()
    assert page.evaluate("getSelection().toString()") == links_of(visitor)[0]["url"]


def test_a_refused_form_stays_in_the_dialog(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 422")
    visitor.context.grant_permissions(CLIPBOARD)
    visitor.person.store("docs/a.txt", b"1")
    page = visitor.open()
    page.get_by_role("link", name="docs", exact=True).focus()
    page.keyboard.press("Control+Alt+s")
    dialog(page).locator(".share-fold > summary").click()
    control(dialog(page), "link rights").select_option("upload")
    expect(dialog(page).locator(".for-writing").first).to_be_visible()
    day = dialog(page).locator("[name=expires_at]")
    assert day.input_value() == page.evaluate(
        "new Date(Date.now() + 7 * 86_400_000).toLocaleDateString('sv-SE')"
    )
    day.fill("2020-01-01")

    with page.expect_response("**/share/links") as answered:
        control(dialog(page), "make link").click()

    assert answered.value.status == 422
    expect(dialog(page).locator(".field-error")).to_be_visible()
    expect(control(dialog(page), "link rights")).to_have_value("upload")
    assert links_of(visitor) == []


def test_links_are_shared_by_touch_on_a_phone(server: Server, new_context: NewContext, username: str) -> None:
    context = new_context(
        viewport={"width": 375, "height": 720}, has_touch=True, is_mobile=True, permissions=CLIPBOARD
    )
    visitor = Visitor(server, context, username)
    visitor.person.store("docs/a.txt", b"1")
    page = visitor.open()
    menu_button(page, "docs").tap()
    page.get_by_role("menuitem", name=text_of("act-share"), exact=True).tap()

    control(dialog(page), "make link").tap()

    expect(address(page)).to_be_visible()
    box = dialog(page).bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 375
    control(page, "close sharing").tap()
    page.goto("/shared")
    expect(address(page)).to_have_text(str(links_of(visitor)[0]["url"]))
    assert page.evaluate("document.documentElement.scrollWidth") == 375


def test_the_page_of_all_links_copies_opens_and_revokes(visitor: Visitor) -> None:
    visitor.context.grant_permissions(CLIPBOARD)
    visitor.person.store("docs/a.txt", b"1")
    visitor.person.send("POST", "/shares", json={"paths": ["docs/a.txt"]})
    page = visitor.open()
    control(page, "shared").click()

    control(page, "copy link").click()
    expect(page.get_by_role("status").filter(has_text=text_of("copied"))).to_be_visible()
    assert clipboard(page) == links_of(visitor)[0]["url"]
    page.get_by_role("link", name="a.txt", exact=True).click()
    expect(visitor.row("a.txt")).to_be_visible()
    page.go_back()
    control(page, "revoke link").click()
    control(page, "sure").click()

    expect(page.locator(".empty h3")).to_be_visible()
    assert links_of(visitor) == []


def test_everything_works_without_scripts(server: Server, new_context: NewContext, username: str) -> None:
    plain = new_context(java_script_enabled=False)
    visitor = Visitor(server, plain, username)
    visitor.person.store("docs/a.txt", b"1")
    page = first_page(plain)
    sign_in(plain, username)
    page.goto("/index")
    menu_button(page, "docs").click()
    control(page, "request files").click()
    expect(control(page, "link rights")).to_have_value("drop")

    control(page, "make link").click()

    (link,) = links_of(visitor)
    expect(address(page)).to_have_text(str(link["url"]))
    assert link["kind"] == "request"
    page.locator("details.panel").evaluate("each => { each.open = true; }")
    control(page, "link rights").select_option("change")
    control(page, "change link").click()
    assert links_of(visitor)[0]["kind"] == "link"
    control(page, "renew link").click()
    control(page, "sure").click()
    expect(address(page)).not_to_have_text(str(link["url"]))
    control(page, "revoke link").click()
    control(page, "sure").click()
    assert links_of(visitor) == []


def test_shared_rows_carry_a_sign_and_details_say_how(visitor: Visitor) -> None:
    visitor.context.grant_permissions(CLIPBOARD)
    visitor.person.store("docs/a.txt", b"1")
    visitor.person.store("b.txt", b"1")
    page = visitor.open()
    sign = page.locator("#rows .shared-sign")
    expect(sign).to_have_count(0)
    page.get_by_role("link", name="docs", exact=True).focus()
    press_letter(page, "d")
    section = page.locator("#details [data-part=sharing]")
    expect(section.locator(".hint")).to_be_visible()

    section.get_by_role("button").click()
    control(dialog(page), "make link").click()
    expect(address(page)).to_be_visible()
    control(dialog(page), "close sharing").click()

    expect(page.locator('#rows [data-name="docs"] .shared-sign')).to_be_visible()
    expect(section.get_by_role("listitem")).to_have_count(1)
    expect(section.locator(".hint").first).to_be_hidden()
    page.locator(".views [data-view=grid]").click()
    expect(sign).to_have_count(1)
    page.get_by_role("link", name="docs", exact=True).focus()
    page.keyboard.press("Control+Alt+s")
    control(dialog(page), "revoke link").click()
    control(dialog(page), "sure").click()
    expect(sign).to_have_count(0)


def test_people_are_shared_with_from_the_dialog_and_accept_on_their_page(
    visitor: Visitor, new_context: NewContext, server: Server
) -> None:
    visitor.person.store("docs/a.txt", b"1")
    other = Visitor(server, new_context(), f"other-{visitor.username}")
    page = visitor.open()
    page.get_by_role("link", name="docs", exact=True).focus()
    page.keyboard.press("Control+Alt+s")
    control(dialog(page), "share with").fill(other.username)
    control(dialog(page), "role").select_option("editor")

    page.keyboard.press("Tab")
    control(dialog(page), "give access").click()

    expect(dialog(page).locator(".share-links bdi")).to_have_text(other.username)
    theirs = other.open("/shared")
    expect(theirs.locator("#received")).to_be_visible()
    control(theirs, "accept").click()
    control(theirs, "files").click()
    expect(other.row("docs")).to_be_visible()
    control(dialog(page), "remove access").click()
    control(dialog(page), "sure").click()
    expect(dialog(page).locator(".share-links")).to_have_count(0)
    theirs.reload()
    expect(other.row("docs")).to_have_count(0)
