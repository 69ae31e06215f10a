"""Renaming in place, and making folders."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor, file, held, press_letter

pytestmark = pytest.mark.browser

SELECTED = "field => field.value.slice(field.selectionStart, field.selectionEnd)"


def test_a_new_name_takes_its_place_with_focus_and_choice_and_can_be_undone(visitor: Visitor) -> None:
    for name in ("a.tar.gz", "b.txt", "c.txt"):
        visitor.person.store(name, name.encode())
    page = visitor.open()
    page.evaluate("window.neverReloaded = true")
    field = page.get_by_label("New name of “a.tar.gz”")

    page.get_by_label("Choose “a.tar.gz”").check()
    page.keyboard.press("F2")
    expect(field).to_be_focused()
    assert field.evaluate(SELECTED) == "a"
    page.keyboard.type("bz")
    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="bz.tar.gz", exact=True)).to_be_focused()
    expect(page.get_by_label("Choose “bz.tar.gz”")).to_be_checked()
    assert visitor.names() == ["b.txt", "bz.tar.gz", "c.txt"]
    page.keyboard.press("Control+z")
    expect(page.get_by_role("link", name="a.tar.gz", exact=True)).to_be_visible()
    assert visitor.names() == ["a.tar.gz", "b.txt", "c.txt"]
    assert set(visitor.person.hashes()) == {"a.tar.gz", "b.txt", "c.txt"}
    assert page.evaluate("window.neverReloaded")


def test_a_refused_name_stays_at_the_field_and_leaving_it_keeps_what_was_typed(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409|status of 422")
    visitor.person.store("folder/inside.txt", b"1")
    visitor.person.store("notes.txt", b"1")
    page = visitor.open()
    field = page.get_by_label("New name of “notes.txt”")
    link = page.get_by_role("link", name="notes.txt", exact=True)

    link.focus()
    page.keyboard.press("F2")
    for name, reason in (("folder", "There is already something"), ("a/b", "slash")):
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


def test_a_folder_is_made_in_its_place_or_said_why_not(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    visitor.person.store("beta/inside.txt", b"1")
    visitor.person.store("notes.txt", b"1")
    page = visitor.open()
    dialog = page.get_by_role("dialog", name="New folder")
    field = dialog.get_by_label("Name of the folder")

    page.get_by_role("button", name="New folder").click()
    expect(field).to_be_focused()
    field.fill("beta")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("There is already something")
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
def test_a_name_is_typed_on_while_the_row_of_the_first_one_is_still_being_drawn(
    visitor: Visitor, is_wanted: bool
) -> None:
    for name in ("a.txt", "b.txt"):
        visitor.person.store(name, b"1")
    page = visitor.open()
    page.get_by_role("link", name="a.txt", exact=True).focus()
    with page.expect_response("**/index/rows"), held(page, "**/index/rows"):
        page.keyboard.press("F2")
        expect(page.get_by_label("New name of “a.txt”")).to_be_focused()
        page.keyboard.type("c")
        with page.expect_request("**/index/rows"):
            page.keyboard.press("Enter")

        page.keyboard.press("F2")
        expect(page.get_by_label("New name of “c.txt”")).to_be_focused()
        page.keyboard.type("d")
    expect(page.get_by_label("New name of “c.txt”")).to_have_value("d.txt")
    page.keyboard.press("Enter" if is_wanted else "Escape")

    name = "d.txt" if is_wanted else "c.txt"
    expect(page.get_by_role("link", name=name, exact=True)).to_be_focused()
    expect(page.get_by_role("link", name="a.txt", exact=True)).to_have_count(0)
    assert visitor.names() == ["b.txt", name]
    assert set(visitor.person.hashes()) == {"b.txt", name}


def test_a_row_that_is_drawn_anew_while_the_key_is_heard_is_the_one_renamed(visitor: Visitor) -> None:
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

    expect(page.get_by_label("New name of “a.txt”")).to_be_focused()


def test_a_name_is_changed_in_the_session_that_another_tab_has_begun(
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
    page.get_by_label("New name of “a.txt”").fill("b.txt")
    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="b.txt", exact=True)).to_be_focused()
    assert set(visitor.person.hashes()) == {"b.txt"}


def test_a_hit_that_is_one_no_more_gives_way_to_what_is_found_by_now(visitor: Visitor) -> None:
    visitor.person.store("note a.txt", b"1")
    page = visitor.open("/search?q=note")
    visitor.person.store("note b.txt", b"1")
    page.get_by_role("link", name="note a.txt", exact=True).focus()
    page.keyboard.press("F2")
    page.get_by_label("New name of “note a.txt”").fill("other.txt")

    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="note b.txt", exact=True)).to_be_visible()
    assert visitor.names() == ["note b.txt"]


def test_a_name_of_200_letters_is_uploaded_renamed_deleted_and_brought_back(visitor: Visitor) -> None:
    """By one request and in parts: the browser has no file of that name, nor has the server's disk."""
    small, large, longest = "П" * 196 + ".pdf", "Д" * 196 + ".bin", "Ж" * 251 + ".pdf"
    page = visitor.open()
    visitor.choose(file(small, b"small"), file(large, bytes(5 << 20)))
    for name in (small, large):
        expect(visitor.row(name)).to_be_visible()

    page.get_by_role("link", name=small, exact=True).focus()
    page.keyboard.press("F2")
    page.get_by_label(f"New name of “{small}”").fill(longest)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=longest, exact=True)).to_be_focused()
    page.keyboard.press("Delete")
    expect(visitor.row(longest)).to_have_count(0)
    page.keyboard.press("Control+z")

    expect(visitor.row(longest)).to_be_visible()
    assert set(visitor.person.hashes()) == {large, longest}
    assert visitor.person.get(longest) == b"small"
