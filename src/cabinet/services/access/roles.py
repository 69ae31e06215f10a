"""The roles of a user in a shared folder or space, and the rights of each.

Rule: plain values; APIs show roles, services check rights.
"""

from __future__ import annotations

from enum import StrEnum

from cabinet.services.access.rights import ALL, CHANGE, Rights


class ShareRole(StrEnum):
    """What a share allows: to view the folder, to edit it, or to manage it like its owner."""

    VIEWER = "viewer"
    EDITOR = "editor"
    MANAGER = "manager"

    @property
    def rights(self) -> Rights:
        """The rights of this role."""
        return _RIGHTS[self]


_RIGHTS = {
    ShareRole.VIEWER: Rights.LIST | Rights.READ,
    ShareRole.EDITOR: Rights.LIST | Rights.READ | CHANGE,
    ShareRole.MANAGER: ALL,
}
