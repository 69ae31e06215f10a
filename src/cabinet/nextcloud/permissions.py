"""The numbers by which the OCS says what a share allows, and what they are here.

    1 read   2 update   4 create   8 delete   16 share

Nobody is given more than was asked for: of the roles and rights that exist here, the greatest that the number
covers.

Rule: pure functions.
"""

from __future__ import annotations

from cabinet.errors import N_, InvalidField
from cabinet.services.access import rights as own_rights
from cabinet.services.access.rights import Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.tree.link_rights import DROP, VIEW

READ, UPDATE, CREATE, DELETE, SHARE = 1, 2, 4, 8, 16
ALL = READ | UPDATE | CREATE | DELETE | SHARE
EDIT = READ | UPDATE | CREATE | DELETE

BAD_PERMISSIONS = N_("it must be a sum of 1, 2, 4, 8 and 16.")
NEEDS_READING = N_("reading is needed to share with users and groups.")

_CHANGE = UPDATE | DELETE


def to_number(text: str) -> int:
    """Parse permissions; raises `InvalidField`."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else 0
    if not 1 <= number <= ALL:
        raise InvalidField(field="permissions", reason=BAD_PERMISSIONS)
    return number


def to_role(number: int, *, is_folder: bool) -> ShareRole:
    """Return the greatest role within permissions; nothing can be created or deleted in a file."""
    if not number & READ:
        raise InvalidField(field="permissions", reason=NEEDS_READING)
    editing = EDIT if is_folder else READ | UPDATE
    if number & editing != editing:
        return ShareRole.VIEWER
    return ShareRole.MANAGER if number & SHARE else ShareRole.EDITOR


def of_role(role: ShareRole, *, is_folder: bool) -> int:
    """Return the permissions that a role gives."""
    if role is ShareRole.VIEWER:
        return READ
    editing = EDIT if is_folder else READ | UPDATE
    return editing | SHARE if role is ShareRole.MANAGER else editing


def of_rights(rights: Rights, *, is_folder: bool) -> int:
    """Return the permissions of an actor with some rights, who can give no more than these."""
    number = READ if Rights.READ | Rights.LIST in rights else 0
    number |= CREATE if is_folder and Rights.WRITE in rights else 0
    if own_rights.CHANGE in rights:
        number |= _CHANGE if is_folder else UPDATE
    return number | (SHARE if Rights.SHARE in rights else 0)


def to_link_rights(number: int, *, is_folder: bool) -> Rights:
    """Return the greatest rights of a link within permissions; a file can only be read by one."""
    if not number & READ:
        # What shows nothing and takes nothing in is no link.
        if not (is_folder and number & CREATE):
            raise InvalidField(field="permissions", reason=BAD_PERMISSIONS)
        return DROP
    if not (is_folder and number & CREATE):
        return VIEW
    rights = VIEW | Rights.WRITE
    return rights | Rights.DELETE if number & _CHANGE == _CHANGE else rights


def of_link(rights: Rights) -> int:
    """Return the permissions of a link."""
    number = READ if Rights.LIST in rights or Rights.READ in rights else 0
    number |= CREATE if Rights.WRITE in rights else 0
    return number | (_CHANGE if Rights.DELETE in rights else 0)
