"""The content hash as the browser computes it: the one that everybody else computes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from tests.support.chromium import Visitor, file

pytestmark = pytest.mark.browser

# Bytes that differ from block to block, made alike in Python and in the page.
PATTERN = bytes(range(251))
IN_THE_PAGE = """async ([base, sizes]) => {
    const { hashOf } = await import(base.replace("page.js", "upload/hashing.js"));
    const content = (size) => Uint8Array.from({ length: size }, (_, index) => index % 251);
    return Promise.all(sizes.map((size) => hashOf(new File([content(size)], "x")).hash));
}"""
SCRIPT = "document.querySelector('script[type=module]').src"

SIZES = [0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE]


def test_the_worker_computes_the_content_hash(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/login")

    hashes = page.evaluate(IN_THE_PAGE, [page.evaluate(SCRIPT), SIZES])

    whole = PATTERN * (max(SIZES) // len(PATTERN) + 1)
    assert hashes == [hash_chunks([whole[:size]]) for size in SIZES]


def test_a_file_that_nobody_waits_for_any_more_holds_nobody_up(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/login")

    found = page.evaluate(
        """async (base) => {
            const { hashOf } = await import(base.replace("page.js", "upload/hashing.js"));
            const [first, second] = [hashOf(new File([new Uint8Array(9e7)], "a")), hashOf(new File(["b"], "b"))];
            first.stop();
            return second.hash;
        }""",
        page.evaluate(SCRIPT),
    )

    assert found == hash_chunks([b"b"])


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
    content = PATTERN * 4000

    visitor.choose(file("agreed.bin", content))

    expect(page.locator(".upload")).to_contain_text("verified")
    assert visitor.person.hashes() == {"agreed.bin": hash_chunks([content])}
