"""The content hash computed by the browser equals that of the server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from cabinet.storage.content_hash import hash_chunks
from tests.support.chromium import Visitor, file
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


def test_without_web_crypto_nothing_is_verified_and_a_hint_is_shown(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("Cross-Origin-Opener-Policy header has been ignored")
    page = visitor.open_far()

    page.locator("#files-input").set_input_files([file("plain.txt")])

    expect(page.locator(".upload")).to_contain_text(text_of("uploaded"))
    expect(page.locator(".upload")).not_to_contain_text(text_of("verified"))
    expect(page.locator("#uploads-hint")).to_be_visible()


def test_browser_and_server_compute_the_same_hash(visitor: Visitor) -> None:
    page = visitor.open()
    content = bytes(range(251)) * 4000

    visitor.choose(file("agreed.bin", content))

    expect(page.locator(".upload")).to_contain_text(text_of("verified"))
    assert visitor.person.hashes() == {"agreed.bin": hash_chunks([content])}
