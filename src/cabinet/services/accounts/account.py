"""The account of a user as a value, and the columns that it is read from.

Every request reads one with its credential, so it is read by plain columns: an ORM object takes three times as
long.

Rule: an account is a copy of its rows, and is used after their transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from cabinet.models import Base, Role
from cabinet.services.access.actor import Actor
from cabinet.services.access.scope import Scope, whole_space

_USER, _SPACE, _SHARE = (Base.metadata.tables[name] for name in ("user", "space", "share"))


@dataclass(frozen=True, slots=True)
class Account:
    """The public data of a user; `stamp` changes with the password and is never exposed."""

    stamp: str = field(repr=False, compare=False)
    id: int
    public_id: str
    username: str
    role: str
    language: str | None
    space_id: int
    usage: int
    entries: int
    quota: int | None
    has_mounts: bool
    has_shares: bool
    created_at: datetime
    disabled_at: datetime | None

    @property
    def is_admin(self) -> bool:
        """Return whether the user is an administrator."""
        return self.role == Role.ADMIN.value

    @property
    def scope(self) -> Scope:
        """The account's whole space, with its owner's rights."""
        return whole_space(self.space_id, Actor(self.id))


_HAS_SHARES = (
    select(_SHARE.c.id)
    .where(_SHARE.c.space_id == _SPACE.c.id, _SHARE.c.revoked_at.is_(None))
    .correlate(_SPACE)
    .exists()
)
# In the order of the fields of an account after its stamp, which is made from the last one.
_COLUMNS = (
    _USER.c.id, _USER.c.public_id, _USER.c.username, _USER.c.role, _USER.c.language,
    _SPACE.c.id, _SPACE.c.usage, _SPACE.c.entries, _SPACE.c.quota, _SPACE.c.has_mounts, _HAS_SHARES,
    _USER.c.created_at, _USER.c.disabled_at, _USER.c.password_hash,
)  # fmt: skip


def select_accounts(*first: ColumnElement[Any]) -> Select[Any]:
    """Return the query of all accounts, with the columns `first` before theirs."""
    return select(*first, *_COLUMNS).join_from(_USER, _SPACE, _SPACE.c.owner_id == _USER.c.id)


def to_account(row: Sequence[Any]) -> Account:
    """Return the account of a row of `select_accounts`."""
    return Account(stamp_of(password_hash_of(row)), *row[-len(_COLUMNS) : -1])


def password_hash_of(row: Sequence[Any]) -> str:
    """Return the password hash in a row of `select_accounts`."""
    return str(row[-1])


def stamp_of(password_hash: str) -> str:
    """Return a value that changes whenever the password changes."""
    return hashlib.sha256(password_hash.encode()).hexdigest()
