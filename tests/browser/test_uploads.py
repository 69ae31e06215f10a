"""Uploading selected files and folders: progress, and the result."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from cabinet.errors import IsAFolder
from tests.browser.conftest import MAX_UPLOAD_SIZE
from tests.support.chromium import Visitor, file, file_on_disk, held_uploads
from tests.support.controls import answer, control
from tests.support.waiting import wait_until
from tests.support.wording import detail_of, figures, text_of

pytestmark = pytest.mark.browser

PACE = re.compile(r"^[\d.]+ MB / 3 MB · [\d.]+ [kM]B/s · \d+ s left$")

HALFWAY = """() => {
    const { value } = document.querySelector(".upload progress");
    return value > 0 && value < 1;
}"""


def test_a_selected_file_appears_in_order_without_a_reload(visitor: Visitor) -> None:
    visitor.person.store("apple.txt", b"1")
    visitor.person.store("cherry.txt", b"3")
    page = visitor.open()
    page.evaluate("window.neverReloaded = true")

    visitor.choose(file("banana.txt", b"22"))

    expect(visitor.row("banana.txt")).to_be_visible()
    assert visitor.names() == ["apple.txt", "banana.txt", "cherry.txt"]
    expect(page.locator("#totals")).to_have_text(figures(3, 4))
    assert page.evaluate("window.neverReloaded")
    assert visitor.person.get("banana.txt") == b"22"


@pytest.mark.usefixtures("own_context")
def test_new_rows_are_highlighted_briefly(visitor: Visitor) -> None:
    page = visitor.open()
    page.clock.install()
    visitor.choose(file("new.txt"))
    row = visitor.row("new.txt")
    expect(row).to_contain_class("is-new")

    page.clock.fast_forward(2_000)

    expect(row).not_to_contain_class("is-new")


def test_a_selected_folder_is_uploaded_with_its_content(visitor: Visitor, tmp_path: Path) -> None:
    for name in ("first.txt", "inner/second.txt"):
        path = tmp_path / "album" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    page = visitor.open()

    with page.expect_file_chooser() as opened:
        page.locator("label[for=folder-input]").click()
    opened.value.set_files(tmp_path / "album")

    expect(page.get_by_role("heading", name=text_of("done", count=2))).to_be_visible()
    expect(visitor.row("album")).to_be_visible()
    assert visitor.person.get("album/first.txt") == b"first.txt"
    assert visitor.person.get("album/inner/second.txt") == b"inner/second.txt"


def test_many_selected_files_are_all_stored(visitor: Visitor) -> None:
    page = visitor.open()
    contents = {f"file{number}.bin": bytes([number]) * 70_000 for number in range(1, 13)}

    visitor.choose(*(file(name, content) for name, content in contents.items()))

    expect(page.get_by_role("heading", name=text_of("done", count=12))).to_be_visible()
    expect(visitor.row("file12.bin")).to_be_visible()
    assert visitor.names() == list(contents)
    assert {name: visitor.person.get(name) for name in contents} == contents


def test_files_are_uploaded_into_the_open_folder(visitor: Visitor) -> None:
    visitor.person.store("a/b #1/first.txt", b"1")
    visitor.open("/index?path=a/b%20%231")

    visitor.choose(file("100% & more?.txt", b"2"))

    expect(visitor.row("100% & more?.txt")).to_be_visible()
    assert visitor.person.get("a/b #1/100% & more?.txt") == b"2"


def test_progress_is_shown_during_an_upload(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open()
    devtools = visitor.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000}
    devtools.send("Network.emulateNetworkConditions", slow)

    visitor.choose(file_on_disk(tmp_path, "film.mov", 3_000_000))

    expect(page.get_by_role("heading", name=text_of("uploading", count=1))).to_be_visible()
    bar = page.get_by_role("progressbar", name=text_of("uploading-one", name="film.mov"))
    expect(bar).to_be_visible()
    page.wait_for_function(HALFWAY)
    expect(page.locator("#uploads-rate")).to_have_text(PACE)
    assert f"% · {text_of('your-files')}" in page.title()
    expect(page.get_by_role("heading", name=text_of("done", count=1))).to_be_visible()
    assert page.title() == f"{text_of('your-files')} – Cabinet"


def test_a_cancelled_upload_is_removed_and_others_continue(visitor: Visitor) -> None:
    page = visitor.open()
    with held_uploads(page) as sent:
        visitor.choose(file("wanted.txt"), file("unwanted.txt"))
        wait_until(lambda: sent, what="an upload", page=page)

        with page.expect_event("requestfailed"):  # or it could still be let go
            page.get_by_role("button", name=text_of("cancel-one", name="unwanted.txt")).click()
        expect(page.locator(".upload").filter(has_text="unwanted.txt")).to_contain_text(text_of("cancelled"))

    expect(visitor.row("wanted.txt")).to_be_visible()
    assert visitor.names() == ["wanted.txt"]


def test_cancel_all_cancels_waiting_uploads_too(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open()
    with held_uploads(page) as sent:
        visitor.choose(*(file_on_disk(tmp_path, f"{number}.txt", 1_100_000) for number in range(6)))
        wait_until(lambda: len(sent) == 4, what="four uploads", page=page)

        failed = count(1)
        with page.expect_event("requestfailed", lambda _: next(failed) == 4):
            control(page, "cancel all").click()

        expect(page.locator(".upload[data-state=cancelled]")).to_have_count(6)
    page.reload()
    expect(control(page, "nothing here")).to_be_visible()


def test_leaving_the_page_is_guarded_only_during_uploads(visitor: Visitor) -> None:
    page = visitor.open()
    page.on("dialog", lambda dialog: dialog.dismiss())
    with held_uploads(page):
        visitor.choose(file("slow.txt"))
        expect(page.get_by_role("heading", name=text_of("uploading", count=1))).to_be_visible()
        with page.expect_event("dialog") as asked:
            page.evaluate("location.assign('/account')")
        assert asked.value.type == "beforeunload"
        assert page.url.endswith("/index")

    expect(visitor.row("slow.txt")).to_be_visible()
    page.goto("/account")

    expect(control(page, "tokens")).to_be_visible()


def test_a_refusal_is_explained_and_can_be_retried(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    page = visitor.open()
    visitor.person.store("report/part.txt", b"a folder of that name")

    visitor.choose(file("report"))
    answer(page.get_by_role("dialog"), "replace").click()
    expect(page.locator(".upload[data-state=failed]")).to_contain_text(detail_of(IsAFolder, path="report"))
    visitor.person.delete("report")
    page.get_by_role("button", name=text_of("retry-one", name="report")).click()

    expect(visitor.row("report")).to_be_visible()


def test_small_files_can_be_paused_and_resumed(visitor: Visitor) -> None:
    page = visitor.open()
    with held_uploads(page):
        visitor.choose(file("one.txt"), file("two.txt"))
        page.get_by_role("button", name=text_of("pause-one", name="one.txt")).click()
        sizes = [text_of("size.0", count=size, value=size) for size in (0, 7)]
        expect(page.locator(".upload").filter(has_text="one.txt")).to_contain_text(
            text_of("paused", amount=" / ".join(sizes))
        )
        control(page, "pause all").click()
        expect(page.get_by_role("heading", name=text_of("all-paused", count=2))).to_be_visible()
        assert page.title() == f"{text_of('your-files')} – Cabinet"
        expect(page.get_by_role("button", name=text_of("resume-one", name="one.txt"))).to_be_visible()

    control(page, "resume all").click()

    expect(page.get_by_role("heading", name=text_of("done", count=2))).to_be_visible()
    expect(visitor.row("two.txt")).to_be_visible()
    assert visitor.person.get("one.txt") == b"content"


def test_stored_files_are_verified(visitor: Visitor) -> None:
    page = visitor.open()

    visitor.choose(file("proof.txt", b"7" * 100_000), file("empty.txt", b""))

    for name in ("proof.txt", "empty.txt"):
        expect(page.locator(".upload").filter(has_text=name)).to_contain_text(
            f"{text_of('uploaded')} · {text_of('verified')}"
        )
    expect(page.locator("#uploads-hint")).to_be_hidden()


def test_a_corrupted_file_is_not_reported_as_uploaded(visitor: Visitor) -> None:
    page = visitor.open()

    def distort(route: Route) -> None:
        answer = route.fetch(post_data=b"something other")
        route.fulfill(response=answer)

    page.route("**/files/**", distort)
    visitor.choose(file("broken.txt"))
    failed = page.locator(".upload[data-state=failed]")
    expect(failed).to_contain_text(text_of("differs"))
    expect(page.get_by_role("alert")).to_contain_text(text_of("unfinished", count=1))
    page.unroute("**/files/**")
    control(page, "retry uploads").click()

    expect(page.locator(".upload")).to_contain_text(text_of("verified"))
    assert visitor.person.get("broken.txt") == b"content"


def test_the_modification_time_is_uploaded(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open()
    old = tmp_path / "old.txt"
    old.write_bytes(b"1")
    os.utime(old, (1_000_000_000, 1_000_000_000))

    with page.expect_request("**/files/old.txt*") as sent:
        visitor.choose(str(old))

    assert sent.value.header_value("X-Mtime") == "1000000000"
    expect(visitor.row("old.txt")).to_be_visible()


def test_a_file_above_the_size_limit_is_refused_before_sending(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    large = tmp_path / "large.bin"
    with large.open("wb") as content:
        content.truncate(MAX_UPLOAD_SIZE + 1)

    visitor.choose(str(large))

    expect(page.get_by_role("alert")).to_have_text(f"large.bin: {text_of('too-large', limit='80 MB')}")
    assert "PUT" not in sent


def test_uploads_continue_during_navigation(visitor: Visitor) -> None:
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


def test_a_folder_that_fails_to_load_leaves_the_page_unchanged(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_INTERNET_DISCONNECTED")
    visitor.person.store("projects/plan.txt", b"1")
    page = visitor.open()
    visitor.context.set_offline(True)
    visitor.choose(file("patient.txt"))
    expect(visitor.upload_line("patient.txt")).to_contain_text(text_of("held-offline"))

    page.get_by_role("link", name="projects", exact=True).click()

    expect(page.get_by_role("alert")).to_contain_text(text_of("offline"))
    expect(page).to_have_url(re.compile("/index$"))
    visitor.context.set_offline(False)
    expect(visitor.row("patient.txt")).to_be_visible()


def test_many_uploads_are_counted_and_only_some_listed(visitor: Visitor) -> None:
    page = visitor.open()
    with held_uploads(page):
        page.locator("#files-input").set_input_files([file(f"{number}.txt") for number in range(70)])

        expect(page.get_by_text(text_of("more", count=20))).to_be_visible()
        expect(page.locator(".upload")).to_have_count(50)
        control(page, "cancel all").click()


def test_uploaded_files_are_shown_once_the_server_answers_again(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 503")
    page = visitor.open()
    page.route("**/index/rows", lambda route: route.fulfill(status=503), times=1)

    visitor.choose(file("a.txt"))

    expect(visitor.upload_line("a.txt")).to_have_attribute("data-state", "done")
    expect(visitor.row("a.txt")).to_be_visible()


def test_new_rows_move_neither_focus_nor_page(visitor: Visitor) -> None:
    for number in range(40):
        visitor.person.store(f"{number:02}.txt", b"1")
    page = visitor.open()
    page.evaluate("scrollTo({ top: 900, behavior: 'instant' })")
    before = page.evaluate("[scrollY, document.activeElement.nodeName]")

    page.locator("#files-input").set_input_files([file("99.txt")])

    expect(visitor.row("99.txt")).to_be_attached()
    expect(page.locator("#totals")).to_have_text(re.compile(r"^\s*41\b"))
    assert page.evaluate("[scrollY, document.activeElement.nodeName]") == before


def test_start_and_end_of_an_upload_are_announced(visitor: Visitor) -> None:
    page = visitor.open()

    visitor.choose(file("a.txt"))

    expect(page.locator("#toasts-status")).to_contain_text(text_of("uploading", count=1))
    expect(page.locator("#toasts-status")).to_contain_text(text_of("done", count=1))
