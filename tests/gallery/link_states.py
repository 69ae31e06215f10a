"""What guests of links see: folders, single files, requests for files, and the password.

Rule: as in scene.py; a visitor has no account, and nothing that is sent arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.gallery.scene import Scene, State
from tests.gallery.upload_states import SENT, expand
from tests.support.chromium import UPLOADS

NOTE = "From our trip.\nPlease add what you have!"
EVERYTHING = ["read", "list", "write", "delete"]
DROP = {"kind": "request", "name": "Drawings for the exhibition", "note": "By Friday, please."}
# What a browser remembers of what was sent through the link whose page it shows.
REMEMBERED = """() => localStorage.setItem(`sent:${document.body.dataset.base}`, JSON.stringify([
    { name: "Sketch.svg", bytes: 31000, at: "2026-11-29T10:00:00Z", isVerified: true },
    { name: "Рисунок Маши.png", bytes: 2100000, at: "2026-11-30T08:00:00Z", isVerified: false },
]))"""


def at_link(*paths: str, tail: str = "", **wanted: Any) -> Callable[[Scene], None]:
    """Return how to see the page of a link."""

    def arrive(scene: Scene) -> None:
        scene.open(scene.demo.link(*paths, **wanted) + tail)

    return arrive


def chosen(scene: Scene) -> None:
    at_link("Recipes", note=NOTE, rights=EVERYTHING)(scene)
    scene.choose("LICENSE", "Apple cake.txt")
    scene.sees("#selection [data-action=trash]")


def delete_asked(scene: Scene) -> None:
    chosen(scene)
    scene.page.keyboard.press("Delete")
    scene.sees("#confirm")


def menu(scene: Scene) -> None:
    at_link("Recipes")(scene)
    scene.row("LICENSE").locator(".row-menu").click()
    scene.sees("#row-menu [role=menuitem]")


def picture(scene: Scene) -> None:
    at_link("Sunrise over the bay.jpg", note=NOTE)(scene)
    scene.sees("#shared-file img")


def text(scene: Scene) -> None:
    at_link("Стихи.txt")(scene)
    scene.page.locator("#look").click()
    scene.sees("#shared-file pre")


def sending(scene: Scene) -> None:
    at_link("Recipes", **DROP)(scene)
    scene.hold(UPLOADS)
    scene.upload(SENT)
    expand(scene)
    expect(scene.page.locator(".upload[data-state=sending]")).to_have_count(len(SENT))


def sent(scene: Scene) -> None:
    at_link("Recipes", **DROP)(scene)
    scene.page.evaluate(REMEMBERED)
    scene.page.goto(scene.page.url + "?sent=1")
    scene.sees("#sent-list li")
    scene.sees("#thanks")


STATES = [
    State("link to a folder", "", at_link("Recipes", note=NOTE), is_alike=True),
    State("link to a folder, as tiles", "", at_link("2024", tail="?view=grid&path=Desk"), is_alike=True),
    State("link to a folder, menu", "", menu, is_alike=True),
    State("link to a folder with every right, chosen", "", chosen),
    State("link to a folder with every right, delete?", "", delete_asked, is_alike=True),
    State("link to names alone", "", at_link("Recipes", rights=["list"])),
    State("link to an empty folder", "", at_link("Empty for now", rights=EVERYTHING), is_alike=True),
    State(
        "link to a selection, search", "", at_link("Recipes", "LICENSE", tail="/search?q=a"), is_alike=True
    ),
    State("link to a file", "", at_link("Annual report 2026.pdf", note=NOTE), is_tall=True),
    State("link to a picture", "", picture, is_tall=True),
    State("link to a text", "", text, is_tall=True),
    State("link with a password", "", at_link("LICENSE", password="secret"), complains="status of 401"),
    State("request for files", "", at_link("Recipes", **DROP), is_tall=True),
    State("request for files, sending", "", sending),
    State("request for files, sent", "", sent, is_tall=True),
    State("link that has ended", "", at_link("LICENSE", tail="gone"), complains="status of 404"),
]
