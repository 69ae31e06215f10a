"""Where a path of a request leads: the one place that turns the acting user and a path into a scope.

Behind a mount it is that of the target. Whatever is told of what lies there is told as the acting user has
it; an error of the one place that a request is about as well, for which it is noted.

Rule: parses nothing and renders nothing; whoever is given a place acts by its scope and its path alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from flask import g

from cabinet.errors import NotFound
from cabinet.models import Batch, BatchKind, Upload
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.changes.moving import Moving
from cabinet.services.tree.entries import Conflict, Entry
from cabinet.services.tree.mounts import Mounts, Place
from cabinet.web.identity import acting_user
from cabinet.web.services import bulk, database, files, mounts, moving

_Result = TypeVar("_Result")


def place_at(path: str) -> Place:
    """Return where a path of the acting user leads, which the request is about."""
    return _noted(_find(lambda found: found.place(path)))


def places_at(paths: Sequence[str]) -> list[Place]:
    """Return where each of some paths leads, in their order; asks once for each first name."""
    return _find(lambda found: found.places(paths))


def look_up_all(paths: Sequence[str]) -> list[Entry | None]:
    """Return what is at each of some paths, in their order, wherever each leads; raises `InvalidName`."""
    places = places_at(paths)
    found: list[Entry | None] = [None] * len(places)
    numbers: dict[Scope, list[int]] = {acting_user().scope: []}
    for number, place in enumerate(places):
        numbers.setdefault(place.scope, []).append(number)
    for scope, at in numbers.items():
        entries = files(scope).look_up(places[number].path for number in at)
        for number, entry in zip(at, entries, strict=True):
            found[number] = entry and places[number].shown(entry)
    return found


def place_of_root() -> Place:
    """Return the root of the acting user's own scope, whatever its mounts are."""
    return Place(acting_user().scope, "")


def where_begun(table: type[Upload | Batch], begun_id: str, act: Callable[[Place], _Result]) -> _Result:
    """Return what `act` does in the scope in which something was begun, the acting user's own or behind a mount.

    Most is begun in the own one, so it is tried first. Raises what `act` raises, `NotFound` for one.
    """
    try:
        return act(place_of_root())
    except NotFound:
        found = _find(lambda all_: all_.of_begun(table, begun_id))
        if found is None:
            raise
        return act(_noted(found))


def writable_roots() -> list[Place]:
    """Return where the acting user may upload to: the own root, and every mount with the right to write."""
    behind = _find(lambda found: [found.at(mount) for mount in found.all()])
    return [place_of_root(), *(place for place in behind if place.scope.has(Rights.WRITE))]


def move_paths(sources: Sequence[str], to: str, on_conflict: Conflict) -> Sequence[Entry]:
    """Move what is at some paths, within one space; as `Moving.move`."""
    return _arrange(Moving.move, sources, to, on_conflict)


def copy_paths(sources: Sequence[str], to: str, on_conflict: Conflict) -> Sequence[Entry]:
    """Copy what is at some paths, within one space; as `Moving.copy`."""
    return _arrange(Moving.copy, sources, to, on_conflict)


def _arrange(
    act: Callable[[Moving, Sequence[str], str, Conflict], Sequence[Entry]],
    sources: Sequence[str],
    to: str,
    on_conflict: Conflict,
) -> Sequence[Entry]:
    *begin, end = places_at([*sources, to])
    if any(place.scope != end.scope for place in begin):
        # The own space finds nothing behind a mount, and puts nothing there.
        return act(moving(acting_user().scope), sources, to, on_conflict)
    found = act(moving(_noted(end).scope), [place.path for place in begin], end.path, on_conflict)
    return [end.shown(entry) for entry in found]


def undo(batch_id: str, kinds: Collection[BatchKind]) -> int:
    """Undo what was done at once, wherever that was; return how many things. Raises as `Bulk.undo`."""
    return where_begun(Batch, batch_id, lambda place: bulk(place.scope).undo(batch_id, kinds))


def _find(ask: Callable[[Mounts], _Result]) -> _Result:
    try:
        return ask(mounts(acting_user().scope))
    finally:
        # Whatever comes next may wait for its sender.
        database().rollback()


def _noted(place: Place) -> Place:
    if place.mount is not None:
        g.place = place
    return place
