"""The tables that ls, search, shares, groups, spaces, trash and versions print.

Rule: column widths are fixed, so that each row can be printed before the next one arrives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cabinet.client.times import to_local_text
from cabinet.terminal.text import to_size

if TYPE_CHECKING:
    from cabinet.client.wire.entries import RemoteEntry, RemoteVersion, TrashedEntry
    from cabinet.client.wire.shares import Received, Share
    from cabinet.client.wire.teams import Team

# Characters: "999 bytes", and the largest file that a server accepts, in bytes.
_SIZE, _EXACT_SIZE = 9, 13
# "suspended"; counts of openings, and others with their limits.
_STATE, _COUNT, _OF = 9, 6, 9
# "manager".
_ROLE = 7
# A longer name moves the columns behind it.
_OWNER = 16


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


def share_head(id_length: int) -> str:
    """Return the header of `share_row`s with ids of `id_length` characters."""
    counts = f"{'OPENED':>{_COUNT}}  {'DOWNLOADS':>{_OF}}  {'UPLOADS':>{_OF}}"
    return f"{'ID':{id_length}}  {'STATE':{_STATE}}  {'EXPIRES':16}  {counts}  PATH"


def share_row(share: Share) -> str:
    """Return id, state, expiry, counts and paths of a link; of a grant, whom it is for in place of counts."""
    paths = ", ".join(share.paths)
    if share.is_grant:
        nothing = f"{'-':16}  {'-':>{_COUNT}}  {'-':>{_OF}}  {'-':>{_OF}}"
        role = share.document.get("role")
        return f"{share.id}  {share.state:{_STATE}}  {nothing}  {paths} (for {share.recipient}, {role})"
    downloads = _of(share.count("downloads"), share.count("max_downloads"))
    most = share.count("max_files")
    # The limit also counts folders.
    uploads = _of(share.count("uploads" if most is None else "files"), most)
    expires = to_local_text(share.expires_at) if share.expires_at else "never"
    opened = f"{share.count('opens') or 0:>{_COUNT}}"
    return f"{share.id}  {share.state:{_STATE}}  {expires:16}  {opened}  {downloads}  {uploads}  {paths}"


def received_head(id_length: int) -> str:
    """Return the header of `received_row`s with ids of `id_length` characters."""
    return f"{'ID':{id_length}}  {'STATE':{_STATE}}  {'ROLE':{_ROLE}}  {'OWNER':{_OWNER}}  PATH"


def received_row(received: Received) -> str:
    """Return id, state, role, owner and path of what was received; its name before it is accepted."""
    about = f"{received.state:{_STATE}}  {received.role:{_ROLE}}  {received.owner or '-':{_OWNER}}"
    return f"{received.id}  {about}  {received.path or received.name}"


def group_head(id_length: int) -> str:
    """Return the header of `group_row`s with ids of `id_length` characters."""
    return f"{'ID':{id_length}}  {'ROLE':{_ROLE}}  {'MEMBERS':>7}  NAME"


def group_row(group: Team) -> str:
    """Return id, the user's role, number of members and name of a group."""
    return f"{group.id}  {group.role or '-':{_ROLE}}  {group.number('members') or 0:>7}  {group.name}"


def space_head(id_length: int) -> str:
    """Return the header of `space_row`s with ids of `id_length` characters."""
    return f"{'ID':{id_length}}  {'ROLE':{_ROLE}}  {'USED':>{_SIZE}}  {'QUOTA':>{_SIZE}}  FOLDER"


def space_row(space: Team) -> str:
    """Return id, the user's role, used space, quota and folder of a team space, or its name without a folder."""
    sizes = f"{size_cell(space.number('usage'))}  {size_cell(space.number('quota'))}"
    return f"{space.id}  {space.role or '-':{_ROLE}}  {sizes}  {space.path or space.name}"


def _of(count: int | None, most: int | None) -> str:
    """Return a counter with its limit, if there is one."""
    return f"{f'{count or 0}' if most is None else f'{count or 0}/{most}':>{_OF}}"


def size_cell(size: int | None, *, exact: bool = False) -> str:
    """Return a size, right-aligned; "-" for None."""
    if exact:
        return f"{'-' if size is None else size:>{_EXACT_SIZE}}"
    return f"{'-' if size is None else to_size(size):>{_SIZE}}"


def with_slash(path: str, *, is_folder: bool) -> str:
    """Return `path` for display, with a slash after a folder."""
    return f"{path}/" if is_folder else path
