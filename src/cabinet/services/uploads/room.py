"""What may come although the space is full: the content that is there already, once more.

Nobody knows that it is the same before all of it has come. So a file that has just the size of the
one that it would replace is received beyond the quota, and refused in the end if it is another
content after all. All that is received so is at most as large as that file.

Rule: reads only; what counts in the end is decided by `usage.use`.
"""

from __future__ import annotations

from dataclasses import dataclass

from cabinet.errors import InvalidName
from cabinet.models import Kind
from cabinet.services.access.rights import Rights
from cabinet.services.tree.entries import Conflict
from cabinet.services.tree.names import split_path
from cabinet.services.tree.tree import Tree
from cabinet.services.uploads.publishing import Target


@dataclass(frozen=True, slots=True)
class Present:
    """What the file at a target holds: its size in bytes, and its content hash."""

    size: int
    content_hash: str


def find_present(tree: Tree, target: Target) -> Present | None:
    """Return what `target` would replace, None where it would not replace a file."""
    # Else a full space would tell whoever may not read which content it is.
    if target.on_conflict is not Conflict.REPLACE or not tree.scope.has(Rights.READ):
        return None
    try:
        names = split_path(target.path)
    except InvalidName:
        return None  # which whoever takes the bytes will say
    node = tree.find_all([names]).get(names)
    if node is None or node.kind != Kind.FILE or node.content_hash is None:
        return None
    return Present(node.size, node.content_hash)


def overdraft(tree: Tree, target: Target, length: int | None, *, is_partial: bool) -> int:
    """Return how many bytes beyond the quota may be received for an upload of `length` to `target`."""
    present = find_present(tree, target)
    if present is None:
        return 0
    could_be_same = length in (None, present.size) or (is_partial and length <= present.size)
    return present.size if could_be_same else 0
