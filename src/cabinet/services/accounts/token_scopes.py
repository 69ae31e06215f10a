"""What a token is for: its scopes, and the rights that they leave of its user's.

    read       names, and what is in the files
    write      uploading, replacing, moving, deleting into the trash
    share      letting others in
    admin      administering this server, for an administrator

Rule: plain values; a scope only limits, and gives nobody what they do not have.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

from cabinet.errors import N_, InvalidField
from cabinet.services.access.rights import ALL, CHANGE, Rights

UNKNOWN_SCOPE = N_("it has to name at least one of read, write, share and admin, and nothing else.")


class TokenScope(StrEnum):
    """One thing that a token may be for."""

    READ = "read"
    WRITE = "write"
    SHARE = "share"
    ADMIN = "admin"


Scopes: TypeAlias = frozenset[TokenScope]

EVERY: Scopes = frozenset(TokenScope)
# Of a token that was made without a word of it.
USUAL: Scopes = EVERY - {TokenScope.ADMIN}

_RIGHTS = {
    TokenScope.READ: Rights.LIST | Rights.READ,
    TokenScope.WRITE: CHANGE,
    TokenScope.SHARE: Rights.SHARE,
    TokenScope.ADMIN: Rights.NONE,
}


def to_scopes(names: Iterable[str] | None) -> Scopes:
    """Return the scopes of these names, the usual ones for None; raises `InvalidField` for none and for others."""
    if names is None:
        return USUAL
    try:
        scopes = frozenset(map(TokenScope, names))
    except ValueError as error:
        raise InvalidField(field="scopes", reason=UNKNOWN_SCOPE) from error
    if not scopes:
        raise InvalidField(field="scopes", reason=UNKNOWN_SCOPE)
    return scopes


def in_order(scopes: Scopes) -> tuple[TokenScope, ...]:
    """Return scopes as they are always told."""
    return tuple(scope for scope in TokenScope if scope in scopes)


def to_column(scopes: Scopes) -> str:
    """Return scopes as a row holds them."""
    return " ".join(in_order(scopes))


def from_column(words: str) -> Scopes:
    """Return the scopes that a row holds; a word that is unknown here gives nothing."""
    held = words.split()
    return frozenset(scope for scope in TokenScope if scope in held)


def rights_of(scopes: Scopes) -> Rights:
    """Return what is left of all rights.

    To remove for good is no scope of its own: it takes all the usual ones.
    """
    if scopes >= USUAL:
        return ALL
    rights = Rights.NONE
    for scope in scopes:
        rights |= _RIGHTS[scope]
    return rights
