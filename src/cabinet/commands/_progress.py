"""A bar on a terminal.

Rule: the only module here that imports rich, and itself imported only where a bar is shown.
"""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    FileSizeColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from cabinet.commands._support import neutralise


class Bar:
    """A `Meter` that draws on stderr and leaves nothing behind: `total` things, or bytes without end."""

    def __init__(self, total: int | None, console: Console | None = None) -> None:
        columns: tuple[ProgressColumn, ...] = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        if total is None:
            # Without markup, for a name may hold square brackets.
            name = TextColumn("{task.description}", markup=False)
            columns = (SpinnerColumn(), FileSizeColumn(), TransferSpeedColumn(), name)
        self._progress = Progress(
            *columns,
            console=console or Console(stderr=True),
            transient=True,
            # Lines are printed while the bar is put away, and data must not end up on stderr.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("", total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    def advance(self, count: int, label: str = "") -> None:
        self._progress.start()
        self._progress.update(self._task, advance=count, description=neutralise(label))

    def pause(self) -> None:
        self._progress.stop()
