"""What services return about a node, and the conversion of metadata that clients send.

Rule: plain values; nothing here touches the database.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import TypeAlias

from cabinet.errors import N_, InvalidField
from cabinet.models import Kind
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.tree.node_values import AnyNode

OCTETS = "application/octet-stream"

BAD_MTIME = N_("it is not a number of seconds since 1970.")

# Limits of columns and headers: type and subtype (RFC 6838, section 4.2), at most 127 characters.
_MEDIA_TYPE = re.compile(r"(?=.{3,127}$)[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
# Times are stored in microseconds, and a longer number is not a time.
_SECONDS = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

# Checks the current content hash at a path, None if there is no file; for If-Match and the like.
Precondition: TypeAlias = Callable[[str | None], bool]


def no_precondition(_content_hash: str | None) -> bool:
    """Accept any state."""
    return True


def hash_for_condition(node: AnyNode, rights: Rights) -> str | None:
    """Return the content hash that a precondition compares; None for a folder.

    An actor without READ gets a value that no header can contain, because the result of a comparison would
    reveal the content.
    """
    return node.content_hash if Rights.READ in rights else node.content_hash and "\n"


class OnConflict(StrEnum):
    """What to do if the name is in use."""

    REPLACE = "replace"
    RENAME = "rename"
    FAIL = "fail"


def default_on_conflict(rights: Rights) -> OnConflict:
    """Return the default choice for an upload to a name in use: replace, or else rename; it never refuses."""
    return OnConflict.REPLACE if Rights.DELETE in rights else OnConflict.RENAME


@dataclass(frozen=True, slots=True)
class FolderTotals:
    """The contents of a folder: the number of its entries, and of all files below it with their bytes.

    `mark` is unique to this folder and changes when anything below it does. It is never shown, because it
    reveals activity elsewhere in the space; None if the actor must not learn about content.
    """

    entries: int
    files: int
    size: int
    mark: tuple[int, int] | None = field(compare=False)


@dataclass(frozen=True, slots=True)
class Mounted:
    """The user name of the owner of a mount's target, and the role of the mount's user there.

    The target of a team space has no owner, but the public id of the space, `team`.
    """

    owner: str
    role: ShareRole
    team: str | None = None


# Not frozen, though nothing changes one: a frozen one takes three times as long to make, and a list has hundreds.
@dataclass(slots=True)
class Entry:
    """A file or a folder. A folder has no size, hash or media type, but `totals`.

    A mount has `mounted`; a mount and everything behind it have `role`, the actor's role there. In a list, an entry
    that the actor has shared or could share further `is_shared`. `file_id` is the number by which sync clients know it.
    """

    kind: str
    name: str
    path: str
    size: int | None
    content_hash: str | None
    media_type: str | None
    created_at: datetime
    modified_at: datetime
    totals: FolderTotals | None = None
    role: ShareRole | None = None
    mounted: Mounted | None = None
    is_shared: bool = False
    file_id: int = 0

    @property
    def is_folder(self) -> bool:
        """Return whether the entry can contain others."""
        return self.kind == "folder"

    @property
    def is_fixed(self) -> bool:
        """Return whether the actor may only read it."""
        return self.role is not None and CHANGE not in self.role.rights


def to_entry(node: AnyNode, path: str) -> Entry:
    """Return the entry of a node at `path`."""
    is_file = node.kind == Kind.FILE
    return Entry(
        kind="file" if is_file else "folder",
        name=node.name,
        path=path,
        size=node.size if is_file else None,
        content_hash=node.content_hash,
        media_type=node.media_type,
        created_at=node.created_at,
        modified_at=node.modified_at,
        totals=None if is_file else totals_of(node),
        file_id=node.file_id,
    )


def to_visible_entry(node: AnyNode, path: str, *, may_read: bool) -> Entry:
    """Return the entry of a node at `path`, for an actor without READ without what would reveal the content."""
    entry = to_entry(node, path)
    if not may_read:
        entry.content_hash = entry.media_type = None
        entry.totals = entry.totals and replace(entry.totals, mark=None)
    return entry


def totals_of(folder: AnyNode) -> FolderTotals:
    """Return the contents of a folder."""
    return FolderTotals(folder.child_count, folder.tree_files, folder.tree_size, (folder.id, folder.tree_tag))


# Missing from the tables of some systems, and needed to recognize images.
for _suffix, _known in {
    ".avif": "image/avif", ".heic": "image/heic", ".heif": "image/heif", ".webp": "image/webp"
}.items():  # fmt: skip
    mimetypes.add_type(_known, _suffix)


def media_type_of(name: str, otherwise: str | None = None) -> str:
    """Return the media type that the file name suggests, else `otherwise`, else the generic one."""
    guessed, encoding = mimetypes.guess_type(f"file:///{name.rpartition('/')[2]}", strict=True)
    return guessed if guessed and not encoding else otherwise or OCTETS


def to_media_type(text: str) -> str | None:
    """Return `text` as a media type without parameters, None if it is not valid."""
    media_type = text.partition(";")[0].strip().lower()
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else None


def to_mtime(text: str) -> datetime:
    """Return the time `text` seconds since the Unix epoch, possibly negative; raises `InvalidField`."""
    try:
        if not _SECONDS.fullmatch(text):
            raise ValueError
        # Rounded down, like every later comparison.
        microseconds = Decimal(text).scaleb(6).to_integral_value(ROUND_FLOOR)
        return _EPOCH + timedelta(microseconds=int(microseconds))
    except (ValueError, OverflowError) as error:
        raise InvalidField(field="mtime", reason=BAD_MTIME) from error


def from_mtime(moment: datetime) -> str:
    """Return a time as seconds since the Unix epoch, with microseconds."""
    microseconds = _microseconds(moment)
    whole, fraction = divmod(abs(microseconds), 10**6)
    return f"{'-' if microseconds < 0 else ''}{whole}.{fraction:06}"


def from_ns(nanoseconds: int) -> datetime:
    """Return the time of a local file from nanoseconds; out of range, the first or last possible time."""
    try:
        return _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return _LAST if nanoseconds > 0 else _FIRST


def to_ns(moment: datetime) -> int:
    """Return a time as nanoseconds since the Unix epoch, for local disks."""
    return _microseconds(moment) * 1000


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
