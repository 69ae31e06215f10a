"""Bars on a terminal: one for the present file, one for everything when there are several.

Rule: the only module that imports rich, and itself imported only where bars are shown.
"""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from cabinet.client.output import neutralise


class Bars:
    """A `Meter` that draws on stderr and leaves nothing behind when it ends."""

    def __init__(self, console: Console | None = None) -> None:
        self._progress = Progress(
            # Without markup, for a name may hold square brackets.
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
            transient=True,
            # Lines are printed while the bars are put away, and data must not end up on stderr.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._all = self._progress.add_task("total", total=0, visible=False)
        self._file: TaskID | None = None
        self._files = 0
        self._expected = 0
        self._counted = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    def expect(self, size: int) -> None:
        self._files += 1
        self._expected += size
        self._progress.update(self._all, total=self._expected, visible=self._files > 1)

    def begin(self, label: str, total: int | None, done: int = 0) -> None:
        self._progress.start()
        self._progress.update(self._all, advance=-self._counted)
        if self._file is not None:
            self._progress.remove_task(self._file)
        self._file = self._progress.add_task(neutralise(label), total=total, completed=done)
        self._progress.update(self._all, advance=done)
        self._counted = done

    def advance(self, count: int) -> None:
        if self._file is not None:
            self._progress.update(self._file, advance=count)
            self._progress.update(self._all, advance=count)
            self._counted += count

    def finish(self) -> None:
        self._counted = 0

    def pause(self) -> None:
        self._progress.stop()
