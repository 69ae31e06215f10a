"""The content hash as the browser computes it: the one that everybody else computes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from cabinet.storage.content_hash import hash_chunks
from tests.support.chromium import Visitor, file

pytestmark = pytest.mark.browser


def test_where_the_browser_hides_its_digests_nothing_is_claimed_and_a_hint_is_given(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("Cross-Origin-Opener-Policy header has been ignored")
    page = visitor.open_far()

    page.locator("#files-input").set_input_files([file("plain.txt")])

    expect(page.locator(".upload")).to_contain_text("Uploaded")
    expect(page.locator(".upload")).not_to_contain_text("verified")
    expect(page.get_by_text("Uploads can't be verified over plain HTTP")).to_be_visible()


def test_the_page_and_the_server_agree(visitor: Visitor) -> None:
    page = visitor.open()
    content = bytes(range(251)) * 4000

    visitor.choose(file("agreed.bin", content))

    expect(page.locator(".upload")).to_contain_text("verified")
    assert visitor.person.hashes() == {"agreed.bin": hash_chunks([content])}
