"""The tables that ls, search, trash and versions print.

Rule: column widths are fixed, so that each row can be printed before the next one arrives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cabinet.client.times import to_local_text
from cabinet.terminal.text import to_size

if TYPE_CHECKING:
    from cabinet.client.wire.entries import RemoteEntry, RemoteVersion, TrashedEntry

# Characters: "999 bytes", and the largest file that a server accepts, in bytes.
_SIZE, _EXACT_SIZE = 9, 13


def entry_row(entry: RemoteEntry, name: str, *, exact: bool = False) -> str:
    """Return size, modification time, kind and `name`; the size of a folder is that of its whole tree."""
    size = size_cell(entry.tree_size if entry.is_folder else entry.size, exact=exact)
    kind = "folder" if entry.is_folder else "file"
    return f"{size}  {to_local_text(entry.modified_at):16}  {kind:6}  {name}"


def trashed_head(id_length: int) -> str:
    """Return the header of `trashed_row`s with ids of `id_length` characters."""
    return f"{'ID':{id_length}}  {'TRASHED':16}  {'KEPT UNTIL':16}  {'SIZE':>{_SIZE}}  PATH"


def trashed_row(trashed: TrashedEntry) -> str:
    """Return id, time of removal, expiry, size and original path."""
    size = size_cell(None if trashed.is_folder else trashed.size)
    until = to_local_text(trashed.expires_at)
    name = with_slash(trashed.path, is_folder=trashed.is_folder)
    return f"{trashed.id}  {to_local_text(trashed.trashed_at):16}  {until:16}  {size}  {name}"


def version_head() -> str:
    """Return the header of `version_row`s."""
    return f"{'NUMBER':>6}  {'SIZE':>{_SIZE}}  {'STORED':16}  CONTENT HASH"


def version_row(version: RemoteVersion) -> str:
    """Return number, size, storage time, content hash and a mark for the current version."""
    mark = "  current" if version.is_current else ""
    created = to_local_text(version.created_at)
    return f"{version.number:>6}  {size_cell(version.size)}  {created:16}  {version.content_hash}{mark}"


def size_cell(size: int | None, *, exact: bool = False) -> str:
    """Return a size, right-aligned; "-" for None."""
    if exact:
        return f"{'-' if size is None else size:>{_EXACT_SIZE}}"
    return f"{'-' if size is None else to_size(size):>{_SIZE}}"


def with_slash(path: str, *, is_folder: bool) -> str:
    """Return `path` for display, with a slash after a folder."""
    return f"{path}/" if is_folder else path
