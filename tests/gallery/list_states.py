"""The list of a folder: its content, the selection, and actions on it.

Rule: as in scene.py.
"""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.gallery.account_states import at
from tests.gallery.content import EMPTY_FOLDER, PHOTOS, SCANS
from tests.gallery.scene import Scene, State
from tests.support.chromium import press_letter

CHOSEN = ("Recipes", "Budget 2026.xlsx", "Annual report 2026.pdf")
# Loaded rows of the folder with ten thousand entries.
APPENDED = 1_000
FIELD = "#rows .rename input"


def large(name: str, count: int = 1, view: str = "list") -> Callable[[Scene], None]:
    """Return a function that opens a large folder with at least `count` loaded rows."""

    def arrive(scene: Scene) -> None:
        scene.demo.many(name)
        page = scene.open(f"/index?path={name}&view={view}")
        rows, more = page.locator("#rows [data-path]"), page.locator("#more")
        while rows.count() < count:
            address = more.get_attribute("href") or ""
            more.click()
            expect(page.locator(f'#more[href="{address}"]')).to_have_count(0)

    return arrive


def chosen(scene: Scene) -> None:
    scene.open("/index")
    scene.choose(*CHOSEN)
    scene.sees("#selection")


def pointed_at(scene: Scene) -> None:
    chosen(scene)
    scene.page.locator("#rows [data-path]:not(.is-chosen)").first.hover()


def large_letters(scene: Scene) -> None:
    """Choose rows where letters are of twice the size."""
    scene.open("/index")
    scene.page.evaluate("document.documentElement.style.fontSize = '200%'")
    scene.choose(*CHOSEN)
    scene.sees("#selection")


def grid_chosen(scene: Scene) -> None:
    scene.open("/index?view=grid")
    scene.choose(*CHOSEN)
    scene.sees("#selection")


def menu_of(path: str, *chosen_before: str) -> Callable[[Scene], None]:
    """Return how to open the menu of a row."""

    def arrive(scene: Scene) -> None:
        scene.open("/index")
        scene.choose(*chosen_before)
        scene.row(path).locator(".row-menu").click()
        scene.sees("#row-menu [role=menuitem]")

    return arrive


def key(pressed: str, shows: str, *paths: str, at_page: str = "/index") -> Callable[[Scene], None]:
    """Return how to choose rows, press a key, and see what it shows."""

    def arrive(scene: Scene) -> None:
        page = scene.open(at_page)
        scene.choose(*paths)
        if pressed.islower():
            press_letter(page, pressed)
        else:
            page.keyboard.press(pressed)
        scene.sees(shows)

    return arrive


def rename_refused(scene: Scene) -> None:
    key("F2", FIELD, "Budget 2026.xlsx")(scene)
    scene.page.locator(FIELD).fill("LICENSE")
    scene.page.keyboard.press("Enter")
    scene.sees("#rename-error")


def new_folder_refused(scene: Scene) -> None:
    key("n", "#make-folder")(scene)
    scene.page.locator("#make-folder-name").fill("Recipes")
    scene.page.keyboard.press("Enter")
    scene.sees("#make-folder-error")


def failed(scene: Scene) -> None:
    """Have a change refused by a fault of the server."""
    page = scene.open("/index")
    page.route("**/trash", lambda route: route.fulfill(status=500, body="{}"))
    scene.choose("LICENSE")
    page.keyboard.press("Delete")
    scene.sees("#toasts [role=alert] .note")


def links_by_hand(scene: Scene) -> None:
    """Copy links where the browser gives no clipboard, as over plain http from another machine."""
    page = scene.open("/index")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    scene.choose(*CHOSEN)
    press_letter(page, "c")
    scene.sees("#links-text")


def with_letters(scene: Scene) -> None:
    """Show the keys, and switch those of single letters on."""
    key("?", "#keys")(scene)
    scene.page.locator("#keys-letters").check()
    expect(scene.page.locator("#keys .is-off[data-kind=typing]")).to_have_count(1)


def typing(scene: Scene) -> None:
    page = scene.open("/index")
    page.keyboard.type("202")
    expect(scene.row("2024").locator(".name")).to_be_focused()


def your_download(scene: Scene) -> None:
    """Come from the form to sign in to a download, which this browser does not save."""
    address = f"{scene.demo.server.url}/download/LICENSE"
    scene.page.route(address, lambda route: route.fulfill(status=204))
    scene.open("/index/download?of=/download/LICENSE")
    scene.sees(".narrow .btn-primary")


def account_menu(scene: Scene) -> None:
    """Open the menu of the account, which a wide window has no need of."""
    page = scene.open("/index")
    if page.locator(".topbar-menu").is_visible():
        page.locator(".topbar-menu").click()
        scene.sees("#tools:popover-open")


STATES = [
    State("files", "anna", at("/index")),
    State("files, new account", "new", at("/index")),
    State("files, three", "few", at("/index"), is_alike=True),
    State("files, space nearly full", "full", at("/index")),
    State("files, empty folder", "anna", at(f"/index?path={EMPTY_FOLDER}")),
    State("files, deep folder", "anna", at("/index?path=2024/Travels/Iceland/Day 1"), is_alike=True),
    State("files, from the largest", "anna", at("/index?sort=size&order=desc"), is_alike=True),
    State("files, 300", "anna", large(PHOTOS), is_large=True),
    State("files, 10,000", "anna", large(SCANS, APPENDED), is_large=True),
    State("files, chosen", "anna", chosen, is_alike=True),
    State("files, chosen and pointed at", "anna", pointed_at),
    State("files, letters of twice the size", "anna", large_letters),
    State("grid", "anna", at("/index?view=grid")),
    State("grid of pictures", "anna", large(PHOTOS, view="grid"), is_large=True),
    State("grid, chosen", "anna", grid_chosen, is_alike=True),
    State("menu of a file", "anna", menu_of("Budget 2026.xlsx")),
    State("menu of a folder", "anna", menu_of("Recipes"), is_alike=True),
    State("menu of several", "anna", menu_of(CHOSEN[1], *CHOSEN), is_alike=True),
    State("rename", "anna", key("F2", FIELD, "Budget 2026.xlsx"), is_alike=True),
    State("rename, refused", "anna", rename_refused, complains="status of 409"),
    State("new folder", "anna", key("n", "#make-folder"), is_alike=True),
    State("new folder, refused", "anna", new_folder_refused, complains="status of 409"),
    State("failed", "anna", failed, complains="status of 500"),
    State("links by hand", "anna", links_by_hand),
    State("account menu", "anna", account_menu),
    State("keys", "anna", key("?", "#keys"), is_alike=True),
    State("keys, letters on", "anna", with_letters),
    State("typing a name", "anna", typing),
    State("your download", "anna", your_download),
]
