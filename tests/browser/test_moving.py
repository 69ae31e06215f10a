"""Moving and copying with the folder picker, and conflicts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import NewContext
from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor, held, press_letter
from tests.support.controls import answer, checkbox, control
from tests.support.servers import Server
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


def focus_on(page: Page, name: str) -> None:
    page.locator(f'#rows [data-name="{name}"] .name').focus()


def choose(page: Page, *names: str) -> None:
    for name in names:
        checkbox(page, name).check()


def folder(page: Page, name: str) -> Locator:
    return page.get_by_role("treeitem", name=name, exact=True)


def test_a_file_is_moved_by_keyboard_into_a_new_folder_and_back(visitor: Visitor) -> None:
    for path in ("archive/2025/old.txt", "archive/2026/plan.txt", "books/a.txt", "notes.txt", "other.txt"):
        visitor.person.store(path, b"1")
    page = visitor.open()
    page.evaluate("window.neverReloaded = true")
    focus_on(page, "notes.txt")

    press_letter(page, "m")
    dialog = page.get_by_role("dialog", name=text_of("move-one", name="notes.txt"))
    expect(folder(page, text_of("your-files"))).to_be_focused()
    expect(folder(page, "books")).to_be_visible()
    # It is in there already, so this is no place to go to.
    expect(dialog.get_by_text(text_of("is-there-already"))).to_be_visible()
    expect(dialog.get_by_role("button", name=text_of("move-here"))).to_be_disabled()
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

    control(dialog, "new folder in picker").press("Enter")
    page.keyboard.type("to read")
    page.keyboard.press("Enter")
    expect(folder(page, "to read")).to_be_focused()
    page.keyboard.press("Enter")

    expect(
        page.get_by_role("status").filter(has_text=text_of("moved", name="notes.txt", folder="to read"))
    ).to_be_visible()
    expect(page.get_by_role("link", name="other.txt", exact=True)).to_be_focused()
    assert visitor.names() == ["archive", "books", "other.txt"]
    assert visitor.person.get("books/to read/notes.txt") == b"1"

    page.keyboard.press("Control+z")
    expect(visitor.row("notes.txt")).to_be_visible()
    assert visitor.person.get("notes.txt") == b"1"
    assert page.evaluate("window.neverReloaded")


def test_conflicts_of_a_move_are_asked_once(visitor: Visitor) -> None:
    for path in ("box/a.txt", "box/b.txt", "a.txt", "b.txt", "c.txt"):
        visitor.person.store(path, b"old" if "/" in path else b"new")
    page = visitor.open()

    def move_all(*names: str) -> Locator:
        choose(page, *names)
        press_letter(page, "m")
        folder(page, "box").click()
        page.get_by_role("button", name=text_of("move-here")).click()
        return page.locator("#in-the-way")

    question = move_all("a.txt", "b.txt", "c.txt")
    expect(question.get_by_role("heading")).to_have_text(text_of("exists", count=2))
    expect(question.get_by_role("listitem")).to_have_text(["box/a.txt", "box/b.txt"])
    answer(question, "").click()
    expect(question).to_be_hidden()
    assert visitor.names() == ["box", "a.txt", "b.txt", "c.txt"]

    answer(move_all("a.txt"), "skip").click()
    expect(visitor.row("c.txt")).to_have_count(0)
    assert visitor.names() == ["box", "a.txt", "b.txt"]

    answer(move_all("a.txt"), "replace").click()
    expect(page.get_by_text(text_of("moved-many", count=2, folder="box"))).to_be_visible()
    assert visitor.person.get("box/a.txt") == b"new"
    # A replaced entry is restored together with the undo.
    page.keyboard.press("Control+z")
    expect(page.get_by_text(text_of("undone.move"))).to_be_visible()
    expect(visitor.row("a.txt")).to_be_visible()
    assert visitor.person.get("box/a.txt") == b"old"
    assert visitor.person.get("a.txt") == b"new"

    answer(move_all("a.txt", "b.txt"), "rename").click()
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
    checkbox(page, "box").tap()
    page.get_by_role("button", name=text_of("act-copy"), exact=True).tap()
    dialog = page.get_by_role("dialog", name=text_of("copy-one", name="box"))

    folder(page, "box").tap(force=True)
    expect(dialog.get_by_text(text_of("move-into-itself"))).to_be_visible()
    expect(dialog.get_by_role("button", name=text_of("copy-here"))).to_be_disabled()
    expect(folder(page, "inner")).to_have_count(0)
    folder(page, "shelf").tap()
    dialog.get_by_role("button", name=text_of("copy-here")).tap()

    expect(page.get_by_text(text_of("copied-to", name="box", folder="shelf"))).to_be_visible()
    assert visitor.person.get("shelf/box/inner/a.txt") == b"1"
    page.get_by_role("button", name=text_of("undo")).tap()
    expect(page.get_by_text(text_of("undone.copy"))).to_be_visible()
    assert sorted(visitor.person.hashes()) == ["box/inner/a.txt", "shelf/b.txt"]


def test_a_copy_in_the_same_folder_gets_a_number_without_a_question(visitor: Visitor) -> None:
    visitor.person.store("a.txt", b"1")
    page = visitor.open()
    focus_on(page, "a.txt")
    press_letter(page, "y")
    expect(folder(page, text_of("your-files"))).to_be_focused()
    page.keyboard.press("Enter")

    expect(visitor.row("a (2).txt")).to_be_visible()
    assert visitor.names() == ["a (2).txt", "a.txt"]


def test_the_folder_tree_starts_at_the_open_folder_and_loads_levels_in_pages(visitor: Visitor) -> None:
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
    expect(page.get_by_role("treeitem", name=text_of("show-more"))).to_be_focused()
    page.keyboard.press("Enter")
    expect(folder(page, "100")).to_be_focused()
    expect(page.get_by_role("treeitem", name=text_of("show-more"))).to_have_count(0)
    page.keyboard.press("Home")
    page.keyboard.press("Enter")

    expect(visitor.row("plan.txt")).to_have_count(0)
    assert visitor.person.get("plan.txt") == b"1"


def test_a_move_that_can_no_longer_be_undone_is_explained(visitor: Visitor) -> None:
    visitor.person.store("box/b.txt", b"1")
    visitor.person.store("a.txt", b"first")
    page = visitor.open()
    focus_on(page, "a.txt")
    press_letter(page, "m")
    folder(page, "box").click()
    page.keyboard.press("Enter")
    expect(visitor.row("a.txt")).to_have_count(0)
    visitor.person.store("a.txt", b"second")

    page.get_by_role("button", name=text_of("undo")).click()

    expect(page.get_by_role("alert")).to_have_text(
        text_of("not-undone", why=text_of("taken-again", path="a.txt"))
    )
    assert visitor.person.get("box/a.txt") == b"first"


def test_a_move_continues_after_signing_in_again(
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
    dialog = page.get_by_role("dialog", name=text_of("sign-in-again"))
    control(dialog, "password").fill(PASSWORD)
    page.keyboard.press("Enter")

    expect(visitor.row("a.txt")).to_have_count(0)
    assert visitor.person.get("box/a.txt") == b"1"


MOVE_MANY = """async () => {
  const { $load } = await import(document.querySelector("script[type=module]").src);
  const { moveInto } = await $load("actions/relocating.js");
  const entries = Array.from({ length: 2001 }, (_, number) => ({
    path: `${number}.txt`, name: `${number}.txt`, kind: "file",
  }));
  await moveInto(entries, "box");
}"""


def test_thousands_are_moved_in_batches_and_completed_ones_are_reported_after_a_failure(
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
    expect(page.get_by_text(text_of("moved-many", count="2,000", folder="box"))).to_be_visible()
    assert [len(paths) for paths in sent] == [1000, 1000, 1]


def test_moved_search_results_stay_in_the_results(visitor: Visitor) -> None:
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


def test_two_items_of_one_name_are_both_kept(visitor: Visitor) -> None:
    for path in ("a/x.txt", "b/x.txt", "c/y.txt"):
        visitor.person.store(path, path.encode())
    page = visitor.open("/search?q=x.txt")
    control(page, "select all").check()
    press_letter(page, "m")
    folder(page, "c").click()
    page.get_by_role("button", name=text_of("move-here")).click()
    question = page.locator("#in-the-way")
    expect(answer(question, "skip")).to_be_visible()
    expect(answer(question, "replace")).to_be_hidden()
    expect(question.locator("#in-the-way-replace")).to_be_hidden()

    answer(question, "rename").click()
    expect(page.get_by_text(text_of("moved-many", count=2, folder="c"))).to_be_visible()
    assert sorted(visitor.person.hashes()) == ["c/x (2).txt", "c/x.txt", "c/y.txt"]
    page.keyboard.press("Control+z")

    expect(page.get_by_text(text_of("undone.move"))).to_be_visible()
    assert sorted(visitor.person.hashes()) == ["a/x.txt", "b/x.txt", "c/y.txt"]
    assert [visitor.person.get(path) for path in ("a/x.txt", "b/x.txt")] == [b"a/x.txt", b"b/x.txt"]


def test_a_move_waits_until_the_tree_shows_the_open_folder(visitor: Visitor) -> None:
    visitor.person.store("deep/down/a.txt", b"1")
    page = visitor.open("/index?path=deep/down")
    dialog = page.get_by_role("dialog", name=text_of("copy-one", name="a.txt"))
    levels = re.compile(r"/files\?path=")
    focus_on(page, "a.txt")
    with held(page, levels):
        with page.expect_request(levels):
            press_letter(page, "y")
        expect(folder(page, text_of("your-files"))).to_be_focused()
        expect(dialog.get_by_role("button", name=text_of("copy-here"))).to_be_disabled()
        page.keyboard.press("Enter")
        expect(dialog).to_be_visible()

    expect(folder(page, "down")).to_be_focused()
    expect(dialog.get_by_role("button", name=text_of("copy-here"))).to_be_enabled()
    page.keyboard.press("Enter")

    expect(visitor.row("a (2).txt")).to_be_visible()
    assert sorted(visitor.person.hashes()) == ["deep/down/a (2).txt", "deep/down/a.txt"]


def test_a_folder_that_fails_to_load_in_the_picker_is_reported_and_nothing_is_moved(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 507")
    visitor.person.store("deep/down/a.txt", b"1")
    page = visitor.open("/index?path=deep/down")
    levels = re.compile(r"/files\?path=")
    page.route(levels, lambda route: route.fulfill(status=507, json={"detail": "There is no room."}), times=1)
    dialog = page.get_by_role("dialog", name=text_of("copy-one", name="a.txt"))
    focus_on(page, "a.txt")

    press_letter(page, "y")
    expect(dialog.get_by_text("There is no room.")).to_be_visible()
    expect(dialog.get_by_role("button", name=text_of("copy-here"))).to_be_disabled()
    folder(page, text_of("your-files")).click()

    expect(dialog.get_by_role("button", name=text_of("copy-here"))).to_be_enabled()
    expect(folder(page, "deep")).to_be_visible()
