"""Replacement of local items of the wrong kind: the new item is downloaded beside it, then swapped in.

The new item has a temporary name, `.filecli-` and a digest, in the same folder; after an interruption
the next run finds it there.

Rule: the old item is removed only after everything that replaces it is downloaded.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cabinet.client.local import local_errors
from cabinet.client.local_failures import CannotMakeRoom, InTheWay
from cabinet.client.local_names import LocalNames
from cabinet.client.paths import iter_parents
from cabinet.client.sync.clashes import find_kept, find_local_clash
from cabinet.client.transfer.placing import Placed
from cabinet.client.transfer.selection import Selection


@dataclass(frozen=True, slots=True)
class Swap:
    """`stage` replaces `place`; `relative` is the path of `place` below the root."""

    place: Path
    relative: str
    stage: Path


class Swaps:
    """The items to replace below a local folder, and the temporary paths of their replacements."""

    def __init__(self, names: LocalNames, selection: Selection, *, dry_run: bool) -> None:
        self._names = names
        self._selection = selection
        self._dry_run = dry_run
        self._swaps: dict[str, Swap] = {}
        self._barred: set[str] = set()

    def __iter__(self) -> Iterator[Swap]:
        return iter(self._swaps.values())

    def is_barred(self, relative: str) -> bool:
        """Return whether `relative` is at or below an item in the way that is kept."""
        return any(key in self._barred for key in self._keys(relative))

    def holds(self, relative: str) -> bool:
        """Return whether `relative` is at or below any item in the way, kept or replaced."""
        return any(key in self._barred or key in self._swaps for key in self._keys(relative))

    def find_place(self, placed: Placed, *, delete: bool) -> Path:
        """Return the path to download an entry to; its parents must be passed before it.

        Raises `InTheWay` if an item in the way is kept; without `delete`, every one is.
        """
        for above in (placed.relative, *iter_parents(placed.relative)):
            swap = self._swaps.get(self._names.key(above))
            if swap is not None:
                return swap.stage / placed.relative[len(above) :].strip("/")
        clash = find_local_clash(placed.local, is_folder=placed.entry.is_folder)
        if clash is None:
            return placed.local
        try:
            self._check(placed, clash, delete=delete)
        except InTheWay:
            self._barred.add(self._names.key(placed.relative))
            raise
        return self._begin(placed)

    def finish(self, swap: Swap) -> None:
        """Move the replacement to its place and remove the old item; raises `CannotMakeRoom`."""
        aside = swap.stage.with_name(f"{swap.stage.name}.old")
        with local_errors(swap.place):
            _remove(aside)
            with suppress(FileNotFoundError):  # the old item is gone already
                swap.place.rename(aside)
                # Checked after the rename, when no program writes to it by its name.
                kept = find_kept(aside, swap.relative, self._selection)
                if kept is not None:
                    aside.rename(swap.place)
                    raise CannotMakeRoom(path=str(swap.place), kept=str(self._names.root / kept))
            try:
                swap.stage.rename(swap.place)
            except OSError:
                with suppress(FileNotFoundError):
                    aside.rename(swap.place)
                raise
            _remove(aside)

    def _check(self, placed: Placed, clash: InTheWay, *, delete: bool) -> None:
        if not delete:
            raise clash
        kept = find_kept(placed.local, placed.relative, self._selection)
        if kept is not None:
            raise CannotMakeRoom(path=str(placed.local), kept=str(self._names.root / kept))

    def _begin(self, placed: Placed) -> Path:
        stage = stage_of(placed.local)
        if not self._dry_run and find_local_clash(stage, is_folder=placed.entry.is_folder) is not None:
            with local_errors(stage):
                _remove(stage)  # left by a run in which the server had the other kind
        self._swaps[self._names.key(placed.relative)] = Swap(placed.local, placed.relative, stage)
        return stage

    def _keys(self, relative: str) -> Iterator[str]:
        key = self._names.key(relative)
        yield key
        yield from iter_parents(key)


def stage_of(place: Path) -> Path:
    """Return the temporary path of the replacement of `place`."""
    digest = hashlib.sha256(os.fsencode(place.name)).hexdigest()[:16]
    return place.with_name(f".filecli-{digest}")


def _remove(path: Path) -> None:
    """Remove the file or tree at `path`; links are not followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
