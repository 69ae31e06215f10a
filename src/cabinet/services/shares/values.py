"""What a link is to its owner, and what its owner can ask for, checked.

Rule: plain values; nothing here touches the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from cabinet.errors import N_, InvalidField
from cabinet.models import Share, ShareKind
from cabinet.services.access.rights import Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.accounts.password_strength import MAX_BYTES, size_of
from cabinet.services.tree.link_rights import DROP, VIEW, from_words
from cabinet.services.tree.locations import Location

NAME_LENGTH = 100
NOTE_LENGTH = 2000
# Files and folders that a link with write access takes in, unless its owner says otherwise, and at most.
DEFAULT_FILES = 1000
MOST_FILES = 1_000_000
_MOST_DOWNLOADS = 1_000_000_000

BAD_NAME = N_("it must have 1 to 100 printable characters.")
BAD_NOTE = N_("it must have at most 2000 printable characters.")
BAD_PASSWORD = N_("it must have 1 to 1024 bytes.")
BAD_COUNT = N_("it must be a whole number from 1 on.")
ONLY_WITH_WRITE = N_("only a link with write access has this limit.")
ONLY_WITH_READ = N_("only a link to read has this limit.")
BAD_RIGHTS = N_(
    "it must be read and list, list, read, list and write, read, list, write and delete, or write alone."
)
NEEDS_ONE_FOLDER = N_("write access needs a single folder.")


class ShareState(StrEnum):
    """Whether a link or a grant works, and if not, why.

    `SUSPENDED` and `ENDED`: what it leads to is in the trash or permanently deleted. Only a grant waits for its
    recipient, or was declined.
    """

    ACTIVE = "active"
    PENDING = "pending"
    DECLINED = "declined"
    EXPIRED = "expired"
    USED_UP = "used up"
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class SharedItem:
    """An entry that a link leads to: its present path, and whether it is in the trash."""

    path: str
    is_trashed: bool


@dataclass(frozen=True, slots=True)
class ShareInfo:
    """A link as its owner sees it; `token` is None if the server's key has changed since."""

    id: str
    kind: ShareKind
    token: str | None
    name: str | None
    note: str | None
    rights: Rights
    items: Sequence[SharedItem]
    state: ShareState
    has_password: bool
    is_selection: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    max_downloads: int | None
    downloads: int
    opens: int
    uploads: int
    max_size: int | None
    used_size: int
    max_files: int | None
    files: int
    notify: bool


@dataclass(frozen=True, slots=True)
class GrantInfo:
    """A grant as those see it who may share its item; it is for a `user` or a `group`, by name.

    `sender` is who gave it, None for a deleted account.
    """

    id: str
    user: str | None
    group: str | None
    sender: str | None
    role: ShareRole
    items: Sequence[SharedItem]
    state: ShareState
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SharePage:
    """Some links and grants, newest first; `next` is the cursor of the rest, or None."""

    shares: Sequence[ShareInfo | GrantInfo]
    next: str | None


@dataclass(frozen=True, slots=True)
class NewShare:
    """A link to make; `has_expiry` tells whether its owner has said when it expires, None for never."""

    kind: ShareKind = ShareKind.LINK
    rights: Rights = VIEW
    name: str | None = None
    note: str | None = None
    password: str | None = None
    expires_at: datetime | None = None
    has_expiry: bool = False
    max_downloads: int | None = None
    max_size: int | None = None
    max_files: int | None = None
    notify: bool = False


def to_share_name(name: str | None) -> str | None:
    """Return the name of a link, None for an empty one; raises `InvalidField`."""
    label = " ".join((name or "").split())
    if len(label) > NAME_LENGTH or not label.isprintable():
        raise InvalidField(field="name", reason=BAD_NAME)
    return label or None


def to_note(note: str | None) -> str | None:
    """Return the note of a link with its lines, None for an empty one; raises `InvalidField`."""
    lines = [line.rstrip() for line in (note or "").strip().splitlines()]
    text = "\n".join(lines)
    if len(text) > NOTE_LENGTH or not all(line.replace("\t", " ").isprintable() for line in lines):
        raise InvalidField(field="note", reason=BAD_NOTE)
    return text or None


def check_password(password: str) -> None:
    """Raise `InvalidField` for a password that cannot be one; a short one is the owner's choice."""
    if not 1 <= size_of(password) <= MAX_BYTES:
        raise InvalidField(field="password", reason=BAD_PASSWORD)


def check_count(field: str, count: int | None, most: int) -> None:
    """Raise `InvalidField` unless a limit is a number from 1 to `most`, or None."""
    if count is not None and not 1 <= count <= most:
        raise InvalidField(field=field, reason=BAD_COUNT)


def check_limits(rights: Rights, limits: dict[str, int | None]) -> None:
    """Raise `InvalidField` for limits that a link with these rights cannot have."""
    check_count("max_downloads", limits["max_downloads"], _MOST_DOWNLOADS)
    check_count("max_size", limits["max_size"], 2**63 - 1)
    check_count("max_files", limits["max_files"], MOST_FILES)
    if Rights.READ not in rights and limits["max_downloads"] is not None:
        raise InvalidField(field="max_downloads", reason=ONLY_WITH_READ)
    for field in ("max_size", "max_files"):
        if Rights.WRITE not in rights and limits[field] is not None:
            raise InvalidField(field=field, reason=ONLY_WITH_WRITE)


def kind_of(rights: Rights) -> ShareKind:
    """Return the kind of a link with these rights."""
    return ShareKind.REQUEST if rights == DROP else ShareKind.LINK


def state_of(share: Share, items: Sequence[Location | None], now: datetime) -> ShareState:
    """Return the state of a link to entries at these locations, None for one that is permanently deleted."""
    found = [item for item in items if item is not None]
    if not found:
        return ShareState.ENDED
    if share.expires_at is not None and share.expires_at <= now:
        return ShareState.EXPIRED
    if share.max_downloads is not None and share.downloads >= share.max_downloads:
        return ShareState.USED_UP
    return ShareState.SUSPENDED if all(item.is_trashed for item in found) else ShareState.ACTIVE


def to_info(share: Share, token: str | None, items: Sequence[Location | None], now: datetime) -> ShareInfo:
    """Return a row as its owner sees it."""
    copied: dict[str, Any] = {
        name: getattr(share, name)
        for name in (
            "id", "name", "note", "is_selection", "created_at", "expires_at", "last_used_at", "max_downloads",
            "downloads", "opens", "uploads", "max_size", "used_size", "max_files", "files", "notify",
        )
    }  # fmt: skip
    return ShareInfo(
        kind=ShareKind(share.kind),
        token=token,
        rights=from_words(share.rights),
        items=[SharedItem(item.path, item.is_trashed) for item in items if item is not None],
        state=state_of(share, items, now),
        has_password=share.password_hash is not None,
        **copied,
    )
