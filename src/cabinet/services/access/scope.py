"""The scope of a service: a tree, and the actor's rights there.

Rule: a service checks rights once, on entry; what it returns or raises names nothing outside the root.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cabinet.errors import Forbidden
from cabinet.services.access.actor import SYSTEM, Actor
from cabinet.services.access.rights import ALL, Rights


@dataclass(frozen=True, slots=True)
class Scope:
    """The tree below one folder of a space, as `actor` may see it; all paths are relative to that folder.

    `root_id` is the id of the folder's node, None for the whole space. A scope behind a mount has its
    `mount_id` and is valid only while the mount exists. Where mounts are impossible (`may_have_mounts` is
    false), no query needs to look for one.
    """

    actor: Actor
    space_id: int
    root_id: int | None
    granted: Rights
    # Neither changes which tree it is.
    mount_id: int | None = field(default=None, compare=False)
    may_have_mounts: bool = field(default=True, compare=False)

    @property
    def rights(self) -> Rights:
        """What the actor may do here, never more than the actor's ceiling."""
        return self.granted & self.actor.ceiling

    @property
    def is_whole(self) -> bool:
        """Return whether the scope is a whole space, with its trash and its quota."""
        return self.root_id is None

    @property
    def key(self) -> tuple[int, int]:
        """The identity of this tree, for values that are valid in one tree only."""
        return self.space_id, self.root_id or 0

    def has(self, needed: Rights) -> bool:
        """Return whether the actor has all the rights `needed`."""
        return needed in self.rights

    def require(self, needed: Rights) -> None:
        """Raise `Forbidden` unless the actor has all the rights `needed`."""
        if not self.has(needed):
            raise Forbidden

    def require_member(self, needed: Rights) -> None:
        """Raise `Forbidden` unless the actor is signed in and has all the rights `needed`."""
        if self.actor.is_guest:
            raise Forbidden
        self.require(needed)

    def require_whole(self, needed: Rights) -> None:
        """Raise `Forbidden` unless the scope is a whole space where the actor has all the rights `needed`."""
        if not self.is_whole:
            raise Forbidden
        self.require(needed)


def whole_space(space_id: int, actor: Actor = SYSTEM) -> Scope:
    """Return the scope of a whole space, limited only by the actor's ceiling."""
    return Scope(actor, space_id, None, ALL)
