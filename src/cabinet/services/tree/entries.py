"""What the outside sees of a node, and what may be said of one from outside.

Rule: plain values; nothing here touches the database.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import TypeAlias

from cabinet.errors import N_, InvalidField
from cabinet.models import Kind, Node
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.access.roles import ShareRole

OCTETS = "application/octet-stream"

BAD_MTIME = N_("it is no number of seconds since 1970.")

# What columns and headers hold: type and subtype (RFC 6838, section 4.2), at most 127 characters.
_MEDIA_TYPE = re.compile(r"(?=.{3,127}$)[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
# Finer than a microsecond nobody stores it, and a longer number is no time.
_SECONDS = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

# Judges the content hash that a path has now, None where there is no file; for If-Match and the like.
Precondition: TypeAlias = Callable[[str | None], bool]


def no_precondition(_content_hash: str | None) -> bool:
    """Accept whatever is there."""
    return True


def hash_for_condition(node: Node, rights: Rights) -> str | None:
    """Return the content hash that a precondition compares; None for a folder.

    For whoever may not read it is one that no header can name: the answer would tell which content it is.
    """
    return node.content_hash if Rights.READ in rights else node.content_hash and "\n"


class Conflict(StrEnum):
    """What to do when the name is in use."""

    REPLACE = "replace"
    RENAME = "rename"
    FAIL = "fail"


def usual_conflict(rights: Rights) -> Conflict:
    """Return what becomes of an upload to a name in use where its sender does not say: no refusal, if need be."""
    return Conflict.REPLACE if Rights.DELETE in rights else Conflict.RENAME


@dataclass(frozen=True, slots=True)
class Insides:
    """What a folder holds: its entries, and the files anywhere below it with their bytes.

    `mark` is what no other folder has, nor this one once anything below it is another. It would tell how
    busy its space is elsewhere, so nobody sees it itself; None where its actor must not know of contents.
    """

    entries: int
    files: int
    size: int
    mark: tuple[int, int] | None = field(compare=False)


@dataclass(frozen=True, slots=True)
class Mounted:
    """Whose the folder is that a mount stands for, by their user name, and what its user is there."""

    owner: str
    role: ShareRole


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder. A folder has no size, hash or media type, but `insides`.

    A mount is `mounted`; of it and of all behind it, `role` is what its actor is there.
    """

    kind: str
    name: str
    path: str
    size: int | None
    content_hash: str | None
    media_type: str | None
    created_at: datetime
    modified_at: datetime
    insides: Insides | None = None
    role: ShareRole | None = None
    mounted: Mounted | None = None

    @property
    def is_folder(self) -> bool:
        """Tell whether other entries can lie below."""
        return self.kind == "folder"

    @property
    def is_fixed(self) -> bool:
        """Tell whether its actor may only look at it."""
        return self.role is not None and CHANGE not in self.role.rights


def to_entry(node: Node, path: str) -> Entry:
    """Copy a node; `path` is where it lies."""
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
        insides=None if is_file else insides_of(node),
    )


def insides_of(folder: Node) -> Insides:
    """Return what a folder holds."""
    return Insides(folder.child_count, folder.tree_files, folder.tree_size, (folder.id, folder.tree_tag))


# What not every system has in its tables, and what pictures are known by here.
for _suffix, _known in {
    ".avif": "image/avif", ".heic": "image/heic", ".heif": "image/heif", ".webp": "image/webp"
}.items():  # fmt: skip
    mimetypes.add_type(_known, _suffix)


def media_type_of(name: str, otherwise: str | None = None) -> str:
    """Return the media type that the name suggests, else `otherwise`."""
    guessed, encoding = mimetypes.guess_type(f"file:///{name.rpartition('/')[2]}", strict=True)
    return guessed if guessed and not encoding else otherwise or OCTETS


def to_media_type(text: str) -> str | None:
    """Return `text` as a media type without parameters, None when it is none."""
    media_type = text.partition(";")[0].strip().lower()
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else None


def to_mtime(text: str) -> datetime:
    """Return the time that is `text` seconds after 1970 began, or before; raises `InvalidField`."""
    try:
        if not _SECONDS.fullmatch(text):
            raise ValueError
        # Down, as whoever compares it later counts.
        microseconds = Decimal(text).scaleb(6).to_integral_value(ROUND_FLOOR)
        return _EPOCH + timedelta(microseconds=int(microseconds))
    except (ValueError, OverflowError) as error:
        raise InvalidField(field="mtime", reason=BAD_MTIME) from error


def from_mtime(moment: datetime) -> str:
    """Return the seconds since 1970 began until `moment`, to the microsecond."""
    microseconds = _microseconds(moment)
    whole, fraction = divmod(abs(microseconds), 10**6)
    return f"{'-' if microseconds < 0 else ''}{whole}.{fraction:06}"


def from_ns(nanoseconds: int) -> datetime:
    """Return the time of a local file; beyond the years that there are, the first or last moment of them."""
    try:
        return _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return _LAST if nanoseconds > 0 else _FIRST


def to_ns(moment: datetime) -> int:
    """Return a time as local disks take it: nanoseconds since 1970 began."""
    return _microseconds(moment) * 1000


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
