"""Sharing: the dialog with and without links, the pages that do the same, and all links of a user.

Rule: as in scene.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from playwright.sync_api import expect

from tests.gallery.account_states import at
from tests.gallery.scene import Scene, State
from tests.support.chromium import press_letter

# No state of links (link_states.py) leads to these.
FOLDER, FILE = "Договоры", "Budget 2026.xlsx"
KEY = "Control+Alt+s"


def share(scene: Scene, *paths: str, **wanted: Any) -> str:
    """Make a link, and return its id."""
    answer = scene.person.send("POST", "/shares", json={"paths": paths, **wanted})
    assert answer.status == 201, answer.data
    return str(answer.json()["id"])


def revoke(scene: Scene, *link_ids: str) -> None:
    for link_id in link_ids:
        assert scene.person.send("DELETE", f"/shares/{link_id}").status == 204


def end_all(scene: Scene, *paths: str) -> None:
    """End what other states have left of the shares of some entries."""
    for path in paths:
        shared = scene.person.send("GET", f"/shares?path={quote(path)}").json()["shares"]
        revoke(scene, *(each["id"] for each in shared))


def dialog(*paths: str, shows: str | None = None) -> Callable[[Scene], None]:
    """Return a function that opens the dialog about some entries, which are not shared unless it `shows` something."""

    def arrive(scene: Scene) -> None:
        if shows is None:
            end_all(scene, *paths)
        page = scene.open("/index")
        scene.choose(*paths)
        page.keyboard.press(KEY)
        scene.sees(shows or "#share [data-copies]")

    return arrive


def options(scene: Scene) -> None:
    dialog(FOLDER)(scene)
    scene.page.locator("#share .share-fold > summary").click()
    scene.page.locator("#share [name=rights]").select_option("upload")
    scene.sees("#share .for-writing")


def refused(scene: Scene) -> None:
    options(scene)
    scene.page.locator("#share [name=expires_at]").fill("2020-01-01")
    scene.page.locator("#share [data-copies] [type=submit]").click()
    scene.sees("#share .field-error")


def with_links(scene: Scene) -> None:
    made = [
        share(scene, FOLDER, name="For the family", max_downloads=10),
        share(scene, FOLDER, rights=["write"]),
    ]
    dialog(FOLDER, shows="#share .share-links")(scene)
    revoke(scene, *made)


def give(scene: Scene, sender: str, recipient: str) -> str:
    """Share a folder of one account with another, and return the id of the grant."""
    scene.demo.person(recipient)
    sent = scene.demo.person(sender)
    to = {"user": scene.demo.name(recipient)}
    answer = sent.send(
        "POST", "/shares", json={"kind": "grant", "paths": [FOLDER], "to": to, "role": "editor"}
    )
    assert answer.status in {200, 201}, answer.data
    return str(answer.json()["id"])


def with_people(scene: Scene) -> None:
    made = give(scene, "anna", "few")
    dialog(FOLDER, shows="#share .share-links")(scene)
    revoke(scene, made)


def nobody(scene: Scene) -> None:
    dialog(FOLDER)(scene)
    scene.page.locator("#give-to").fill("nobody of this name")
    scene.page.locator("#give-to").press("Enter")
    scene.sees("#share .field-error")


def received(scene: Scene) -> None:
    made = give(scene, "anna", "few")
    scene.open("/shared")
    scene.sees("#received")
    assert scene.demo.person("anna").send("DELETE", f"/shares/{made}").status == 204


def revoking(scene: Scene) -> None:
    made = share(scene, FILE)
    dialog(FILE, shows="#share .share-links")(scene)
    scene.page.locator("#share .share-tools > [popovertarget^=revoke]").click()
    scene.sees("[popover]:popover-open .btn-danger")
    revoke(scene, made)


def made(scene: Scene) -> None:
    """Make a link in the dialog; this browser has no clipboard."""
    dialog(FOLDER)(scene)
    page = scene.page
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    scene.sees("#share [data-copies] [type=submit]").click()
    scene.sees("#share .share-qr")
    expect(page.locator("#share .share-qr")).to_have_js_property("complete", True)
    end_all(scene, FOLDER)


def all_links(scene: Scene) -> None:
    made = [
        share(scene, FOLDER, FILE, name="Everything for the tax office", password="secret", max_downloads=10),
        share(scene, FILE, note="Please look at page 2"),
        share(scene, FOLDER, rights=["read", "list", "write"], expires_at=None),
    ]
    scene.open("/shared")
    scene.sees(".share-links")
    revoke(scene, *made)


def signs(scene: Scene) -> None:
    """Show rows with signs, and what the details say."""
    made = share(scene, FILE, name="For the tax office")
    page = scene.open("/index")
    page.locator(f'#rows [data-path="{FILE}"] .name').focus()
    press_letter(page, "d")
    scene.sees(".details-sharing li")
    revoke(scene, made)


def one_link(scene: Scene) -> None:
    made = share(scene, FOLDER, rights=["read", "list", "write"], password="secret", note="Welcome")
    scene.open(f"/shared/{made}")
    scene.sees(".share-form")
    revoke(scene, made)


STATES = [
    State("share", "anna", dialog(FOLDER), is_alike=True),
    State("share a file", "anna", dialog(FILE), is_alike=True),
    State("share several", "anna", dialog(FOLDER, FILE), is_alike=True),
    State("share, options", "anna", options),
    State("share, refused", "anna", refused, complains="status of 422"),
    State("share, with links", "anna", with_links),
    State("share, with people", "anna", with_people),
    State("share, nobody", "anna", nobody, complains="status of 422", is_alike=True),
    State("share, link made", "anna", made),
    State("share, revoke?", "anna", revoking),
    State("share on a page of its own", "anna", at(f"/share?path={FOLDER}"), is_tall=True, is_alike=True),
    State("options of a link", "anna", one_link, is_tall=True),
    State("shared", "anna", all_links, is_tall=True),
    State("shared entries", "anna", signs),
    State("shared, received", "few", received),
    State("shared, nothing", "new", at("/shared")),
]
