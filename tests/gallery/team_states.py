"""Team spaces: the pages of a manager and a viewer.

Rule: as in scene.py.
"""

from __future__ import annotations

from tests.gallery.account_states import at
from tests.gallery.scene import Scene, State


def space(scene: Scene) -> None:
    """Open the page of the first team space."""
    scene.demo.person("lead")
    scene.open("/spaces").locator(".panel .card-actions a").first.click()
    scene.sees("#members")


def wrong_name(scene: Scene) -> None:
    """Type something else than the name of the space to delete."""
    space(scene)
    scene.page.locator("#end-name").fill("Something else")
    scene.page.locator(".panel-danger button[type=submit]").click()
    scene.sees(".field-error")


STATES = [
    State("team spaces", "lead", at("/spaces")),
    State("team space", "lead", space),
    State("team space, wrong name", "lead", wrong_name, complains="status of 422", is_alike=True),
    State("team space, a folder", "lead", at("/index?path=Design/Drafts"), is_alike=True),
    State("team space, trash", "lead", at("/trash?path=Design"), is_alike=True),
    State("team space of a viewer", "viewer", space, is_alike=True),
]
