"""What somebody is in a folder or a space that another shares, and which rights that gives.

Rule: plain values; a role is told outside, its rights are for the services.
"""

from __future__ import annotations

from enum import StrEnum

from cabinet.services.access.rights import ALL, CHANGE, Rights


class ShareRole(StrEnum):
    """What a folder was shared for: to see it, to change it, or to manage it as its owner does."""

    VIEWER = "viewer"
    EDITOR = "editor"
    MANAGER = "manager"

    @property
    def rights(self) -> Rights:
        """What this role may do."""
        return _RIGHTS[self]


_RIGHTS = {
    ShareRole.VIEWER: Rights.LIST | Rights.READ,
    ShareRole.EDITOR: Rights.LIST | Rights.READ | CHANGE,
    ShareRole.MANAGER: ALL,
}
