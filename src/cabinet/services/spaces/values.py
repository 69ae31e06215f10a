"""Values of team spaces: what services return about them, and the checks of what clients send.

Rule: plain values; nothing here touches the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cabinet.errors import N_, InvalidField, InvalidName, SpacesForbidden
from cabinet.services.access.roles import ShareRole
from cabinet.services.tree.names import to_name

NEEDS_QUOTA = N_("a team space takes its quota out of yours, so it needs one.")
MORE_THAN_FREE = N_("it is more than the free part of your own quota.")
# Of a column; more bytes than any disk has.
MAX_QUOTA = 2**63 - 1
BAD_QUOTA = N_("it must be a number of bytes.")


class SpaceMakers(StrEnum):
    """Who may make team spaces."""

    ADMINS = "admins"
    EVERYONE = "everyone"

    def require(self, *, is_admin: bool) -> None:
        """Raise `SpacesForbidden` unless this user may make team spaces."""
        if self is SpaceMakers.ADMINS and not is_admin:
            raise SpacesForbidden


@dataclass(frozen=True, slots=True)
class SpaceInfo:
    """A team space; sizes in bytes. For a member there is a `role`, and the name of the folder it appears as."""

    row_id: int
    id: str
    name: str
    usage: int
    entries: int
    quota: int | None
    role: ShareRole | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class SpaceMember:
    """A member of a team space."""

    user_id: int
    username: str
    role: ShareRole


@dataclass(frozen=True, slots=True)
class SpaceDetails:
    """A team space with its members, by name; `funder` is the user whose quota it was taken from.

    `may_manage` is whether the actor may change the space and its members, and `may_set_quota` its quota.
    """

    space: SpaceInfo
    members: Sequence[SpaceMember]
    funder: str | None
    may_manage: bool
    may_set_quota: bool


def to_space_name(text: str) -> str:
    """Return the name of a space, which is also one of a folder; raises `InvalidField`."""
    try:
        return to_name(text.strip())
    except InvalidName as error:
        raise InvalidField(field="name", reason=error.reason) from error


def check_quota(quota: int | None) -> None:
    """Raise `InvalidField` for a number that no quota can be."""
    if quota is not None and not 0 <= quota <= MAX_QUOTA:
        raise InvalidField(field="quota", reason=BAD_QUOTA)
