"""The scope of a service: a tree, and the actor's rights there.

Rule: a service checks rights once, on entry; what it returns or raises names nothing outside the root.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from cabinet.errors import Forbidden
from cabinet.services.access.actor import SYSTEM, Actor
from cabinet.services.access.rights import ALL, Rights

# The root of a selection: a folder that no row stands for, with nothing but the selected entries in it.
SELECTION = -1


class SpaceUsage(NamedTuple):
    """The bytes and entries used in a space, and its quota in bytes, None for no limit."""

    used: int
    entries: int
    quota: int | None


@dataclass(frozen=True, slots=True)
class Scope:
    """The tree below one folder of a space, as `actor` may see it; all paths are relative to that folder.

    `root_id` is the id of the folder's node, None for the whole space. A scope behind a mount has its
    `mount_id` and is valid only while the mount exists. That of a guest has the id of the link, `share_id`, and
    is valid only while the link is; the root of a link to several entries, or to a file, is `SELECTION`. Where
    mounts are impossible (`may_have_mounts` is false), no query needs to look for one; likewise shares and
    `may_have_shares`. `usage` is that of the space when the request began, if it is known from reading the
    credential; what decides reads it again.
    """

    actor: Actor
    space_id: int
    root_id: int | None
    granted: Rights
    share_id: str | None = None
    # None of these changes which tree it is.
    mount_id: int | None = field(default=None, compare=False)
    may_have_mounts: bool = field(default=True, compare=False)
    may_have_shares: bool = field(default=True, compare=False)
    usage: SpaceUsage | None = field(default=None, compare=False)

    @property
    def rights(self) -> Rights:
        """What the actor may do here, never more than the actor's ceiling."""
        return self.granted & self.actor.ceiling

    @property
    def is_whole(self) -> bool:
        """Return whether the scope is a whole space, with its trash and its quota."""
        return self.root_id is None

    @property
    def is_selection(self) -> bool:
        """Return whether the root of the scope is that of a selection."""
        return self.root_id == SELECTION

    @property
    def is_blind(self) -> bool:
        """Return whether a guest acts who must not learn what exists here: no answer may depend on it."""
        return self.share_id is not None and not self.has(Rights.LIST)

    @property
    def key(self) -> tuple[int | str, ...]:
        """The identity of this tree, for values that are valid in one tree only."""
        own = (self.space_id, self.root_id or 0)
        return own if self.share_id is None else (*own, self.share_id)

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
