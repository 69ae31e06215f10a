"""What links and grants lead to, as seen from one scope: a whole space, or the folder that a token is limited to.

Rule: reads only; in a folder, nothing outside of it is ever named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.models import Share, ShareItem
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.tree.locations import Location, find_locations
from cabinet.services.tree.mounts import Mounts
from cabinet.services.tree.names import join_path, split_path
from cabinet.services.tree.tree import Tree


def check_scope(session: Session, scope: Scope) -> None:
    """Raise `Forbidden` unless links are known in a scope, and `NotFound` if the folder of the scope is gone."""
    scope.require_member(Rights.SHARE)
    if not scope.is_whole:
        Tree(session, scope).root()


class ShareItems:
    """The entries that links lead to."""

    def __init__(self, session: Session, scope: Scope) -> None:
        self._session = session
        self._scope = scope

    def locate(self, shares: Sequence[Share]) -> Mapping[str, Sequence[Location | None]]:
        """Return where the entries of each link are, as paths of the scope.

        None for an entry that is permanently deleted, or to which no mount leads any more.
        """
        items = self._ids_of(shares)
        above = self._above()
        places = {
            node_id: Location(place.path.removeprefix(above), place.is_trashed)
            for node_id, place in self._locations(items).items()
        }
        if self._scope.is_whole:
            others = [share for share in shares if share.space_id != self._scope.space_id]
            places |= self._behind_mounts(others, items)
        return {share.id: [places.get(each) for each in items.get(share.id, ())] for share in shares}

    def inside(self, shares: Sequence[Share]) -> Sequence[Share]:
        """Return those links that lead to nothing outside of the scope."""
        if self._scope.is_whole:
            return shares
        items = self._ids_of(shares)
        places, above = self._locations(items), self._above()

        def is_inside(share: Share) -> bool:
            found = [places[each] for each in items.get(share.id, ()) if each in places]
            return bool(found) and all(each.path.startswith(above) for each in found)

        return [share for share in shares if is_inside(share)]

    def _behind_mounts(
        self, shares: Sequence[Share], items: Mapping[str, Sequence[int]]
    ) -> Mapping[int, Location]:
        """Return the locations of entries in other spaces, as far as a mount leads there."""
        by_space: dict[int, set[int]] = {}
        for share in shares:
            by_space.setdefault(share.space_id, set()).update(items.get(share.id, ()))
        mounts = Mounts(self._session, self._scope).all() if by_space else ()
        places: dict[int, Location] = {}
        for space_id, node_ids in by_space.items():
            there = [mount for mount in mounts if mount.space_id == space_id]
            wanted = {*node_ids, *(mount.target.id for mount in there)}
            found = find_locations(self._session, space_id, wanted if there else ())
            for mount in there:
                above = found[mount.target.id].path
                prefix = f"{above}/" if above else ""
                inside = {
                    each for each in node_ids & found.keys() if f"{found[each].path}/".startswith(prefix)
                }
                for node_id in inside - places.keys():
                    at = found[node_id]
                    names = (mount.name, *split_path(at.path.removeprefix(above).removeprefix("/")))
                    places[node_id] = Location(join_path(names), at.is_trashed)
        return places

    def _ids_of(self, shares: Sequence[Share]) -> Mapping[str, Sequence[int]]:
        """Return the row ids of what links lead to, in order."""
        ids = [share.id for share in shares]
        wanted = select(ShareItem).where(ShareItem.share_id.in_(ids)).order_by(ShareItem.position)
        items: dict[str, list[int]] = {}
        for item in self._session.scalars(wanted):
            items.setdefault(item.share_id, []).append(item.node_id)
        return items

    def _locations(self, items: Mapping[str, Sequence[int]]) -> Mapping[int, Location]:
        """Return the locations of entries of the space by id, as paths of the space."""
        node_ids = {node_id for each in items.values() for node_id in each}
        return find_locations(self._session, self._scope.space_id, node_ids)

    def _above(self) -> str:
        """Return the beginning of all paths of the space that lie in the scope."""
        root_id = self._scope.root_id
        if root_id is None:
            return ""
        root = find_locations(self._session, self._scope.space_id, [root_id])
        return "".join(f"{each.path}/" for each in root.values())
