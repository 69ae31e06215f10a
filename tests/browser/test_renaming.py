"""Inline renaming, and creating folders."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from cabinet.services.tree.names import SEPARATOR
from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor, file, held, press_letter
from tests.support.controls import checkbox, control
from tests.support.wording import text_of

pytestmark = pytest.mark.browser

SELECTED = "field => field.value.slice(field.selectionStart, field.selectionEnd)"


def test_a_renamed_row_keeps_focus_and_selection_and_can_be_undone(visitor: Visitor) -> None:
    for name in ("a.tar.gz", "b.txt", "c.txt"):
        visitor.person.store(name, name.encode())
    page = visitor.open()
    page.evaluate("window.neverReloaded = true")
    field = page.get_by_label(text_of("rename-one", name="a.tar.gz"))

    checkbox(page, "a.tar.gz").check()
    page.keyboard.press("F2")
    expect(field).to_be_focused()
    assert field.evaluate(SELECTED) == "a"
    page.keyboard.type("bz")
    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="bz.tar.gz", exact=True)).to_be_focused()
    expect(checkbox(page, "bz.tar.gz")).to_be_checked()
    visitor.expect_names("b.txt", "bz.tar.gz", "c.txt")
    page.keyboard.press("Control+z")
    expect(page.get_by_role("link", name="a.tar.gz", exact=True)).to_be_visible()
    visitor.expect_names("a.tar.gz", "b.txt", "c.txt")
    assert set(visitor.person.hashes()) == {"a.tar.gz", "b.txt", "c.txt"}
    assert page.evaluate("window.neverReloaded")


def test_a_refused_name_stays_in_the_field_and_blur_saves_the_name(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409|status of 422")
    visitor.person.store("folder/inside.txt", b"1")
    visitor.person.store("notes.txt", b"1")
    page = visitor.open()
    field = page.get_by_label(text_of("rename-one", name="notes.txt"))
    link = page.get_by_role("link", name="notes.txt", exact=True)

    link.focus()
    page.keyboard.press("F2")
    for name, reason in (("folder", text_of("taken-again", path="folder")), ("a/b", SEPARATOR)):
        field.fill(name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text=reason)).to_be_visible()
        expect(field).to_have_value(name)
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Escape")
    expect(link).to_be_focused()
    assert set(visitor.person.hashes()) == {"folder/inside.txt", "notes.txt"}

    page.keyboard.press("F2")
    field.fill("other.txt")
    page.get_by_role("heading", level=1).click()
    expect(page.get_by_role("link", name="other.txt", exact=True)).to_be_visible()
    assert set(visitor.person.hashes()) == {"folder/inside.txt", "other.txt"}


def test_a_new_folder_is_shown_in_order_or_its_error_explained(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    visitor.person.store("beta/inside.txt", b"1")
    visitor.person.store("notes.txt", b"1")
    page = visitor.open()
    dialog = control(page, "dialog of new folder")
    field = control(dialog, "folder name")

    control(page, "new folder").click()
    expect(field).to_be_focused()
    field.fill("beta")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text(text_of("taken-again", path="beta"))
    expect(field).to_have_value("beta")
    field.fill("gamma/delta")
    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="gamma", exact=True)).to_be_focused()
    assert visitor.names() == ["beta", "gamma", "notes.txt"]
    press_letter(page, "n")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="gamma", exact=True)).to_be_focused()


@pytest.mark.parametrize("is_wanted", [True, False])
def test_a_second_rename_survives_the_redraw_of_the_first_row(visitor: Visitor, is_wanted: bool) -> None:
    for name in ("a.txt", "b.txt"):
        visitor.person.store(name, b"1")
    page = visitor.open()
    page.get_by_role("link", name="a.txt", exact=True).focus()
    with page.expect_response("**/index/rows"), held(page, "**/index/rows"):
        page.keyboard.press("F2")
        expect(page.get_by_label(text_of("rename-one", name="a.txt"))).to_be_focused()
        page.keyboard.type("c")
        with page.expect_request("**/index/rows"):
            page.keyboard.press("Enter")

        page.keyboard.press("F2")
        expect(page.get_by_label(text_of("rename-one", name="c.txt"))).to_be_focused()
        page.keyboard.type("d")
    expect(page.get_by_label(text_of("rename-one", name="c.txt"))).to_have_value("d.txt")
    page.keyboard.press("Enter" if is_wanted else "Escape")

    name = "d.txt" if is_wanted else "c.txt"
    expect(page.get_by_role("link", name=name, exact=True)).to_be_focused()
    expect(page.get_by_role("link", name="a.txt", exact=True)).to_have_count(0)
    visitor.expect_names("b.txt", name)
    assert set(visitor.person.hashes()) == {"b.txt", name}


def test_a_row_redrawn_during_the_key_press_is_renamed(visitor: Visitor) -> None:
    visitor.person.store("a.txt", b"1")
    page = visitor.open()
    page.get_by_role("link", name="a.txt", exact=True).focus()
    # The answer to a refresh that comes between the key and the field.
    page.evaluate(
        """() => document.addEventListener("keydown", () => {
          const row = document.querySelector('#rows [data-path="a.txt"]');
          const anew = row.cloneNode(true);
          queueMicrotask(() => { row.replaceWith(anew); anew.querySelector(".name").focus(); });
        }, { capture: true, once: true })"""
    )

    page.keyboard.press("F2")

    expect(page.get_by_label(text_of("rename-one", name="a.txt"))).to_be_focused()


def test_renaming_works_in_a_session_started_by_another_tab(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 403")
    visitor.person.store("a.txt", b"1")
    page = visitor.open()
    visitor.context.clear_cookies()
    signed_in = visitor.context.request.post(
        "/login", form={"username": visitor.username, "password": PASSWORD}
    )
    assert signed_in.ok

    page.get_by_role("link", name="a.txt", exact=True).focus()
    page.keyboard.press("F2")
    page.get_by_label(text_of("rename-one", name="a.txt")).fill("b.txt")
    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="b.txt", exact=True)).to_be_focused()
    assert set(visitor.person.hashes()) == {"b.txt"}


def test_a_renamed_search_result_that_no_longer_matches_disappears(visitor: Visitor) -> None:
    visitor.person.store("note a.txt", b"1")
    page = visitor.open("/search?q=note")
    visitor.person.store("note b.txt", b"1")
    page.get_by_role("link", name="note a.txt", exact=True).focus()
    page.keyboard.press("F2")
    page.get_by_label(text_of("rename-one", name="note a.txt")).fill("other.txt")

    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="note b.txt", exact=True)).to_be_visible()
    visitor.expect_names("note b.txt")


def test_a_name_of_200_characters_is_uploaded_renamed_deleted_and_restored(visitor: Visitor) -> None:
    """By one request and in parts: the browser has no file of that name, nor has the server's disk."""
    small, large, longest = "П" * 196 + ".pdf", "Д" * 196 + ".bin", "Ж" * 251 + ".pdf"
    page = visitor.open()
    visitor.choose(file(small, b"small"), file(large, bytes(5 << 20)))
    for name in (small, large):
        expect(visitor.row(name)).to_be_visible()

    page.get_by_role("link", name=small, exact=True).focus()
    page.keyboard.press("F2")
    page.get_by_label(text_of("rename-one", name=small)).fill(longest)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=longest, exact=True)).to_be_focused()
    page.keyboard.press("Delete")
    expect(visitor.row(longest)).to_have_count(0)
    page.keyboard.press("Control+z")

    expect(visitor.row(longest)).to_be_visible()
    assert set(visitor.person.hashes()) == {large, longest}
    assert visitor.person.get(longest) == b"small"
