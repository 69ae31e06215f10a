"""A request for files: a page that takes files, lists nothing, and remembers what this browser has sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewContext
from tests.browser.links.conftest import Guest, Share
from tests.support.chromium import Complaints, drop_from_desk, file, first_page
from tests.support.people import Person
from tests.support.slow_uploads import CONTENT, NAME, UNDER_WAY, Network
from tests.support.wording import figures

pytestmark = pytest.mark.browser


@pytest.fixture
def request_link(owner: Person, share: Share) -> str:
    """Return a request for files into a folder that has some."""
    owner.store("inbox/theirs.txt", b"not for guests")
    return share("inbox", kind="request", name="Your drawings", note="By Friday")


def test_files_are_sent_and_remembered_by_the_browser_alone(
    guest: Guest, new_context: NewContext, owner: Person, request_link: str
) -> None:
    page = guest.open(request_link)
    expect(page.get_by_text("By Friday", exact=True)).to_be_visible()
    assert "theirs" not in page.content()
    expect(page.locator("#sent")).to_be_hidden()

    guest.send(file("one.txt", b"1"), file("theirs.txt", b"mine"))

    expect(page.locator("#thanks")).to_be_visible()
    expect(page.locator("#sent-count")).to_have_text(figures(2))
    assert owner.get("inbox/one.txt") == b"1"
    assert owner.get("inbox/theirs.txt") == b"not for guests"
    assert owner.get("inbox/theirs (2).txt") == b"mine"

    page.reload()
    expect(page.locator("#sent-list .thing-name")).to_have_text(["theirs.txt", "one.txt"])
    expect(page.locator("#thanks")).to_be_hidden()
    other = first_page(new_context())
    other.goto(request_link)
    expect(other.locator("#sent")).to_be_hidden()
    page.locator("#sent-forget").press("Enter")
    expect(page.locator("#sent")).to_be_hidden()


def test_an_interrupted_upload_goes_on_when_the_file_is_selected_again(
    guest: Guest, complaints: list[Complaints], owner: Person, request_link: str, film: Path
) -> None:
    complaints[0].expect("ERR_ABORTED|ERR_FAILED|ERR_NETWORK")
    page = guest.open(request_link)
    network = Network(page)
    network.slow_down()
    guest.send(str(film))
    page.wait_for_function(UNDER_WAY)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    network.restore()
    expect(page.locator("#unfinished")).to_contain_text(NAME)

    guest.send(str(film))

    expect(page.locator("#thanks")).to_be_visible()
    expect(page.locator("#unfinished")).to_be_hidden()
    assert owner.get(f"inbox/{NAME}") == CONTENT


def test_files_are_dropped_anywhere_on_the_page(guest: Guest, owner: Person, request_link: str) -> None:
    page = guest.open(request_link)
    page.locator("body").dispatch_event("pointerover")
    page.locator("body.is-ready").wait_for(state="attached")
    dropped = page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["dropped"], "drop.txt"));
            return data;
        }"""
    )
    page.dispatch_event("main", "dragenter", {"dataTransfer": dropped})
    expect(page.locator("#drop-sign")).to_be_visible()
    page.dispatch_event("main", "drop", {"dataTransfer": dropped})

    expect(page.locator("#thanks")).to_be_visible()
    assert owner.get("inbox/drop.txt") == b"dropped"


def test_files_of_a_dropped_folder_are_sent_and_empty_folders_are_named(
    guest: Guest, owner: Person, request_link: str, tmp_path: Path
) -> None:
    for name in ("nothing", "one day/maybe"):
        (tmp_path / "plans" / name).mkdir(parents=True)
    (tmp_path / "plans" / "soon.txt").write_bytes(b"2")
    page = guest.open(request_link)
    page.locator("body").dispatch_event("pointerover")
    page.locator("body.is-ready").wait_for(state="attached")

    drop_from_desk(page, tmp_path / "plans")

    expect(page.locator("#thanks")).to_be_visible()
    note = page.get_by_role("alert").filter(has_text="plans/nothing")
    expect(note).to_contain_text("plans/one day/maybe")
    assert owner.get("inbox/plans/soon.txt") == b"2"
    assert owner.send("GET", "/files?path=inbox/plans/nothing").status == 404


def test_without_scripts_a_form_sends_files_and_thanks(
    new_context: NewContext, owner: Person, request_link: str
) -> None:
    page = first_page(new_context(java_script_enabled=False))
    page.goto(request_link)
    expect(page.locator("#thanks")).to_be_hidden()
    page.locator("#files-input").set_input_files([file("plain.txt", b"plain")])
    page.locator("#upload button[type=submit]").click()

    expect(page.locator("#thanks")).to_be_visible()
    expect(page.get_by_text("plain.txt")).to_be_visible()
    assert owner.get("inbox/plain.txt") == b"plain"
