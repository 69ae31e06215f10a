"""Previews, details and versions of files.

Rule: as in scene.py.
"""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.gallery.account_states import at
from tests.gallery.content import CLIP, DESK, VERSIONED
from tests.gallery.list_states import CHOSEN
from tests.gallery.scene import Scene, State
from tests.support.chromium import press_letter

SHARED = "Recipes"
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


def preview_below(path: str) -> Callable[[Scene], None]:
    """Return a function that previews a file in a folder."""

    def arrive(scene: Scene) -> None:
        scene.open(f"/index?path={path.rpartition('/')[0]}")
        scene.row(path).locator(".name").click()
        scene.sees(IS_DRAWN)

    return arrive


def end_of_log(scene: Scene) -> None:
    preview_below(f"{DESK}/server.log")(scene)
    scene.page.locator("#preview-stage [data-to=last]").click()
    expect(scene.page.locator("#preview-stage pre")).to_contain_text("request 29999")


def discard_asked(scene: Scene) -> None:
    page = scene.open(f"/versions/{VERSIONED}")
    page.locator("main .tool-danger").first.click()
    scene.sees("main [popover]:popover-open")


def activity(query: str = "", *, is_new: bool = True) -> Callable[[Scene], None]:
    """Return how to see what happens to a shared folder, of which somebody has just opened the link."""

    def arrive(scene: Scene) -> None:
        wanted = {"paths": [SHARED], "name": "For the cooks", "notify": True}
        made = scene.person.send("POST", "/shares", json=wanted).json()
        scene.demo.server.request("GET", f"/s/{made['url'].rpartition('/')[2]}")
        page = scene.open(f"/activity{query}" if is_new else "/index")
        scene.person.send("DELETE", f"/shares/{made['id']}")
        expect(page.locator(".bell")).to_be_visible()

    return arrive


def details_with_activity(scene: Scene) -> None:
    activity(is_new=False)(scene)
    details(SHARED)(scene)
    scene.page.locator("#details summary").click()
    scene.sees("#details .event-what")


STATES = [
    State("preview of a picture", "anna", preview("Sunrise over the bay.jpg")),
    State("preview of a text", "anna", preview("word-count.py")),
    State("preview of a sound", "anna", preview("Melody.wav")),
    State("preview of a film", "anna", preview_below(CLIP), is_alike=True),
    State("preview of a drawing", "anna", preview_below(f"{DESK}/Plan of the house.svg"), is_alike=True),
    State("preview of what can be seen through", "anna", preview_below(f"{DESK}/Emblem.png"), is_alike=True),
    State("preview of an old text", "anna", preview_below(f"{DESK}/Письмо 1998 года.txt"), is_alike=True),
    State("preview of a long text, at its end", "anna", end_of_log),
    State("preview of a text that is none", "anna", preview_below(f"{DESK}/firmware.txt"), is_alike=True),
    State("preview of a PDF", "anna", preview("Annual report 2026.pdf")),
    State("preview of nothing that can be shown", "anna", preview("Budget 2026.xlsx")),
    State("preview with details", "anna", preview_with_details),
    State("details of a file", "anna", details(VERSIONED)),
    State("details of a picture", "anna", details("Sunrise over the bay.jpg"), is_alike=True),
    State("details of a folder", "anna", details("Recipes"), is_alike=True),
    State("details of several", "anna", details(*CHOSEN), is_alike=True),
    State("details with activity", "anna", details_with_activity),
    State("activity", "anna", activity()),
    State("activity of a folder", "anna", activity(f"?path={SHARED}"), is_alike=True),
    State("nothing has happened", "new", at("/activity"), is_alike=True),
    State("versions", "anna", at(f"/versions/{VERSIONED}"), is_alike=True),
    State("versions, delete for ever?", "anna", discard_asked),
]
