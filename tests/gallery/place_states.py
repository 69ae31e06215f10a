"""Search results and the trash.

Rule: as in scene.py.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.gallery.account_states import at
from tests.gallery.content import TRASH
from tests.gallery.list_states import key
from tests.gallery.scene import Scene, State


def trash_chosen(scene: Scene) -> None:
    page = scene.open("/trash")
    for name in TRASH[:2]:
        page.locator(f'#rows [data-name="{name}"] input[type=checkbox]').press("Space")
    scene.sees("#selection")


def purge_asked(scene: Scene) -> None:
    trash_chosen(scene)
    scene.page.keyboard.press("Delete")
    scene.sees("#confirm")


def trash_menu(scene: Scene) -> None:
    page = scene.open("/trash")
    page.locator("#rows .row-menu").first.click()
    scene.sees("#row-menu [role=menuitem]")


def sent_form(action: str, shows: str) -> Callable[[Scene], None]:
    """Return how to see what answers the form of the chosen ones where there are no scripts."""

    def arrive(scene: Scene) -> None:
        page = scene.open("/trash")
        page.locator(f'#rows [data-name="{TRASH[0]}"] input[type=checkbox]').press("Space")
        page.locator("#selection").evaluate(
            """(form, action) => {
                const field = Object.assign(document.createElement("input"), { name: "on_conflict", value: "fail" });
                form.append(field);
                form.action = action;
                HTMLFormElement.prototype.submit.call(form);
            }""",
            action,
        )
        scene.sees(shows)

    return arrive


STATES = [
    State("search", "anna", at("/search?q=an"), is_alike=True),
    State("search in a folder", "anna", at("/search?q=a&path=Recipes"), is_alike=True),
    State("search, chosen", "anna", key("x", "#rows", "Annual report 2026.pdf", at_page="/search?q=an")),
    State("search, nothing found", "anna", at("/search?q=xylophone")),
    State("search, nothing asked", "anna", at("/search"), is_alike=True),
    State("trash", "anna", at("/trash"), is_alike=True),
    State("trash, chosen", "anna", trash_chosen, is_alike=True),
    State("trash, menu", "anna", trash_menu),
    State("trash, delete for ever?", "anna", purge_asked, is_alike=True),
    State(
        "trash, in the way",
        "anna",
        sent_form("/index/trash/restore", ".refused"),
        complains="status of 409",
        is_alike=True,
    ),
    State(
        "trash, delete for ever? without scripts",
        "anna",
        sent_form("/index/trash/purge", "main .btn-danger"),
        is_alike=True,
    ),
    State("trash, empty", "new", at("/trash")),
    State("empty the trash?", "anna", at("/index/trash/empty")),
]
