"""Resolve the path of a request, for the acting user, to a scope and a path in it.

Behind a mount it is the scope of the target. Entries behind a mount are shown with the paths of the acting
user. For errors, the place that a request is about is stored in `g`, and the error handler converts their
paths.

Rule: reads no request and renders nothing; callers use the scope and the path of a place alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias, TypeVar

from flask import g

from cabinet.errors import IsAFolder, MountStays, NotFound
from cabinet.models import Batch, BatchKind, Kind, Upload
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.changes.batch_runner import Done
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.crossing import Crossing, Relocated, Source
from cabinet.services.changes.moving import Moving
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.changes.trash import Removed
from cabinet.services.tree.entries import Entry, OnConflict
from cabinet.services.tree.mounts import Mount, Mounts, Place
from cabinet.services.tree.names import split_path
from cabinet.web.identity import acting
from cabinet.web.runtime import runtime
from cabinet.web.services import bulk, crossing, files, free_connection, mounts, moving, trash

_Result = TypeVar("_Result")

# Moves or copies everything in a folder except some entries.
ArrangeAll: TypeAlias = Callable[[Bulk, FolderSelection, str, OnConflict], Done]


def place_at(path: str) -> Place:
    """Return the place of the path that the request is about."""
    return _remember_place(_find(lambda found: found.place(path)))


def place_of_trash(path: str) -> Place:
    """Return the place with the trash that a request is about: at a team space's folder, or the own one without.

    Raises `NotFound` for any other path.
    """
    if not path:
        return place_of_root()
    place = place_at(path)
    if not (place.is_mount and place.scope.is_whole):
        raise NotFound
    return place


def place_to_fill(path: str) -> Place:
    """Return the place for a new entry; in the user's own root, names of mounts are taken like any others."""
    place = _find(lambda found: found.place(path))
    return Place(acting().scope, path) if place.is_mount else _remember_place(place)


def place_of_file(path: str, on_conflict: OnConflict | None) -> Place:
    """Return the place for the content of a file, new or replaced, as `place_to_fill`.

    The content of a mounted file is replaced where it lies, unless the new file is to get another name.
    """
    place = _find(lambda found: found.place(path))
    if is_mounted_file(place) and on_conflict is not OnConflict.RENAME:
        return _remember_place(place)
    return Place(acting().scope, path) if place.is_mount else _remember_place(place)


def is_mounted_file(place: Place) -> bool:
    """Return whether a place is a mount of a file."""
    mount = place.mount if place.is_mount else None
    return mount is not None and mount.mounted is not None and mount.target.kind == Kind.FILE


def places_at(paths: Sequence[str]) -> list[Place]:
    """Return the place of each path, in order, with one query."""
    return _find(lambda found: found.places(paths))


def all_behind_mounts() -> Mapping[str, Place]:
    """Return the target of each of the acting user's mounts, by the mount's name."""
    return _find(lambda found: {mount.name: found.at(mount) for mount in found.all()})


def look_up_all(paths: Sequence[str]) -> list[Entry | None]:
    """Return the entry at each path, in order, in any scope; raises `InvalidName`."""
    behind = _find(lambda found: found.behind(paths))
    # Most paths lead behind no mount, and to make their places takes as long as their entries.
    own = [number for number in range(len(paths)) if number not in behind]
    found: list[Entry | None] = [None] * len(paths)
    for number, entry in zip(own, files(acting().scope).look_up(paths[each] for each in own), strict=True):
        found[number] = entry
    numbers: dict[Scope, list[int]] = {}
    for number, place in behind.items():
        numbers.setdefault(place.scope, []).append(number)
    for scope, at in numbers.items():
        entries = files(scope).look_up(behind[number].path for number in at)
        for number, entry in zip(at, entries, strict=True):
            found[number] = entry and behind[number].to_actor_entry(entry)
    return found


def place_of_root() -> Place:
    """Return the root of the acting user's own scope."""
    return Place(acting().scope, "")


def where_begun(table: type[Upload | Batch], begun_id: str, act: Callable[[Place], _Result]) -> _Result:
    """Call `act` with the place where an upload or batch was begun, and return its result.

    The user's own scope is tried first, because most are begun there. Raises what `act` raises, `NotFound`
    among it.
    """
    try:
        return act(place_of_root())
    except NotFound:
        found = _find(lambda all_: all_.place_of_begun(table, begun_id))
        if found is None:
            raise
        return act(_remember_place(found))


def writable_roots() -> list[Place]:
    """Return the places that the acting user may upload to: the own root, and every mount with write access."""
    behind = all_behind_mounts().values()
    return [place_of_root(), *(place for place in behind if place.scope.has(Rights.WRITE))]


def move_paths(
    sources: Sequence[str], to: str, on_conflict: OnConflict, *, is_exact: bool = False
) -> Relocated:
    """Move entries, in any scopes; a mount itself can only be renamed.

    As `Moving.move` within one scope, else as `Crossing.move`; also raises `MountStays`.
    """
    begin, end = _ends(sources, to)
    if any(place.is_mount for place in begin):
        return Relocated([_move_mount(begin, to, end, on_conflict, is_exact=is_exact)])
    within, across = partial(Moving.move, is_exact=is_exact), partial(Crossing.move, is_exact=is_exact)
    return _arrange(within, across, begin, end, on_conflict)


