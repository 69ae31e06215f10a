"""Moving and copying by the dialog with the folders, and what is asked on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import NewContext
from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor, held, press_letter
from tests.support.servers import Server

pytestmark = pytest.mark.browser


def focus_on(page: Page, name: str) -> None:
    page.locator(f'#rows [data-name="{name}"] .name').focus()


def choose(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_label(f"Choose “{name}”").check()


def folder(page: Page, name: str) -> Locator:
    return page.get_by_role("treeitem", name=name, exact=True)


def test_a_file_is_moved_by_the_keyboard_into_a_new_folder_and_back(visitor: Visitor) -> None:
    for path in ("archive/2025/old.txt", "archive/2026/plan.txt", "books/a.txt", "notes.txt", "other.txt"):
        visitor.person.store(path, b"1")
    page = visitor.open()
    page.evaluate("window.neverReloaded = true")
    focus_on(page, "notes.txt")

    press_letter(page, "m")
    dialog = page.get_by_role("dialog", name="Move “notes.txt”")
    expect(folder(page, "Your files")).to_be_focused()
    expect(folder(page, "books")).to_be_visible()
    # It is in there already, so this is no place to go to.
    expect(dialog.get_by_text("It is there already.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Move here")).to_be_disabled()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()

    page.keyboard.type("ar")
    expect(folder(page, "archive")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(folder(page, "2025")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(folder(page, "2026")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(folder(page, "archive")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(folder(page, "2026")).to_be_hidden()
    page.keyboard.press("End")
    expect(folder(page, "books")).to_be_focused()

    dialog.get_by_role("button", name="New folder").press("Enter")
    page.keyboard.type("to read")
    page.keyboard.press("Enter")
    expect(folder(page, "to read")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("status").filter(has_text="“notes.txt” is in “to read” now.")).to_be_visible()
    expect(page.get_by_role("link", name="other.txt", exact=True)).to_be_focused()
    assert visitor.names() == ["archive", "books", "other.txt"]
    assert visitor.person.get("books/to read/notes.txt") == b"1"

    page.keyboard.press("Control+z")
    expect(visitor.row("notes.txt")).to_be_visible()
    assert visitor.person.get("notes.txt") == b"1"
    assert page.evaluate("window.neverReloaded")


def test_what_is_in_the_way_is_asked_about_once(visitor: Visitor) -> None:
    for path in ("box/a.txt", "box/b.txt", "a.txt", "b.txt", "c.txt"):
        visitor.person.store(path, b"old" if "/" in path else b"new")
    page = visitor.open()

    def move_all(*names: str) -> Locator:
        choose(page, *names)
        press_letter(page, "m")
        folder(page, "box").click()
        page.get_by_role("button", name="Move here").click()
        return page.locator("#in-the-way")

    question = move_all("a.txt", "b.txt", "c.txt")
    expect(question.get_by_role("heading")).to_have_text("2 items are there already")
    expect(question.get_by_role("listitem")).to_have_text(["box/a.txt", "box/b.txt"])
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    assert visitor.names() == ["box", "a.txt", "b.txt", "c.txt"]

    move_all("a.txt").get_by_role("button", name="Skip").click()
    expect(visitor.row("c.txt")).to_have_count(0)
    assert visitor.names() == ["box", "a.txt", "b.txt"]

    move_all("a.txt").get_by_role("button", name="Replace").click()
    expect(page.get_by_text("2 items are in “box” now.")).to_be_visible()
    assert visitor.person.get("box/a.txt") == b"new"
    # What was replaced comes back together with what replaced it.
    page.keyboard.press("Control+z")
    expect(page.get_by_text("Undone.")).to_be_visible()
    expect(visitor.row("a.txt")).to_be_visible()
    assert visitor.person.get("box/a.txt") == b"old"
    assert visitor.person.get("a.txt") == b"new"

    move_all("a.txt", "b.txt").get_by_role("button", name="Keep both").click()
    expect(visitor.row("a.txt")).to_have_count(0)
    assert visitor.person.get("box/a (2).txt") == b"new"
    page.keyboard.press("Control+z")
    expect(visitor.row("a.txt")).to_be_visible()
    assert sorted(visitor.person.hashes()) == ["a.txt", "b.txt", "box/a.txt", "box/b.txt", "box/c.txt"]


def test_a_folder_is_copied_by_touch_and_never_into_itself(
    server: Server, new_context: NewContext, username: str
) -> None:
    phone = new_context(viewport={"width": 375, "height": 700}, has_touch=True, is_mobile=True)
    visitor = Visitor(server, phone, username)
    visitor.person.store("box/inner/a.txt", b"1")
    visitor.person.store("shelf/b.txt", b"1")
    page = visitor.open()
    page.get_by_label("Choose “box”").tap()
    page.get_by_role("button", name="Copy", exact=True).tap()
    dialog = page.get_by_role("dialog", name="Copy “box”")

    folder(page, "box").tap(force=True)
    expect(dialog.get_by_text("A folder cannot go into itself.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Copy here")).to_be_disabled()
    expect(folder(page, "inner")).to_have_count(0)
    folder(page, "shelf").tap()
    dialog.get_by_role("button", name="Copy here").tap()

    expect(page.get_by_text("The copy “box” is in “shelf” now.")).to_be_visible()
    assert visitor.person.get("shelf/box/inner/a.txt") == b"1"
    page.get_by_role("button", name="Undo").tap()
    expect(page.get_by_text("Undone.")).to_be_visible()
    assert sorted(visitor.person.hashes()) == ["box/inner/a.txt", "shelf/b.txt"]


def test_a_copy_beside_its_original_gets_a_number_without_a_question(visitor: Visitor) -> None:
    visitor.person.store("a.txt", b"1")
    page = visitor.open()
    focus_on(page, "a.txt")
    press_letter(page, "y")
    expect(folder(page, "Your files")).to_be_focused()
    page.keyboard.press("Enter")

    expect(visitor.row("a (2).txt")).to_be_visible()
    assert visitor.names() == ["a (2).txt", "a.txt"]


def test_the_tree_begins_at_the_open_folder_and_loads_a_level_in_parts(visitor: Visitor) -> None:
    for number in range(105):
        made = visitor.person.send("POST", "/folders", json={"path": f"deep/down/{number:03}"})
        assert made.status == 201, made.data
    visitor.person.store("deep/down/plan.txt", b"1")
    page = visitor.open("/index?path=deep/down")
    focus_on(page, "plan.txt")

    press_letter(page, "m")
    expect(folder(page, "down")).to_be_focused()
    expect(folder(page, "099")).to_have_count(1)
    expect(folder(page, "100")).to_have_count(0)
    page.keyboard.press("End")
    expect(page.get_by_role("treeitem", name="Show more")).to_be_focused()
    page.keyboard.press("Enter")
    expect(folder(page, "100")).to_be_focused()
    expect(page.get_by_role("treeitem", name="Show more")).to_have_count(0)
    page.keyboard.press("Home")
    page.keyboard.press("Enter")

    expect(visitor.row("plan.txt")).to_have_count(0)
    assert visitor.person.get("plan.txt") == b"1"


def test_a_move_that_cannot_be_undone_any_more_says_why(visitor: Visitor) -> None:
    visitor.person.store("box/b.txt", b"1")
    visitor.person.store("a.txt", b"first")
    page = visitor.open()
    focus_on(page, "a.txt")
    press_letter(page, "m")
    folder(page, "box").click()
    page.keyboard.press("Enter")
    expect(visitor.row("a.txt")).to_have_count(0)
    visitor.person.store("a.txt", b"second")

    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_role("alert")).to_have_text(
        "This cannot be undone any more: There is already something at “a.txt”."
    )
    assert visitor.person.get("box/a.txt") == b"first"


def test_an_ended_session_is_renewed_and_the_move_goes_on(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    visitor.person.store("box/b.txt", b"1")
    visitor.person.store("a.txt", b"1")
    page = visitor.open()
    focus_on(page, "a.txt")
    press_letter(page, "m")
    folder(page, "box").click()
    visitor.context.clear_cookies()

    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")

    expect(visitor.row("a.txt")).to_have_count(0)
    assert visitor.person.get("box/a.txt") == b"1"


MOVE_MANY = """async () => {
  const { moveInto } = await import(new URL("actions/relocating.js", document.querySelector("script[src*='files.js']").src));
  const entries = Array.from({ length: 2001 }, (_, number) => ({
    path: `${number}.txt`, name: `${number}.txt`, kind: "file",
  }));
  await moveInto(entries, "box");
}"""


def test_thousands_go_in_batches_and_what_went_before_a_failure_is_told_of(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 507")
    visitor.person.store("box/b.txt", b"1")
    page = visitor.open()
    sent: list[list[str]] = []

    def answer(route: Route) -> None:
        wanted: Any = route.request.post_data_json
        if "paths" in wanted:
            route.fulfill(json={"entries": [None] * len(wanted["paths"])})
            return
        sent.append(wanted["from"])
        if len(sent) == 3:
            route.fulfill(status=507, json={"detail": "There is no room."})
        else:
            route.fulfill(json={"entries": [{"path": f"box/{path}"} for path in wanted["from"]]})

    for address in ("**/lookup", "**/moves"):
        page.route(address, answer)
    page.evaluate(MOVE_MANY)

    expect(page.get_by_role("alert")).to_have_text("There is no room.")
    expect(page.get_by_text("2,000 items are in “box” now.")).to_be_visible()
    assert [len(paths) for paths in sent] == [1000, 1000, 1]


def test_what_was_found_is_moved_and_stays_found(visitor: Visitor) -> None:
    for path in ("box/b.txt", "deep/down/plan.txt"):
        visitor.person.store(path, b"1")
    page = visitor.open("/search?q=plan")
    focus_on(page, "plan.txt")

    press_letter(page, "m")
    expect(folder(page, "down")).to_be_focused()
    folder(page, "box").click()
    page.keyboard.press("Enter")

    expect(page.locator('#rows [data-path="box/plan.txt"]')).to_be_visible()
    assert visitor.names() == ["plan.txt"]
    page.keyboard.press("Control+z")
    expect(page.locator('#rows [data-path="deep/down/plan.txt"]')).to_be_visible()
    assert visitor.names() == ["plan.txt"]


def test_two_of_one_name_are_both_kept_for_neither_may_replace_the_other(visitor: Visitor) -> None:
    for path in ("a/x.txt", "b/x.txt", "c/y.txt"):
        visitor.person.store(path, path.encode())
    page = visitor.open("/search?q=x.txt")
    page.get_by_label("Choose all").check()
    press_letter(page, "m")
    folder(page, "c").click()
    page.get_by_role("button", name="Move here").click()
    question = page.locator("#in-the-way")
    expect(question.get_by_role("button", name="Skip")).to_be_visible()
    expect(question.get_by_role("button", name="Replace")).to_be_hidden()
    expect(question.get_by_text("Replacing puts what is there into the trash")).to_be_hidden()

    question.get_by_role("button", name="Keep both").click()
    expect(page.get_by_text("2 items are in “c” now.")).to_be_visible()
    assert sorted(visitor.person.hashes()) == ["c/x (2).txt", "c/x.txt", "c/y.txt"]
    page.keyboard.press("Control+z")

    expect(page.get_by_text("Undone.")).to_be_visible()
    assert sorted(visitor.person.hashes()) == ["a/x.txt", "b/x.txt", "c/y.txt"]
    assert [visitor.person.get(path) for path in ("a/x.txt", "b/x.txt")] == [b"a/x.txt", b"b/x.txt"]


def test_nothing_goes_before_the_tree_has_come_to_the_open_folder(visitor: Visitor) -> None:
    visitor.person.store("deep/down/a.txt", b"1")
    page = visitor.open("/index?path=deep/down")
    dialog = page.get_by_role("dialog", name="Copy “a.txt”")
    levels = re.compile(r"/files\?path=")
    focus_on(page, "a.txt")
    with held(page, levels):
        with page.expect_request(levels):
            press_letter(page, "y")
        expect(folder(page, "Your files")).to_be_focused()
        expect(dialog.get_by_role("button", name="Copy here")).to_be_disabled()
        page.keyboard.press("Enter")
        expect(dialog).to_be_visible()

    expect(folder(page, "down")).to_be_focused()
    expect(dialog.get_by_role("button", name="Copy here")).to_be_enabled()
    page.keyboard.press("Enter")

    expect(visitor.row("a (2).txt")).to_be_visible()
    assert sorted(visitor.person.hashes()) == ["deep/down/a (2).txt", "deep/down/a.txt"]


def test_a_folder_that_cannot_be_looked_into_is_told_of_and_nothing_goes_elsewhere(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 507")
    visitor.person.store("deep/down/a.txt", b"1")
    page = visitor.open("/index?path=deep/down")
    levels = re.compile(r"/files\?path=")
    page.route(levels, lambda route: route.fulfill(status=507, json={"detail": "There is no room."}), times=1)
    dialog = page.get_by_role("dialog", name="Copy “a.txt”")
    focus_on(page, "a.txt")

    press_letter(page, "y")
    expect(dialog.get_by_text("There is no room.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Copy here")).to_be_disabled()
    folder(page, "Your files").click()

    expect(dialog.get_by_role("button", name="Copy here")).to_be_enabled()
    expect(folder(page, "deep")).to_be_visible()
