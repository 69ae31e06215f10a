"""Load what the properties of a page need besides its rows: one query each, and only what was asked for.

Rule: reads only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cabinet.services.access.rights import Rights
from cabinet.services.dav.checksums import load_checksums
from cabinet.services.dav.dead_properties import DeadProperties
from cabinet.services.dav.resources import Resource
from cabinet.services.dav.share_types import ShareTypes, load_share_types
from cabinet.services.tree.usage import usage_of
from cabinet.web.dav.face import Call, Needs, Page
from cabinet.web.dav.locking import activelocks
from cabinet.web.dav.lookup import locks
from cabinet.web.dav.multistatus import Dead
from cabinet.web.runtime import runtime
from cabinet.web.services import database


def load_page(call: Call, resources: Sequence[Resource], needs: Needs) -> Page:
    """Return what some properties need of these resources."""
    page = Page()
    session = database()
    if Needs.LOCKS in needs:
        page.lockdiscovery = _lockdiscovery(call, resources)
    if Needs.CHECKSUMS in needs:
        page.checksums = load_checksums(session, [each.node.id for each in resources if not each.is_folder])
    if Needs.USAGE in needs:
        page.usage = _usage(resources)
    if Needs.SHARES in needs:
        page.shares = _shares(resources)
    return page


def load_dead(resources: Sequence[Resource]) -> Dead:
    """Return the dead properties of these resources."""
    return DeadProperties(database()).load([each.node.id for each in resources])


def _lockdiscovery(call: Call, resources: Sequence[Resource]) -> Callable[[Resource], str]:
    """Return the function that writes the locks of these resources, which lie in one folder, or are mounts."""
    known = locks().all_in({each.scope.space_id for each in resources})
    if not known:
        return lambda _resource: ""
    ways: dict[int, tuple[int, ...]] = {}

    def discover(resource: Resource) -> str:
        """Return the XML of the locks of one of them."""
        parent_id = resource.node.parent_id
        if parent_id is not None and parent_id not in ways:
            ways[parent_id] = locks().way_of(parent_id)
        way = (resource.node.id, *ways.get(parent_id or 0, ()))
        return activelocks(call, resource, [each for each in known if each.holds_for(way)])

    return discover


def _shares(resources: Sequence[Resource]) -> Mapping[int, ShareTypes]:
    """Return how those of these resources are shared that the actor may share."""
    may_share = [
        each.node.id for each in resources if each.scope.may_have_shares and each.scope.has(Rights.SHARE)
    ]
    return load_share_types(database(), may_share, runtime().clock())


def _usage(resources: Sequence[Resource]) -> dict[int, tuple[int, int | None]]:
    """Return the bytes used and free in each space that an actor has as a whole; elsewhere they are not theirs."""
    scopes = {each.scope.space_id: each.scope for each in resources if each.scope.is_whole}
    found: dict[int, tuple[int, int | None]] = {}
    for space_id, scope in scopes.items():
        if scope.has(Rights.LIST):
            used, _entries, quota = usage_of(database(), scope)
            found[space_id] = (used, None if quota is None else max(0, quota - used))
    return found
