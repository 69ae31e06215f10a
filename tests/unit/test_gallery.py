"""The page with all screenshots of the gallery."""

from __future__ import annotations

from pathlib import Path

from tests.gallery.sheet import Picture, slug, write
from tests.gallery.states import STATES


def test_the_page_shows_each_screenshot_or_why_it_is_missing(tmp_path: Path) -> None:
    pictures = [
        Picture("files", "en", "light", 1280, "files-en-light-1280.png"),
        Picture("files", "ru", "dark", 375, failure="no <button> was found"),
    ]

    page = write(tmp_path, pictures).read_text(encoding="utf-8")

    assert "<img src='files-en-light-1280.png' alt='files'" in page
    assert "no &lt;button&gt; was found" in page
    assert all(f"id='{kind}'" in page for kind in ("english", "russian", "light", "dark", "wide", "narrow"))


def test_each_state_has_a_unique_name_and_file() -> None:
    assert len({slug(state.name) for state in STATES}) == len(STATES)
