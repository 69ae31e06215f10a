"""Dropped and pasted files and folders: their targets, and duplicates."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import Visitor, drop_from_desk, held_uploads
from tests.support.controls import answer
from tests.support.waiting import wait_until
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


def drop(page: Page, name: str, content: str, onto: str = "#main", folder: str = "") -> None:
    """Drop a file that the page itself makes; meanwhile a sign tells the folder that it goes into, if any."""
    transfer = page.evaluate_handle(
        """([name, content]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([content], name));
            return transfer;
        }""",
        [name, content],
    )
    for event in ("dragenter", "dragover"):
        page.dispatch_event(onto, event, {"dataTransfer": transfer})
    sign = page.locator("#drop-sign")
    expect(sign).to_have_text(text_of("drop-into", name=folder) if folder else re.compile(r"^[^“]*\w[^“]*$"))
    page.dispatch_event(onto, "drop", {"dataTransfer": transfer})
    expect(page.locator("#drop-sign")).to_be_hidden()


def test_a_dropped_file_is_uploaded(visitor: Visitor) -> None:
    page = visitor.open()

    drop(page, "dropped.txt", "from the desk")

    expect(visitor.row("dropped.txt")).to_be_visible()
    assert visitor.person.get("dropped.txt") == b"from the desk"


def test_a_dropped_folder_is_uploaded_with_its_content(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "trip" / "day 2").mkdir(parents=True)
    (tmp_path / "trip" / "plan.txt").write_bytes(b"plan")
    (tmp_path / "trip" / "day 2" / "map.txt").write_bytes(b"map")
    visitor.open()

    drop_from_desk(visitor.page, tmp_path / "trip")

    expect(visitor.row("trip")).to_be_visible()
    assert visitor.names() == ["trip"]
    assert set(visitor.person.hashes()) == {"trip/plan.txt", "trip/day 2/map.txt"}


def test_a_large_folder_read_in_batches_is_uploaded_completely(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    names = {f"{number:03}.txt" for number in range(230)}
    for name in names:
        (tmp_path / "many" / name).write_bytes(b"1")
    page = visitor.open()

    drop_from_desk(visitor.page, tmp_path / "many")

    expect(page.get_by_role("heading", name=text_of("done", count=230))).to_be_visible()
    assert set(visitor.person.hashes()) == {f"many/{name}" for name in names}


def test_empty_folders_are_uploaded(
    visitor: Visitor, tmp_path: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    visitor.person.store("plans/there already/first.txt", b"1")
    for name in ("there already", "one day/maybe"):
        (tmp_path / "plans" / name).mkdir(parents=True)
    (tmp_path / "plans" / "soon.txt").write_bytes(b"2")
    page = visitor.open()

    drop_from_desk(visitor.page, tmp_path / "plans")

    expect(page.get_by_role("heading", name=text_of("done", count=1))).to_be_visible()
    wait_until(
        lambda: visitor.person.send("GET", "/files?path=plans/one%20day").status == 200, page=visitor.page
    )
    visitor.row("plans").locator(".name").click()
    expect(visitor.row("one day")).to_be_visible()
    assert visitor.names() == ["one day", "there already", "soon.txt"]
    visitor.row("one day").locator(".name").click()
    expect(visitor.row("maybe")).to_be_visible()
    expect(page.get_by_role("alert").locator(".note")).to_have_count(0)


def test_pasting_into_a_text_field_inserts_text_despite_an_image_on_the_clipboard(visitor: Visitor) -> None:
    page = visitor.open()

    is_left_alone = page.get_by_role("searchbox").evaluate(
        """(field) => {
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File(["pixels"], "table.png"));
            clipboardData.items.add("1\t2", "text/plain");
            return field.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true })
            );
        }"""
    )

    assert is_left_alone
    expect(page.locator("#uploads")).to_be_hidden()


def paste(page: Page, name: str, content: str) -> None:
    page.evaluate(
        """([name, content]) => {
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([content], name));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }""",
        [name, content],
    )


def test_a_pasted_file_is_uploaded(visitor: Visitor) -> None:
    page = visitor.open()

    paste(page, "pasted.txt", "pixels")

    expect(visitor.row("pasted.txt")).to_be_visible()


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("rename", {"note.txt": b"first", "note (2).txt": b"the second"}),
        ("replace", {"note.txt": b"the second"}),
        ("skip", {"note.txt": b"first"}),
    ],
)
def test_a_second_file_with_a_name_being_uploaded_is_a_conflict(
    visitor: Visitor, value: str, stored: dict[str, bytes]
) -> None:
    page = visitor.open()
    with held_uploads(page):
        paste(page, "note.txt", "first")
        expect(visitor.upload_line("note.txt")).to_have_attribute("data-state", "sending")

        paste(page, "note.txt", "the second")
        answer(page.get_by_role("dialog"), value).click()

        expect(page.locator(".upload[data-state=asking]")).to_have_count(0)
        expect(page.locator(".upload[data-state=sending]")).to_have_count(1)
    done = "|".join(text_of("done", count=count) for count in (1, 2))
    expect(page.get_by_role("heading", name=re.compile(done))).to_be_visible()
    assert {name: visitor.person.get(name) for name in visitor.person.hashes()} == stored


def test_a_file_being_uploaded_is_not_sent_twice(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "film.mov").write_bytes(b"film")
    page = visitor.open()
    with held_uploads(page):
        drop_from_desk(visitor.page, tmp_path / "film.mov")
        expect(visitor.upload_line("film.mov")).to_have_attribute("data-state", "sending")

        drop_from_desk(visitor.page, tmp_path / "film.mov")

    expect(page.get_by_role("heading", name=text_of("done", count=1))).to_be_visible()
    expect(visitor.row("film.mov")).to_be_visible()
    assert visitor.names() == ["film.mov"]


def test_a_file_dropped_on_a_folder_is_uploaded_into_it(visitor: Visitor) -> None:
    visitor.person.store("albums/first.txt", b"1")
    page = visitor.open()

    drop(page, "dropped.txt", "inside", '[data-path="albums"]', "albums")

    expect(page.get_by_role("heading", name=text_of("done", count=1))).to_be_visible()
    assert visitor.person.get("albums/dropped.txt") == b"inside"


def test_a_file_dropped_on_a_breadcrumb_or_place_is_uploaded_there(visitor: Visitor) -> None:
    visitor.person.store("albums/2024/first.txt", b"1")
    page = visitor.open("/index?path=albums/2024")

    drop(page, "above.txt", "one up", ".crumbs li:last-child a", "albums")
    expect(page.get_by_role("heading", name=text_of("done", count=1))).to_be_visible()
    drop(page, "top.txt", "all the way", ".rail-links a", text_of("your-files"))
    expect(visitor.upload_line("top.txt")).to_have_attribute("data-state", "done")
    drop(page, "here.txt", "here", folder="2024")

    expect(visitor.row("here.txt")).to_be_visible()
    assert set(visitor.person.hashes()) == {
        "albums/2024/first.txt",
        "albums/2024/here.txt",
        "albums/above.txt",
        "top.txt",
    }


def test_the_drop_sign_names_the_target_after_a_search(visitor: Visitor) -> None:
    visitor.person.store("box/a.txt", b"1")
    page = visitor.open()
    page.get_by_role("searchbox").fill("box")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("“box”"))
    page.get_by_role("searchbox").press("Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text(text_of("your-files"))

    drop(page, "dropped.txt", "from the desk", '#rows [data-name="box"]', "box")

    expect(page.get_by_role("heading", name=text_of("done", count=1))).to_be_visible()
    assert visitor.person.get("box/dropped.txt") == b"from the desk"


def test_an_empty_folder_is_shown_despite_another_unicode_form_of_its_name(
    visitor: Visitor, tmp_path: Path
) -> None:
    folder = tmp_path / unicodedata.normalize("NFD", "Новый")
    folder.mkdir()
    visitor.open()

    drop_from_desk(visitor.page, folder)

    expect(visitor.row("Новый")).to_be_visible()
