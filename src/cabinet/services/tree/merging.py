"""Merging mounts into the entries of a root: one ordered listing between two positions.

A mount is compared by its own name and the values of its target.

Rule: plain values; nothing here touches the database.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Column

from cabinet.models import Kind
from cabinet.services.tree.entries import FolderTotals, Mounted
from cabinet.services.tree.mounts import Mount
from cabinet.services.tree.node_values import NodeValues

# The columns that a listing compares. The last one is always the sort key of the name, which is unique.
Columns: TypeAlias = tuple[Column[Any], ...]


class SortPlan(NamedTuple):
    """How to list a folder: the columns that order its folders and its files."""

    folder_id: int
    of_folders: Columns
    of_files: Columns
    is_descending: bool

    def columns_of(self, kind: int) -> Columns:
        """Return the columns that order nodes of a kind."""
        return self.of_folders if kind == Kind.FOLDER else self.of_files


# A position in a listing: the kind and the column values of the last entry shown.
Position: TypeAlias = tuple[Kind, list[Any]]


class EntrySummary(NamedTuple):
    """The fields that identify an entry of a folder and show whether it has changed."""

    id: int
    kind: int
    name: str
    sort_key: bytes
    size: int
    tree_size: int
    tree_files: int
    content_hash: str | None
    modified_at: datetime
    mounted: Mounted | None = None


_Own = TypeVar("_Own", NodeValues, EntrySummary)


def merged(
    own: Iterable[_Own],
    mounts: Sequence[Mount],
    plan: SortPlan,
    start: Position | None,
    until: Position | None = None,
) -> Iterator[_Own | Mount]:
    """Yield the entries of a folder and its mounts between two positions, in order."""
    waiting = deque(_between(mounts, plan, start, until))
    for each in own:
        while waiting and _comes_first(waiting[0], each, plan):
            yield waiting.popleft()
        yield each
    yield from waiting


def _between(
    mounts: Sequence[Mount], plan: SortPlan, start: Position | None, until: Position | None
) -> Iterator[Mount]:
    """Yield the mounts after one position and up to another, in order, folders first."""
    for kind in (Kind.FOLDER, Kind.FILE):
        keyed = [(_values_of(mount, plan), mount) for mount in mounts if mount.target.kind == kind]
        keyed.sort(key=itemgetter(0), reverse=plan.is_descending)
        for key, mount in keyed:
            is_late = start is None or kind > start[0] or (kind == start[0] and _follows(key, start, plan))
            is_early = (
                until is None or kind < until[0] or (kind == until[0] and not _follows(key, until, plan))
            )
            if is_late and is_early:
                yield mount


def _follows(key: tuple[Any, ...], position: Position, plan: SortPlan) -> bool:
    """Return whether values come after a position of the same kind."""
    values = tuple(position[1])
    return key < values if plan.is_descending else key > values


def _comes_first(mount: Mount, other: NodeValues | EntrySummary, plan: SortPlan) -> bool:
    if mount.target.kind != other.kind:
        return mount.target.kind < other.kind
    ours, theirs = _values_of(mount, plan), _values_of(other, plan)
    return ours > theirs if plan.is_descending else ours < theirs


def _values_of(each: NodeValues | EntrySummary | Mount, plan: SortPlan) -> tuple[Any, ...]:
    """Return the values to compare, for a mount those of its target with its own name."""
    shown = each.target if isinstance(each, Mount) else each
    *before, _sort_key = plan.columns_of(shown.kind)
    name = (each.sort_key,)
    return (*(getattr(shown, column.key) for column in before), *name) if before else name


def mount_states_of(mounts: Iterable[Mount]) -> tuple[str, ...]:
    """Return values that change with anything a listing shows of these mounts; never shown themselves."""
    return tuple(
        f"{each.id}/{_state_of(each.target)}/{_mounted_state_of(each.mounted)}/{each.name}" for each in mounts
    )


def _mounted_state_of(mounted: Mounted | None) -> str:
    """Return whose a target is, and the role there; no user name has a slash."""
    return "" if mounted is None else f"{mounted.owner}/{mounted.role}/{mounted.team}"


def _state_of(target: NodeValues) -> str:
    """Return a value that changes with what an entry shows: a file changes without getting a new tag."""
    return f"{target.id}/{target.tree_tag}/{target.content_hash}/{target.modified_at}"


def with_mounts(totals: FolderTotals, mounts: Sequence[Mount]) -> FolderTotals:
    """Return the contents of a root including those of its mounts."""
    targets = [mount.target for mount in mounts]
    return replace(
        totals,
        entries=totals.entries + len(targets),
        files=totals.files + sum(_files_of(target) for target in targets),
        size=totals.size + sum(target.size + target.tree_size for target in targets),
    )


def _files_of(target: NodeValues) -> int:
    return 1 if target.kind == Kind.FILE else target.tree_files


def summary_of(mount: Mount) -> EntrySummary:
    """Return a mount in brief: its own id and name, and the values of its target."""
    target = mount.target
    return EntrySummary(
        mount.id, target.kind, mount.name, mount.sort_key, target.size,
        target.tree_size, target.tree_files, target.content_hash, target.modified_at, mount.mounted,
    )  # fmt: skip
