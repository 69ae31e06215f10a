"""Progress bars: one for a count, or one for each active file and one for the total.

Rule: the only module that imports rich; it is imported only when bars are shown.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    FileSizeColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from cabinet.terminal.text import escape_controls


class _Drawing:
    """Progress bars on stderr, which are erased at the end."""

    def __init__(self, *columns: ProgressColumn, console: Console | None) -> None:
        self._progress = Progress(
            *columns,
            console=console or Console(stderr=True),
            transient=True,
            # Lines are printed while the bars are hidden, and data must not end up on stderr.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._lock = threading.RLock()
        self._suspensions = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Hide the bars inside the context, so that other output can be printed."""
        with self._lock:
            self._progress.stop()
            self._suspensions += 1
        try:
            yield
        finally:
            with self._lock:
                self._suspensions -= 1
                self._draw()

    def _has_bars(self) -> bool:
        return True

    def _draw(self) -> None:
        """Show the bars unless they are suspended or there are none."""
        if self._has_bars() and not self._suspensions:
            self._progress.start()


def _name_column() -> TextColumn:
    # Without markup, because a name may contain square brackets.
    return TextColumn("{task.description}", markup=False)


class Bar(_Drawing):
    """A `CountMeter` of `total` items, or of bytes without a known total."""

    def __init__(self, total: int | None, console: Console | None = None) -> None:
        columns: tuple[ProgressColumn, ...] = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        if total is None:
            columns = (SpinnerColumn(), FileSizeColumn(), TransferSpeedColumn(), _name_column())
        super().__init__(*columns, console=console)
        self._task = self._progress.add_task("", total=total)

    def advance(self, count: int, label: str = "") -> None:
        self._progress.update(self._task, advance=count, description=escape_controls(label))


class Bars(_Drawing):
    """A `TransferMeter`: a bar for each active file, and one for the total of several."""

    def __init__(self, console: Console | None = None) -> None:
        super().__init__(
            _name_column(),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._all = self._progress.add_task("total", total=0, visible=False)
        self._files = 0
        self._expected = 0
        self._opened = 0

    def expect(self, size: int, files: int = 1) -> None:
        with self._lock:
            self._files += files
            self._expected += size
            self._progress.update(self._all, total=self._expected, visible=self._files > 1)

    @contextmanager
    def open(self, label: str) -> Iterator[_Share]:
        """Show a bar named `label` inside the context."""
        share = _Share(self._progress, self._all, escape_controls(label))
        with self._lock:
            self._opened += 1
            self._draw()
        try:
            yield share
        finally:
            with self._lock:
                self._opened -= 1
                share.close()

    def _has_bars(self) -> bool:
        return self._opened > 0


class _Share:
    """The `Gauge` of one file, which also advances the total."""

    def __init__(self, progress: Progress, everything: TaskID, label: str) -> None:
        self._progress = progress
        self._all = everything
        self._task = self._progress.add_task(label, total=None)
        self._lock = threading.Lock()
        self._counted = 0

    def begin(self, total: int | None, done: int = 0) -> None:
        with self._lock:
            self._progress.update(self._task, total=total)
        self.advance(done - self._counted)

    def advance(self, count: int) -> None:
        with self._lock:
            self._counted += count
            self._progress.update(self._task, advance=count)
            self._progress.update(self._all, advance=count)

    def finish(self) -> None:
        with self._lock:
            self._counted = 0

    def close(self) -> None:
        """Remove the bar, and subtract an unfinished file from the total."""
        self._progress.remove_task(self._task)
        self._progress.update(self._all, advance=-self._counted)
