"""A link to one file: what it is, its seal, its preview and its download."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.browser.links.conftest import Guest, Share
from tests.support.chromium import Complaints, first_page
from tests.support.images import picture
from tests.support.people import Person

pytestmark = pytest.mark.browser


def downloads(owner: Person) -> list[int]:
    """Return how often each link of the owner was downloaded through."""
    return [each["downloads"] for each in owner.send("GET", "/shares").json()["shares"]]


def stage(page: Page) -> str:
    return str(page.locator("#shared-file").get_attribute("data-kind"))


def test_a_file_is_described_sealed_and_downloaded(guest: Guest, owner: Person, share: Share) -> None:
    entry = owner.store("reports/Annual report.txt", b"figures")
    page = guest.open(share("reports/Annual report.txt", note="As promised"))

    expect(page.get_by_role("heading", level=1)).to_have_text("Annual report.txt")
    expect(page.get_by_text("As promised", exact=True)).to_be_visible()
    expect(page.locator("#content-hash")).to_have_text(entry["content_hash"])
    box = page.locator(".shared-download").bounding_box()
    assert box is not None
    assert box["height"] == 52
    with page.expect_download() as downloaded:
        page.locator(".shared-download").click()
    assert downloaded.value.suggested_filename == "Annual report.txt"
    assert downloaded.value.path().read_bytes() == b"figures"


def test_a_text_is_shown_on_request_and_a_picture_at_once(guest: Guest, owner: Person, share: Share) -> None:
    owner.store("poem.txt", b"Roses are red")
    owner.store("sea.png", picture())
    page = guest.open(share("sea.png"))
    expect(page.locator("#shared-file img")).to_have_js_property("naturalWidth", 40)
    expect(page.locator("#look")).to_be_hidden()
    assert downloads(owner) == [0]

    page = guest.open(share("poem.txt"))
    page.locator("#look").press("Enter")
    expect(page.locator("#shared-file pre")).to_have_text("Roses are red")
    expect(page.locator("#shared-file")).to_be_focused()
    assert sorted(downloads(owner)) == [0, 1]


def test_where_downloads_are_limited_only_pictures_are_shown(
    guest: Guest, owner: Person, share: Share
) -> None:
    owner.store("poem.txt", b"Roses are red")
    owner.store("sea.png", picture())
    page = guest.open(share("sea.png", max_downloads=1))
    expect(page.locator("#shared-file img")).to_have_js_property("naturalWidth", 40)
    page = guest.open(share("poem.txt", max_downloads=1))
    page.wait_for_load_state("networkidle")
    expect(page.locator("#look")).to_be_hidden()
    assert downloads(owner) == [0, 0]


def test_a_password_is_asked_for_and_opens_the_link(
    guest: Guest, complaints: list[Complaints], owner: Person, share: Share
) -> None:
    complaints[0].expect("status of 401")
    owner.store("plan.txt", b"secret plan")
    page = guest.open(share("plan.txt", password="s3same"))
    assert "plan" not in page.content()
    assert page.locator('meta[property^="og:"]').count() == 0

    page.locator("#password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#password-error")).to_be_visible()
    page.locator("#password").fill("s3same")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("plan.txt")


def test_without_scripts_a_file_is_opened_and_downloaded(
    new_context: NewContext, owner: Person, share: Share
) -> None:
    owner.store("poem.txt", b"Roses are red")
    page = first_page(new_context(java_script_enabled=False))
    page.goto(share("poem.txt"))
    with page.expect_download() as downloaded:
        page.locator(".shared-download").click()
    assert downloaded.value.path().read_bytes() == b"Roses are red"
    page.locator("a.no-script").click()
    page.wait_for_url(re.compile("/files/poem.txt$"))
    expect(page.locator("pre")).to_have_text("Roses are red")
