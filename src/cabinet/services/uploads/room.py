"""Allows uploading the same content again although the space is full.

Whether the content is the same is known only after all of it was received. So a file of exactly the size of
the one that it would replace is received beyond the quota, and refused at the end if its content differs.
What is received this way is never larger than that file.

Rule: reads only; `usage.add_usage` makes the final decision.
"""

from __future__ import annotations

from dataclasses import dataclass

from cabinet.errors import InvalidName
from cabinet.models import Kind
from cabinet.services.access.rights import Rights
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.names import split_path
from cabinet.services.tree.tree import Tree
from cabinet.services.uploads.publishing import Target


@dataclass(frozen=True, slots=True)
class ExistingContent:
    """The content of the file at a target: its size in bytes and its content hash."""

    size: int
    content_hash: str


def find_existing(tree: Tree, target: Target) -> ExistingContent | None:
    """Return the content that an upload to `target` would replace, None if it would not replace a file."""
    # Without READ, a full space would reveal which content the file has.
    if target.on_conflict is not OnConflict.REPLACE or not tree.scope.has(Rights.READ):
        return None
    try:
        names = split_path(target.path)
    except InvalidName:
        return None  # reported when the bytes are received
    node = tree.find_rows([names]).get(names)
    if node is None or node.kind != Kind.FILE or node.content_hash is None:
        return None
    return ExistingContent(node.size, node.content_hash)


def overdraft(tree: Tree, target: Target, length: int | None, *, is_partial: bool) -> int:
    """Return how many bytes beyond the quota may be received for an upload of `length` to `target`."""
    existing = find_existing(tree, target)
    if existing is None:
        return 0
    could_be_same = length in (None, existing.size) or (is_partial and length <= existing.size)
    return existing.size if could_be_same else 0
