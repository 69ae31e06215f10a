"""Merging mounts into the folders of a root: one ordered listing between two positions.

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

from sqlalchemy.orm import InstrumentedAttribute

from cabinet.models import Kind, Node
from cabinet.services.tree.entries import Insides, Mounted
from cabinet.services.tree.mounts import Mount

# The columns that a listing compares. The last one is always the sort key of the name, which is unique.
Columns: TypeAlias = tuple[InstrumentedAttribute[Any], ...]


class Course(NamedTuple):
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


class Brief(NamedTuple):
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


_Own = TypeVar("_Own", Node, Brief)


def merged(
    own: Iterable[_Own],
    mounts: Sequence[Mount],
    course: Course,
    start: Position | None,
    until: Position | None = None,
) -> Iterator[_Own | Mount]:
    """Yield the entries of a folder and its mounts between two positions, in order."""
    if not mounts or (start is not None and start[0] != Kind.FOLDER):
        yield from own
        return
    first = None if start is None else tuple(start[1])
    last = tuple(until[1]) if until is not None and until[0] == Kind.FOLDER else None
    keyed = [(_values_of(mount, course), mount) for mount in mounts]
    keyed.sort(key=itemgetter(0), reverse=course.is_descending)
    goes_down = course.is_descending
    waiting = deque(
        (key, mount)
        for key, mount in keyed
        if (first is None or (key < first if goes_down else key > first))
        and (last is None or (key >= last if goes_down else key <= last))
    )
    for each in own:
        while waiting and (each.kind != Kind.FOLDER or _comes_first(waiting[0][0], each, course)):
            yield waiting.popleft()[1]
        yield each
    yield from (mount for _key, mount in waiting)


def _comes_first(key: tuple[Any, ...], folder: Node | Brief, course: Course) -> bool:
    other = _values_of(folder, course)
    return key > other if course.is_descending else key < other


def _values_of(each: Node | Brief | Mount, course: Course) -> tuple[Any, ...]:
    """Return the values to compare for a folder, or for a mount those of its target with its own name."""
    shown = each.target if isinstance(each, Mount) else each
    return tuple(
        each.sort_key if column is Node.sort_key else getattr(shown, column.key)
        for column in course.of_folders
    )


def beside_of(mounts: Iterable[Mount]) -> tuple[str, ...]:
    """Return values that change with anything a listing shows of these mounts; never shown themselves."""
    return tuple(
        f"{each.id}/{each.target.id}/{each.target.tree_tag}/{each.mounted.role}/{each.mounted.owner}/{each.name}"
        for each in mounts
    )


def with_mounts(insides: Insides, mounts: Sequence[Mount]) -> Insides:
    """Return the contents of a root including those of its mounts."""
    targets = [mount.target for mount in mounts]
    return replace(
        insides,
        entries=insides.entries + len(targets),
        files=insides.files + sum(target.tree_files for target in targets),
        size=insides.size + sum(target.tree_size for target in targets),
    )


def brief_of(mount: Mount) -> Brief:
    """Return a mount in brief: its own id and name, and the values of its target."""
    target = mount.target
    return Brief(
        mount.id, Kind.FOLDER, mount.name, mount.sort_key, 0,
        target.tree_size, target.tree_files, None, target.modified_at, mount.mounted,
    )  # fmt: skip
