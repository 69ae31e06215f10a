"""Dropping and pasting: files and folders of the desktop, where they go, and what comes twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import Visitor, held_uploads
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser


def drop(page: Page, name: str, content: str, onto: str = "#main", sign: str = "Drop to upload") -> None:
    """Drop a file that the page itself makes; `sign` is what it says meanwhile."""
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
    expect(page.locator("#drop-sign")).to_have_text(sign)
    page.dispatch_event(onto, "drop", {"dataTransfer": transfer})
    expect(page.locator("#drop-sign")).to_be_hidden()


def test_a_dropped_file_is_uploaded(visitor: Visitor) -> None:
    page = visitor.open()

    drop(page, "dropped.txt", "from the desk")

    expect(visitor.row("dropped.txt")).to_be_visible()
    assert visitor.person.get("dropped.txt") == b"from the desk"


def drop_from_desk(visitor: Visitor, path: Path) -> None:
    """Drop a file or folder of this machine on the page that is open."""
    devtools = visitor.context.new_cdp_session(visitor.page)
    dragged = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 400, "data": dragged})


def test_a_dropped_folder_arrives_with_all_that_is_in_it(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "trip" / "day 2").mkdir(parents=True)
    (tmp_path / "trip" / "plan.txt").write_bytes(b"plan")
    (tmp_path / "trip" / "day 2" / "map.txt").write_bytes(b"map")
    visitor.open()

    drop_from_desk(visitor, tmp_path / "trip")

    expect(visitor.row("trip")).to_be_visible()
    assert visitor.names() == ["trip"]
    assert set(visitor.person.hashes()) == {"trip/plan.txt", "trip/day 2/map.txt"}


def test_a_browser_hands_a_large_folder_out_in_parts_and_all_of_them_arrive(
    visitor: Visitor, tmp_path: Path
) -> None:
    (tmp_path / "many").mkdir()
    names = {f"{number:03}.txt" for number in range(230)}
    for name in names:
        (tmp_path / "many" / name).write_bytes(b"1")
    page = visitor.open()

    drop_from_desk(visitor, tmp_path / "many")

    expect(page.get_by_role("heading", name="230 files uploaded")).to_be_visible(timeout=60_000)
    assert set(visitor.person.hashes()) == {f"many/{name}" for name in names}


def test_folders_with_nothing_in_them_arrive_too(
    visitor: Visitor, tmp_path: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    visitor.person.store("plans/there already/first.txt", b"1")
    for name in ("there already", "one day/maybe"):
        (tmp_path / "plans" / name).mkdir(parents=True)
    (tmp_path / "plans" / "soon.txt").write_bytes(b"2")
    page = visitor.open()

    drop_from_desk(visitor, tmp_path / "plans")

    expect(page.get_by_role("heading", name="1 file uploaded")).to_be_visible()
    wait_until(lambda: visitor.person.send("GET", "/files?path=plans/one%20day").status == 200)
    visitor.row("plans").locator(".name").click()
    expect(visitor.row("one day")).to_be_visible()
    assert visitor.names() == ["one day", "there already", "soon.txt"]
    visitor.row("one day").locator(".name").click()
    expect(visitor.row("maybe")).to_be_visible()
    expect(page.get_by_role("alert").locator(".note")).to_have_count(0)


def test_whoever_types_pastes_words_though_a_picture_of_them_is_on_the_clipboard(visitor: Visitor) -> None:
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
    ("answer", "stored"),
    [
        ("Keep both", {"note.txt": b"first", "note (2).txt": b"the second"}),
        ("Replace", {"note.txt": b"the second"}),
        ("Skip", {"note.txt": b"first"}),
    ],
)
def test_a_second_file_of_a_name_that_is_on_its_way_is_asked_about(
    visitor: Visitor, answer: str, stored: dict[str, bytes]
) -> None:
    page = visitor.open()
    with held_uploads(page):
        paste(page, "note.txt", "first")
        expect(visitor.upload_line("note.txt")).to_have_attribute("data-state", "sending")

        paste(page, "note.txt", "the second")
        page.get_by_role("dialog").get_by_role("button", name=answer).click()

        expect(page.locator(".upload[data-state=asking]")).to_have_count(0)
        expect(page.locator(".upload[data-state=sending]")).to_have_count(1)
    expect(page.get_by_role("heading", name=re.compile("[12] files? uploaded"))).to_be_visible()
    assert {name: visitor.person.get(name) for name in visitor.person.hashes()} == stored


def test_a_file_that_is_on_its_way_already_is_not_sent_twice(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "film.mov").write_bytes(b"film")
    page = visitor.open()
    with held_uploads(page):
        drop_from_desk(visitor, tmp_path / "film.mov")
        expect(visitor.upload_line("film.mov")).to_have_attribute("data-state", "sending")

        drop_from_desk(visitor, tmp_path / "film.mov")

    expect(page.get_by_role("heading", name="1 file uploaded")).to_be_visible()
    expect(visitor.row("film.mov")).to_be_visible()
    assert visitor.names() == ["film.mov"]


def test_a_file_dropped_on_a_folder_goes_into_it(visitor: Visitor) -> None:
    visitor.person.store("albums/first.txt", b"1")
    page = visitor.open()

    drop(page, "dropped.txt", "inside", '[data-path="albums"]', "Drop to upload into “albums”")

    expect(page.get_by_role("heading", name="1 file uploaded")).to_be_visible()
    assert visitor.person.get("albums/dropped.txt") == b"inside"


def test_a_file_dropped_on_a_crumb_or_a_place_goes_there(visitor: Visitor) -> None:
    visitor.person.store("albums/2024/first.txt", b"1")
    page = visitor.open("/index?path=albums/2024")

    drop(page, "above.txt", "one up", ".crumbs li:last-child a", "Drop to upload into “albums”")
    expect(page.get_by_role("heading", name="1 file uploaded")).to_be_visible()
    drop(page, "top.txt", "all the way", ".rail-links a", "Drop to upload into “Your files”")
    expect(visitor.upload_line("top.txt")).to_have_attribute("data-state", "done")
    drop(page, "here.txt", "here", sign="Drop to upload into “2024”")

    expect(visitor.row("here.txt")).to_be_visible()
    assert set(visitor.person.hashes()) == {
        "albums/2024/first.txt",
        "albums/2024/here.txt",
        "albums/above.txt",
        "top.txt",
    }


def test_the_sign_goes_on_telling_the_truth_after_a_search(visitor: Visitor) -> None:
    visitor.person.store("box/a.txt", b"1")
    page = visitor.open()
    page.get_by_role("searchbox").fill("box")
    expect(page.get_by_role("heading", level=1)).to_have_text("Search for “box”")
    page.get_by_role("searchbox").press("Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your files")

    drop(page, "dropped.txt", "from the desk", '#rows [data-name="box"]', "Drop to upload into “box”")

    expect(page.get_by_role("heading", name="1 file uploaded")).to_be_visible()
    assert visitor.person.get("box/dropped.txt") == b"from the desk"


def test_an_empty_folder_shows_though_its_name_is_written_otherwise(visitor: Visitor, tmp_path: Path) -> None:
    folder = tmp_path / unicodedata.normalize("NFD", "Новый")
    folder.mkdir()
    visitor.open()

    drop_from_desk(visitor, folder)

    expect(visitor.row("Новый")).to_be_visible()
