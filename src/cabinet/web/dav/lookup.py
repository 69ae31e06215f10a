"""Find the resources that a request is about.

Rule: reads only, with the session of the request; a place is remembered, so that errors name paths of the actor.
"""

from __future__ import annotations

from cabinet.errors import NotFound
from cabinet.services.access.rights import Rights
from cabinet.services.dav.locks import Locks
from cabinet.services.dav.resources import Resource, Resources
from cabinet.web.dav.face import Call
from cabinet.web.identity import acting_user
from cabinet.web.places import place_at
from cabinet.web.runtime import runtime
from cabinet.web.services import database, mounts


def resources() -> Resources:
    """Return the service that finds resources for the acting user."""
    return Resources(database(), acting_user().scope)


def locks() -> Locks:
    """Return the service for locks."""
    return Locks(database(), runtime().clock)


def find(path: str) -> Resource | None:
    """Return the resource at a path of the actor, None if there is none; also within a transaction."""
    return resources().find(mounts(acting_user().scope).place(path))


def get(call: Call) -> Resource:
    """Return the resource that the request is about; raises `NotFound` and `Forbidden`."""
    place = place_at(call.path)
    place.scope.require(Rights.LIST)
    found = resources().find(place)
    if found is None:
        raise NotFound
    return found
