"""The scopes of tokens, and the rights that they allow.

    read       list and read files
    write      upload, replace, move, and move to the trash
    share      share with others
    admin      administer this server, for administrators

Rule: plain values; scopes only limit the rights of the user and never add any.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

from cabinet.errors import N_, InvalidField
from cabinet.services.access.rights import ALL, CHANGE, Rights

UNKNOWN_SCOPE = N_("it must list one or more of read, write, share and admin.")


class TokenScope(StrEnum):
    """One scope of a token."""

    READ = "read"
    WRITE = "write"
    SHARE = "share"
    ADMIN = "admin"


Scopes: TypeAlias = frozenset[TokenScope]

EVERY: Scopes = frozenset(TokenScope)
# The scopes of a token that was created without naming any.
USUAL: Scopes = EVERY - {TokenScope.ADMIN}

_RIGHTS = {
    TokenScope.READ: Rights.LIST | Rights.READ,
    TokenScope.WRITE: CHANGE,
    TokenScope.SHARE: Rights.SHARE,
    TokenScope.ADMIN: Rights.NONE,
}


def to_scopes(names: Iterable[str] | None) -> Scopes:
    """Parse scope names, None for the usual scopes; raises `InvalidField` for an empty list or unknown names."""
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
    """Return scopes in their fixed order."""
    return tuple(scope for scope in TokenScope if scope in scopes)


def to_column(scopes: Scopes) -> str:
    """Return the database value of scopes."""
    return " ".join(in_order(scopes))


def from_column(words: str) -> Scopes:
    """Parse the database value of scopes; unknown words are ignored."""
    held = words.split()
    return frozenset(scope for scope in TokenScope if scope in held)


def rights_of(scopes: Scopes) -> Rights:
    """Return the rights that `scopes` allow.

    Permanent deletion has no scope of its own: it needs all the usual scopes.
    """
    if scopes >= USUAL:
        return ALL
    rights = Rights.NONE
    for scope in scopes:
        rights |= _RIGHTS[scope]
    return rights
