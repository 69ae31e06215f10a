"""Load what the properties of a page need besides its rows: one query each, and only what was asked for.

Rule: reads only.
"""

from __future__ import annotations

from collections.abc import Sequence

from cabinet.services.access.rights import Rights
from cabinet.services.dav.resources import Resource
from cabinet.services.tree.usage import usage_of
from cabinet.web.dav.face import Needs, Page
from cabinet.web.services import database


def load_page(resources: Sequence[Resource], needs: Needs) -> Page:
    """Return what some properties need of these resources."""
    page = Page()
    if Needs.USAGE in needs:
        page.usage = _usage(resources)
    return page


def _usage(resources: Sequence[Resource]) -> dict[int, tuple[int, int | None]]:
    """Return the bytes used and free in each space that an actor has as a whole; elsewhere they are not theirs."""
    scopes = {each.scope.space_id: each.scope for each in resources if each.scope.is_whole}
    found: dict[int, tuple[int, int | None]] = {}
    for space_id, scope in scopes.items():
        if scope.has(Rights.LIST):
            used, _entries, quota = usage_of(database(), scope)
            found[space_id] = (used, None if quota is None else max(0, quota - used))
    return found
