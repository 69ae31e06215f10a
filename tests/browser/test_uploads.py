"""Uploading: chosen, dropped and pasted files; what is seen meanwhile; what is left afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import MAX_UPLOAD_SIZE
from tests.support.chromium import Visitor, file, held_uploads

pytestmark = pytest.mark.browser

PACE = re.compile(r"^[\d.]+ MB / 3 MB · [\d.]+ [kM]B/s · \d+ s left$")

HALFWAY = """() => {
    const { value } = document.querySelector(".upload progress");
    return value > 0 && value < 1;
}"""


def drop(page: Page, name: str, content: str) -> None:
    """Drop a file that the page itself makes."""
    transfer = page.evaluate_handle(
        """([name, content]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([content], name));
            return transfer;
        }""",
        [name, content],
    )
    for event in ("dragenter", "dragover"):
        page.dispatch_event("#main", event, {"dataTransfer": transfer})
    expect(page.get_by_text("Drop to upload")).to_be_visible()
    page.dispatch_event("#main", "drop", {"dataTransfer": transfer})
    expect(page.get_by_text("Drop to upload")).to_be_hidden()


def test_one_chosen_file_appears_in_its_place_without_a_reload(visitor: Visitor) -> None:
    visitor.person.store("apple.txt", b"1")
    visitor.person.store("cherry.txt", b"3")
    page = visitor.open()
    page.evaluate("window.neverReloaded = true")

    visitor.choose(file("banana.txt", b"22"))

    expect(visitor.row("banana.txt")).to_be_visible()
    assert visitor.names() == ["apple.txt", "banana.txt", "cherry.txt"]
    expect(page.locator("#totals")).to_have_text("3 items · 4 bytes")
    assert page.evaluate("window.neverReloaded")
    assert visitor.person.get("banana.txt") == b"22"


def test_many_chosen_files_are_all_stored(visitor: Visitor) -> None:
    page = visitor.open()
    contents = {f"file{number}.bin": bytes([number]) * 70_000 for number in range(1, 13)}

    visitor.choose(*(file(name, content) for name, content in contents.items()))

    expect(page.get_by_role("heading", name="12 files uploaded")).to_be_visible()
    expect(visitor.row("file12.bin")).to_be_visible()
    assert visitor.names() == list(contents)
    assert {name: visitor.person.get(name) for name in contents} == contents


def test_files_go_into_the_folder_that_is_open(visitor: Visitor) -> None:
    visitor.person.store("a/b #1/first.txt", b"1")
    visitor.open("/index?path=a/b%20%231")

    visitor.choose(file("100% & more?.txt", b"2"))

    expect(visitor.row("100% & more?.txt")).to_be_visible()
    assert visitor.person.get("a/b #1/100% & more?.txt") == b"2"


def test_a_dropped_file_is_uploaded(visitor: Visitor) -> None:
    page = visitor.open()

    drop(page, "dropped.txt", "from the desk")

    expect(visitor.row("dropped.txt")).to_be_visible()
    assert visitor.person.get("dropped.txt") == b"from the desk"


def test_a_dropped_folder_arrives_with_all_that_is_in_it(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "trip" / "day 2").mkdir(parents=True)
    (tmp_path / "trip" / "plan.txt").write_bytes(b"plan")
    (tmp_path / "trip" / "day 2" / "map.txt").write_bytes(b"map")
    page = visitor.open()
    devtools = visitor.context.new_cdp_session(page)
    dragged = {"items": [], "files": [str(tmp_path / "trip")], "dragOperationsMask": 1}

    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 400, "data": dragged})

    expect(visitor.row("trip")).to_be_visible()
    assert visitor.names() == ["trip"]
    assert set(visitor.person.hashes()) == {"trip/plan.txt", "trip/day 2/map.txt"}


def test_a_pasted_file_is_uploaded(visitor: Visitor) -> None:
    page = visitor.open()

    page.evaluate(
        """() => {
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File(["pixels"], "image.png"));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }"""
    )

    expect(visitor.row("image.png")).to_be_visible()


def test_progress_is_shown_while_bytes_are_on_their_way(visitor: Visitor) -> None:
    page = visitor.open()
    devtools = visitor.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000}
    devtools.send("Network.emulateNetworkConditions", slow)

    visitor.choose(file("film.mov", bytes(3_000_000)))

    expect(page.get_by_role("heading", name="Uploading 1 file")).to_be_visible()
    bar = page.get_by_role("progressbar", name="Uploading “film.mov”")
    expect(bar).to_be_visible()
    page.wait_for_function(HALFWAY)
    expect(page.locator("#uploads-rate")).to_have_text(PACE)
    assert "% · Your files" in page.title()
    expect(page.get_by_role("heading", name="1 file uploaded")).to_be_visible()
    assert page.title() == "Your files – Cabinet"


def test_a_cancelled_upload_leaves_nothing_and_the_others_go_on(visitor: Visitor) -> None:
    page = visitor.open()
    with held_uploads(page):
        visitor.choose(file("wanted.txt"), file("unwanted.txt"))

        page.get_by_role("button", name="Cancel the upload of “unwanted.txt”").click()
        expect(page.locator(".upload").filter(has_text="unwanted.txt")).to_contain_text("Cancelled")

    expect(visitor.row("wanted.txt")).to_be_visible()
    assert visitor.names() == ["wanted.txt"]


def test_cancelling_all_stops_the_waiting_ones_too(visitor: Visitor) -> None:
    page = visitor.open()
    with held_uploads(page):
        visitor.choose(*(file(f"{number}.txt") for number in range(9)))

        page.get_by_role("button", name="Cancel all").click()

        expect(page.locator(".upload[data-state=cancelled]")).to_have_count(9)
    page.reload()
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def test_leaving_is_guarded_only_while_something_runs(visitor: Visitor) -> None:
    page = visitor.open()
    page.on("dialog", lambda dialog: dialog.dismiss())
    with held_uploads(page):
        visitor.choose(file("slow.txt"))
        expect(page.get_by_role("heading", name="Uploading 1 file")).to_be_visible()
        with page.expect_event("dialog") as asked:
            page.evaluate("location.assign('/account')")
        assert asked.value.type == "beforeunload"
        assert page.url.endswith("/index")

    expect(visitor.row("slow.txt")).to_be_visible()
    page.goto("/account")

    expect(page.get_by_role("heading", name="Tokens for programs")).to_be_visible()


def test_replacing_a_file_says_that_the_earlier_version_is_kept(visitor: Visitor) -> None:
    visitor.person.store("notes.txt", b"old")
    page = visitor.open()

    visitor.choose(file("notes.txt", b"newer"))

    expect(page.get_by_text("Replaced, the earlier version is kept")).to_be_visible()
    expect(visitor.row("notes.txt")).to_contain_text("5 bytes")
    assert visitor.names() == ["notes.txt"]


def test_a_lost_connection_is_named_and_the_upload_goes_on_when_it_is_back(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_INTERNET_DISCONNECTED")
    page = visitor.open()
    visitor.context.set_offline(True)
    visitor.choose(file("patient.txt"))
    failed = page.locator(".upload[data-state=failed]")
    expect(failed).to_contain_text("The server cannot be reached.")
    expect(page.get_by_role("alert")).to_contain_text("1 file was not uploaded")

    visitor.context.set_offline(False)

    expect(visitor.row("patient.txt")).to_be_visible()


def test_what_the_server_refuses_is_explained_and_can_be_tried_again(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    page = visitor.open()
    visitor.person.store("report/part.txt", b"a folder of that name")

    visitor.choose(file("report"))
    expect(page.locator(".upload[data-state=failed]")).to_contain_text("“report” is a folder, not a file.")
    visitor.person.delete("report")
    page.get_by_role("button", name="Try to upload “report” again").click()

    expect(visitor.row("report")).to_be_visible()


def test_an_ended_session_asks_to_sign_in_again(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    page = visitor.open()
    visitor.context.clear_cookies()

    visitor.choose(file("late.txt"))

    expect(page.locator(".upload[data-state=failed]")).to_contain_text("You are signed out.")


def test_a_file_beyond_the_limit_is_refused_before_it_is_sent(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    large = tmp_path / "large.bin"
    with large.open("wb") as content:
        content.truncate(MAX_UPLOAD_SIZE + 1)

    visitor.choose(str(large))

    expect(page.get_by_role("alert")).to_have_text("large.bin: Larger than the 50 MB that are accepted here.")
    assert "PUT" not in sent