def copy_paths(
    sources: Sequence[str], to: str, on_conflict: OnConflict, *, is_exact: bool = False
) -> Relocated:
    """Copy entries, in any scopes; of a mount, its contents are copied.

    As `Moving.copy` within one scope, else as `Crossing.copy`.
    """
    begin, end = _ends(sources, to)
    within, across = partial(Moving.copy, is_exact=is_exact), partial(Crossing.copy, is_exact=is_exact)
    return _arrange(within, across, begin, end, on_conflict)


def rename_path(path: str, name: str, on_conflict: OnConflict) -> Entry:
    """Rename an entry or a mount; as `Moving.rename`."""
    (place,) = places_at([path])
    if place.mount is not None and place.is_mount:
        return _rename_mount(place.mount, name, on_conflict)
    return place.to_actor_entry(moving(_remember_place(place).scope).rename(place.path, name, on_conflict))


def arrange_all(act: ArrangeAll, selection: FolderSelection, to: str, on_conflict: OnConflict) -> Done:
    """Move or copy the selection of a folder, between any scopes; as `Bulk.move` and `Bulk.copy`."""
    begin, end = places_at([selection.folder, to])
    service = bulk(_remember_place(end).scope, None if begin.scope == end.scope else begin.scope)
    return act(service, replace(selection, folder=begin.path), end.path, on_conflict)


def _ends(sources: Sequence[str], to: str) -> tuple[Sequence[Place], Place]:
    """Return the places of the sources and of the target; raises `InvalidName`, and `IsAFolder` for the root."""
    if not all(split_path(source) for source in sources):
        raise IsAFolder(path="")
    *begin, end = places_at([*sources, to])
    return begin, end


def _arrange(
    within: Callable[[Moving, Sequence[str], str, OnConflict], Sequence[Entry]],
    across: Callable[[Crossing, Sequence[Source], str, OnConflict], Relocated],
    begin: Sequence[Place],
    end: Place,
    on_conflict: OnConflict,
) -> Relocated:
    scope = _remember_place(end).scope
    if all(place.scope == scope and not place.is_mount for place in begin):
        paths = [place.path for place in begin]
        arranged = Relocated(within(moving(scope), paths, end.path, on_conflict))
    else:
        sources = [
            Source(place.scope, place.path, place.mount.name if place.mount else "") for place in begin
        ]
        arranged = across(crossing(scope), sources, end.path, on_conflict)
    return replace(arranged, entries=[end.to_actor_entry(entry) for entry in arranged.entries])


def _move_mount(
    begin: Sequence[Place], to: str, end: Place, on_conflict: OnConflict, *, is_exact: bool
) -> Entry:
    """Rename a mount to `to`; raises `MountStays` for any other move, as one into a folder unless `is_exact`."""
    mount = next(place.mount for place in begin if place.is_mount)
    assert mount is not None
    names = split_path(to.removesuffix("/"))
    is_alone = len(begin) == 1
    if is_alone and not names:
        return mounts(acting().scope).entry(mount)
    is_name = is_alone and end.mount is None and len(names) == 1 and not to.endswith("/")
    (there,) = files(acting().scope).look_up([to]) if is_name else (None,)
    if not is_name or (there is not None and there.is_folder and not is_exact):
        raise MountStays(path=mount.name)
    return _rename_mount(mount, to, on_conflict)


def _rename_mount(mount: Mount, name: str, on_conflict: OnConflict) -> Entry:
    own = mounts(acting().scope)
    renamed = own.rename(mount.name, name, on_conflict, runtime().clock()).mount
    if renamed is None:
        # Its target was moved to the trash just now.
        raise NotFound
    return own.entry(renamed)


def remove_paths(paths: Iterable[str]) -> Removed:
    """Move entries, in any scopes, to the trash, and leave mounts; as `Trash.remove`."""
    return trash(acting().scope).remove(places_at(list(paths)))


def restore_ids(trash_ids: Sequence[str], on_conflict: OnConflict) -> list[Entry]:
    """Restore items of the acting user's trash, or deleted by them behind a mount; as `Trash.restore_all`.

    The user's own space is tried first, because most were deleted there.
    """
    own = trash(acting().scope)
    try:
        return own.restore_all(trash_ids, on_conflict)
    except NotFound:
        behind = _find(lambda found: found.places_of_trashed(trash_ids))
        if not behind:
            raise
        places = {trash_id: behind.get(trash_id, place_of_root()) for trash_id in trash_ids}
        return own.restore_at(places, on_conflict)


def purge_ids(trash_ids: Sequence[str]) -> None:
    """Permanently delete items of the acting user's trash, or of that of one team space; as `Trash.purge_all`."""
    own = acting().scope
    try:
        trash(own).purge_all(trash_ids)
    except NotFound:
        behind = _find(lambda found: found.places_of_trashed(trash_ids))
        places = list({place.scope: place for place in behind.values() if place.scope.is_whole}.values())
        if len(places) != 1:
            raise
        trash(_remember_place(places[0]).scope).purge_all(trash_ids)


def undo(batch_id: str, kinds: Collection[BatchKind]) -> int:
    """Undo a batch, in any scope; return how many entries it restores. Raises as `Bulk.undo`."""
    scopes = [place.scope for place in writable_roots()]
    return where_begun(Batch, batch_id, lambda place: bulk(place.scope).undo(batch_id, kinds, scopes))


def _find(ask: Callable[[Mounts], _Result]) -> _Result:
    try:
        return ask(mounts(acting().scope))
    finally:
        free_connection()


def _remember_place(place: Place) -> Place:
    if place.mount is not None:
        g.place = place
    return place
