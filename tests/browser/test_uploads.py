"""Uploading: chosen files and folders; what is seen meanwhile; what is left afterwards."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import MAX_UPLOAD_SIZE
from tests.support.chromium import Visitor, file, held_uploads

pytestmark = pytest.mark.browser

PACE = re.compile(r"^[\d.]+ MB / 3 MB · [\d.]+ [kM]B/s · \d+ s left$")

HALFWAY = """() => {
    const { value } = document.querySelector(".upload progress");
    return value > 0 && value < 1;
}"""


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


def test_what_is_new_is_marked_for_a_moment(visitor: Visitor) -> None:
    page = visitor.open()
    page.clock.install()
    visitor.choose(file("new.txt"))
    row = visitor.row("new.txt")
    expect(row).to_contain_class("is-new")

    page.clock.fast_forward(2_000)

    expect(row).not_to_contain_class("is-new")


def test_a_chosen_folder_arrives_with_all_that_is_in_it(visitor: Visitor, tmp_path: Path) -> None:
    for name in ("first.txt", "inner/second.txt"):
        path = tmp_path / "album" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    page = visitor.open()

    with page.expect_file_chooser() as opened:
        page.locator("label[for=folder-input]").click()
    opened.value.set_files(tmp_path / "album")

    expect(page.get_by_role("heading", name="2 files uploaded")).to_be_visible()
    expect(visitor.row("album")).to_be_visible()
    assert visitor.person.get("album/first.txt") == b"first.txt"
    assert visitor.person.get("album/inner/second.txt") == b"inner/second.txt"


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

        with page.expect_event("requestfailed"):  # or it could still be let go
            page.get_by_role("button", name="Cancel the upload of “unwanted.txt”").click()
        expect(page.locator(".upload").filter(has_text="unwanted.txt")).to_contain_text("Cancelled")

    expect(visitor.row("wanted.txt")).to_be_visible()
    assert visitor.names() == ["wanted.txt"]


def test_cancelling_all_stops_the_waiting_ones_too(visitor: Visitor) -> None:
    page = visitor.open()
    with held_uploads(page):
        visitor.choose(*(file(f"{number}.txt", b"x" * 1_100_000) for number in range(9)))

        failed = count(1)
        with page.expect_event("requestfailed", lambda _: next(failed) == 4):
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


def test_what_the_server_refuses_is_explained_and_can_be_tried_again(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    page = visitor.open()
    visitor.person.store("report/part.txt", b"a folder of that name")

    visitor.choose(file("report"))
    page.get_by_role("dialog").get_by_role("button", name="Replace").click()
    expect(page.locator(".upload[data-state=failed]")).to_contain_text("“report” is a folder, not a file.")
    visitor.person.delete("report")
    page.get_by_role("button", name="Try to upload “report” again").click()

    expect(visitor.row("report")).to_be_visible()


def test_small_files_can_be_paused_and_go_on(visitor: Visitor) -> None:
    page = visitor.open()
    with held_uploads(page):
        visitor.choose(file("one.txt"), file("two.txt"))
        page.get_by_role("button", name="Pause the upload of “one.txt”").click()
        expect(page.locator(".upload").filter(has_text="one.txt")).to_contain_text(
            "Paused · 0 bytes / 7 bytes"
        )
        page.get_by_role("button", name="Pause all").click()
        expect(page.get_by_role("heading", name="2 files paused")).to_be_visible()
        assert page.title() == "Your files – Cabinet"
        expect(page.get_by_role("button", name="Resume the upload of “one.txt”")).to_be_visible()

    page.get_by_role("button", name="Resume all").click()

    expect(page.get_by_role("heading", name="2 files uploaded")).to_be_visible()
    expect(visitor.row("two.txt")).to_be_visible()
    assert visitor.person.get("one.txt") == b"content"


def test_what_arrived_is_compared_and_said_to_be_verified(visitor: Visitor) -> None:
    page = visitor.open()

    visitor.choose(file("proof.txt", b"7" * 100_000), file("empty.txt", b""))

    for name in ("proof.txt", "empty.txt"):
        expect(page.locator(".upload").filter(has_text=name)).to_contain_text("Uploaded · verified")
    expect(page.get_by_text("over plain HTTP")).to_be_hidden()


def test_what_arrived_otherwise_is_never_called_uploaded(visitor: Visitor) -> None:
    page = visitor.open()

    def distort(route: Route) -> None:
        answer = route.fetch(post_data=b"something other")
        route.fulfill(response=answer)

    page.route("**/files/**", distort)
    visitor.choose(file("broken.txt"))
    failed = page.locator(".upload[data-state=failed]")
    expect(failed).to_contain_text("What arrived is not what was sent. Try again.")
    expect(page.get_by_role("alert")).to_contain_text("1 file was not uploaded")
    page.unroute("**/files/**")
    page.get_by_role("button", name="Try again", exact=True).click()

    expect(page.locator(".upload")).to_contain_text("verified")
    assert visitor.person.get("broken.txt") == b"content"


def test_the_time_of_a_file_goes_with_it(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open()
    old = tmp_path / "old.txt"
    old.write_bytes(b"1")
    os.utime(old, (1_000_000_000, 1_000_000_000))

    with page.expect_request("**/files/old.txt*") as sent:
        visitor.choose(str(old))

    assert sent.value.header_value("X-Mtime") == "1000000000"
    expect(visitor.row("old.txt")).to_be_visible()


def test_a_file_beyond_the_limit_is_refused_before_it_is_sent(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    large = tmp_path / "large.bin"
    with large.open("wb") as content:
        content.truncate(MAX_UPLOAD_SIZE + 1)

    visitor.choose(str(large))

    expect(page.get_by_role("alert")).to_have_text("large.bin: Larger than the 80 MB that are accepted here.")
    assert "PUT" not in sent


def test_uploads_go_on_while_one_moves_between_folders(visitor: Visitor) -> None:
    visitor.person.store("projects/plan.txt", b"1")
    page = visitor.open()
    page.evaluate("window.neverReloaded = true")
    with held_uploads(page):
        visitor.choose(file("above.txt"))
        expect(visitor.upload_line("above.txt")).to_have_attribute("data-state", "sending")

        page.get_by_role("link", name="projects", exact=True).click()

        expect(page.get_by_role("heading", level=1)).to_have_text("projects")
        expect(page).to_have_url(re.compile(r"/index\?path=projects$"))
        expect(page).to_have_title(re.compile(r"^0% · projects – Cabinet$"))
        visitor.choose(file("inside.txt"))
        expect(page.locator(".upload[data-state=sending]")).to_have_count(2)
    expect(visitor.row("inside.txt")).to_be_visible()
    assert visitor.names() == ["inside.txt", "plan.txt"]
    page.go_back()

    expect(visitor.row("above.txt")).to_be_visible()
    assert visitor.names() == ["projects", "above.txt"]
    assert page.evaluate("window.neverReloaded")
    assert set(visitor.person.hashes()) == {"above.txt", "projects/inside.txt", "projects/plan.txt"}


def test_a_folder_that_cannot_be_had_leaves_the_page_as_it_is(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_INTERNET_DISCONNECTED")
    visitor.person.store("projects/plan.txt", b"1")
    page = visitor.open()
    visitor.context.set_offline(True)
    visitor.choose(file("patient.txt"))
    expect(visitor.upload_line("patient.txt")).to_contain_text("No connection.")

    page.get_by_role("link", name="projects", exact=True).click()

    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(page).to_have_url(re.compile("/index$"))
    visitor.context.set_offline(False)
    expect(visitor.row("patient.txt")).to_be_visible()


def test_many_files_are_counted_and_not_all_listed(visitor: Visitor) -> None:
    page = visitor.open()
    with held_uploads(page):
        page.locator("#files-input").set_input_files([file(f"{number}.txt") for number in range(70)])

        expect(page.get_by_text("and 20 more")).to_be_visible()
        expect(page.locator(".upload")).to_have_count(50)
        page.get_by_role("button", name="Cancel all").click()


def test_what_arrived_shows_once_the_server_answers_again(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 503")
    page = visitor.open()
    page.route("**/index/rows", lambda route: route.fulfill(status=503), times=1)

    visitor.choose(file("a.txt"))

    expect(visitor.upload_line("a.txt")).to_have_attribute("data-state", "done")
    expect(visitor.row("a.txt")).to_be_visible()


def test_what_arrives_moves_neither_the_focus_nor_the_page(visitor: Visitor) -> None:
    for number in range(40):
        visitor.person.store(f"{number:02}.txt", b"1")
    page = visitor.open()
    page.evaluate("scrollTo({ top: 900, behavior: 'instant' })")
    before = page.evaluate("[scrollY, document.activeElement.nodeName]")

    page.locator("#files-input").set_input_files([file("99.txt")])

    expect(visitor.row("99.txt")).to_be_attached()
    expect(page.locator("#totals")).to_contain_text("41 items")
    assert page.evaluate("[scrollY, document.activeElement.nodeName]") == before


def test_who_listens_hears_that_an_upload_begins_and_ends(visitor: Visitor) -> None:
    page = visitor.open()

    visitor.choose(file("a.txt"))

    expect(page.locator("#toasts-status")).to_contain_text("Uploading 1 file")
    expect(page.locator("#toasts-status")).to_contain_text("1 file uploaded")
