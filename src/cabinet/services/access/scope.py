"""On which tree somebody acts, and with which rights: what a service is bound to.

Rule: a service asks once, at its door; what it returns or raises names nothing outside the root.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cabinet.errors import Forbidden
from cabinet.services.access.actor import SYSTEM, Actor
from cabinet.services.access.rights import ALL, Rights


@dataclass(frozen=True, slots=True)
class Scope:
    """The tree below one folder of a space, as `actor` has it; paths in and out begin at that folder.

    `root_id` is the folder's node, None for the whole space. What lies behind a mount is had by that mount
    (`mount_id`), and only as long as it is there. Where there are no mounts (`may_have_mounts`), nobody needs
    to look for one.
    """

    actor: Actor
    space_id: int
    root_id: int | None
    granted: Rights
    # Neither makes it another tree.
    mount_id: int | None = field(default=None, compare=False)
    may_have_mounts: bool = field(default=True, compare=False)

    @property
    def rights(self) -> Rights:
        """What the actor may do here, which is no more than the actor may do anywhere."""
        return self.granted & self.actor.ceiling

    @property
    def is_whole(self) -> bool:
        """Tell whether it is a whole space, with its trash and its quota."""
        return self.root_id is None

    @property
    def key(self) -> tuple[int, int]:
        """What tells this tree from every other, for what is only valid in one."""
        return self.space_id, self.root_id or 0

    def has(self, needed: Rights) -> bool:
        """Tell whether the actor has all the rights `needed`."""
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
        """Raise `Forbidden` unless this is a whole space, in which the actor has all the rights `needed`."""
        if not self.is_whole:
            raise Forbidden
        self.require(needed)


def whole_space(space_id: int, actor: Actor = SYSTEM) -> Scope:
    """Return a whole space with every right that the actor may have."""
    return Scope(actor, space_id, None, ALL)
