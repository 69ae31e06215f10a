"""Pages are compressed, and nothing else is."""

from __future__ import annotations

import gzip

from cabinet.web.compression import MOST_NOISE
from tests.support.visitors import NAVIGATION, Browser, Program

PACKED = {"Accept-Encoding": "gzip, deflate"}


def test_a_page_is_compressed_if_accepted(window: Browser, alice: Program) -> None:
    alice.put("/files/a.txt")

    packed, plain = window.get("/index", headers=PACKED), window.get("/index")

    assert packed.headers["Content-Encoding"] == "gzip"
    assert b'data-name="a.txt"' in gzip.decompress(packed.data)
    assert "Content-Encoding" not in plain.headers
    assert {"Accept-Encoding", "Cookie"} <= set(packed.vary) & set(plain.vary)
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) // 2


def test_the_length_of_a_compressed_page_is_obscured(window: Browser) -> None:
    lengths = {len(window.get("/login", headers=PACKED).data) for _ in range(40)}

    assert len(lengths) > 10
    assert max(lengths) - min(lengths) < 2 * MOST_NOISE


def test_content_is_never_compressed_even_if_html(window: Browser, alice: Program) -> None:
    content = b"<!doctype html>" + b"<p>the same over and over</p>" * 1000
    alice.put("/files/page.html", content)

    for path in ("/files/page.html", "/download/page.html"):
        answer = window.get(path, headers={**NAVIGATION, **PACKED})
        assert "Content-Encoding" not in answer.headers
        assert answer.data == content


def test_small_pages_and_api_responses_are_not_compressed(alice: Program) -> None:
    alice.put("/files/a.txt")

    listing = alice.get("/files", headers=PACKED)

    assert "Content-Encoding" not in listing.headers


def test_html_is_minified_without_losing_lines(window: Browser, alice: Program) -> None:
    alice.put("/files/a.txt")

    lines = window.get("/index").text.splitlines()

    assert [line for line in lines if line[:1] in {" ", "\t"}] == []
    assert 'data-name="a.txt"' in lines
