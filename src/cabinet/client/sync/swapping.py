"""Room made on the local disk: what belongs in a place arrives beside it, and then takes it.

What arrives waits under a name of its own, `.filecli-` and a digest, in the same folder; after an
interruption the next run finds it there.

Rule: what is in the way goes only after everything that replaces it has arrived.
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
from cabinet.client.paths import iter_above
from cabinet.client.sync.clashes import find_kept, find_local_clash
from cabinet.client.transfer.placing import Placed
from cabinet.client.transfer.selection import Selection


@dataclass(frozen=True, slots=True)
class Swap:
    """`stage` is to take the place `place`, the path of which below the root is `relative`."""

    place: Path
    relative: str
    stage: Path


class Swaps:
    """What is in the way below a local folder, and where that arrives which shall take its place."""

    def __init__(self, names: LocalNames, selection: Selection, *, dry_run: bool) -> None:
        self._names = names
        self._selection = selection
        self._dry_run = dry_run
        self._swaps: dict[str, Swap] = {}
        self._barred: set[str] = set()

    def __iter__(self) -> Iterator[Swap]:
        return iter(self._swaps.values())

    def is_barred(self, relative: str) -> bool:
        """Tell whether `relative` is, or lies below, what stays in the way."""
        return any(key in self._barred for key in self._keys(relative))

    def holds(self, relative: str) -> bool:
        """Tell whether `relative` is, or lies below, what is or was in the way."""
        return any(key in self._barred or key in self._swaps for key in self._keys(relative))

    def find_place(self, placed: Placed, *, delete: bool) -> Path:
        """Return where an entry arrives; those that it lies in have to come before it.

        Raises `InTheWay` where something stays in the way; without `delete` whatever it is.
        """
        for above in (placed.relative, *iter_above(placed.relative)):
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
        """Put what arrived into its place, and remove what was there; raises `CannotMakeRoom`."""
        aside = swap.stage.with_name(f"{swap.stage.name}.old")
        with local_errors(swap.place):
            _remove(aside)
            with suppress(FileNotFoundError):  # nothing is in the way any more
                swap.place.rename(aside)
                # Looked at where nobody writes to it by its name.
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
                _remove(stage)  # left by a run in which the other kind was on the server
        self._swaps[self._names.key(placed.relative)] = Swap(placed.local, placed.relative, stage)
        return stage

    def _keys(self, relative: str) -> Iterator[str]:
        key = self._names.key(relative)
        yield key
        yield from iter_above(key)


def stage_of(place: Path) -> Path:
    """Return where that arrives which shall take the place `place`."""
    digest = hashlib.sha256(os.fsencode(place.name)).hexdigest()[:16]
    return place.with_name(f".filecli-{digest}")


def _remove(path: Path) -> None:
    """Remove whatever is at `path`; links are not followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
