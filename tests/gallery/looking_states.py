"""Looking at files, at what is known of them, and at what they held before.

Rule: as in scene.py.
"""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.gallery.account_states import at
from tests.gallery.content import CLIP, VERSIONED
from tests.gallery.list_states import CHOSEN
from tests.gallery.scene import Scene, State
from tests.support.chromium import press_letter

IS_DRAWN = "#preview-stage :is(img, canvas, video, audio, pre, .preview-instead)"


def preview(path: str) -> Callable[[Scene], None]:
    """Return how to look at a file."""

    def arrive(scene: Scene) -> None:
        scene.open("/index")
        scene.row(path).locator(".name").click()
        scene.sees(IS_DRAWN)

    return arrive


def preview_with_details(scene: Scene) -> None:
    preview("Sunrise over the bay.jpg")(scene)
    scene.page.locator("#preview-details").click()
    scene.sees("#details [data-fact=hash] code")


def details(*paths: str) -> Callable[[Scene], None]:
    """Return how to open the panel of details about some entries."""

    def arrive(scene: Scene) -> None:
        page = scene.open("/index")
        scene.choose(*paths)
        press_letter(page, "d")
        scene.sees("#details .details-name")
        if len(paths) == 1:
            expect(page.locator("#details [data-part=name]")).to_have_text(paths[0])

    return arrive


def film(scene: Scene) -> None:
    scene.open("/index?path=Музыка")
    scene.row(CLIP).locator(".name").click()
    scene.sees("#preview-stage video")


def discard_asked(scene: Scene) -> None:
    page = scene.open(f"/versions/{VERSIONED}")
    page.locator("main .tool-danger").first.click()
    scene.sees("main [popover]:popover-open")


STATES = [
    State("preview of a picture", "anna", preview("Sunrise over the bay.jpg")),
    State("preview of a text", "anna", preview("word-count.py")),
    State("preview of a sound", "anna", preview("Melody.wav")),
    State("preview of a film", "anna", film),
    State("preview of a PDF", "anna", preview("Annual report 2026.pdf")),
    State("preview of nothing that can be shown", "anna", preview("Budget 2026.xlsx")),
    State("preview with details", "anna", preview_with_details),
    State("details of a file", "anna", details(VERSIONED)),
    State("details of a picture", "anna", details("Sunrise over the bay.jpg")),
    State("details of a folder", "anna", details("Recipes")),
    State("details of several", "anna", details(*CHOSEN)),
    State("versions", "anna", at(f"/versions/{VERSIONED}")),
    State("versions, delete for ever?", "anna", discard_asked),
]
