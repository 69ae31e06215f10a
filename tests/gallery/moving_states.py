"""Moving, copying and deleting: dialogs, messages, and the pages without scripts.

Rule: as in scene.py.
"""

from __future__ import annotations

from tests.gallery.account_states import at
from tests.gallery.content import put
from tests.gallery.list_states import CHOSEN, key
from tests.gallery.scene import Scene, State

THROWN_AWAY = "Old plans.txt"


def new_folder_on_the_way(scene: Scene) -> None:
    key("m", "#picker [role=treeitem] [role=treeitem]", *CHOSEN)(scene)
    scene.page.locator("#picker-add").click()
    scene.sees("#picker-name")


def in_the_way(scene: Scene) -> None:
    """Copy a file to where there is one of that name."""
    key("y", '#picker [data-folder="Recipes"]', "LICENSE")(scene)
    scene.page.locator('#picker [data-folder="Recipes"] .tree-line').first.click()
    scene.page.locator("#picker-accept").click()
    scene.sees("#in-the-way")


def deleted(scene: Scene) -> None:
    """Delete a file that is here for that alone, and goes from the trash at once."""
    put(scene.person, THROWN_AWAY, b"to the moon\n", 3)
    page = scene.open("/index")
    scene.choose(THROWN_AWAY)
    page.keyboard.press("Delete")
    scene.sees(".note-action")
    for entry in scene.person.send("GET", "/trash").json()["entries"]:
        if entry["name"] == THROWN_AWAY:
            scene.person.send("DELETE", f"/trash/{entry['id']}")


def arrange_refused(scene: Scene) -> None:
    page = scene.open("/index/arrange?path=Recipes")
    page.locator("#rename-name").fill("LICENSE")
    page.locator("#rename-name").press("Enter")
    scene.sees(".field-error, .notice-error")


STATES = [
    State("move to", "anna", key("m", "#picker [role=treeitem] [role=treeitem]", *CHOSEN), is_alike=True),
    State("move to, new folder", "anna", new_folder_on_the_way),
    State("copy, in the way", "anna", in_the_way, complains="status of 409"),
    State("deleted, undo", "anna", deleted),
    State("delete for ever?", "anna", key("Shift+Delete", "#confirm", *CHOSEN)),
    State("arrange one", "anna", at("/index/arrange?path=Budget 2026.xlsx"), is_tall=True),
    State(
        "arrange several",
        "anna",
        at("/index/arrange?path=Recipes&path=LICENSE&path=Стихи.txt"),
        is_tall=True,
        is_alike=True,
    ),
    State("arrange, refused", "anna", arrange_refused, complains="status of 409", is_tall=True),
]
