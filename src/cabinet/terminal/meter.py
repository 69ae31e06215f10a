"""The progress of a command: the protocols, and an implementation that shows nothing.

Rule: commands use these functions and protocols, never `bars.py`; it and rich are imported only to draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, Self

from cabinet.terminal.streams import stderr_is_terminal


class Meter(Protocol):
    """A context manager round a whole command that may draw on the terminal; for all threads."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def suspended(self) -> AbstractContextManager[None]:
        """Draw nothing inside the context, so that a line or a prompt can be printed."""


class CountMeter(Meter, Protocol):
    """Shows the number of processed items or bytes."""

    def advance(self, count: int, label: str = "") -> None:
        """Add `count`; `label` names the current item."""


class Gauge(Protocol):
    """Shows the progress of one file."""

    def begin(self, total: int | None, done: int = 0) -> None:
        """Start or restart: `done` bytes of the `total` are already transferred."""

    def advance(self, count: int) -> None:
        """Add `count` bytes, which may be negative."""

    def finish(self) -> None:
        """Keep the count: otherwise the end of the context subtracts it."""


class TransferMeter(Meter, Protocol):
    """Shows the progress of several files and of their total."""

    def expect(self, size: int, files: int = 1) -> None:
        """Add `files` files of `size` bytes in total to the expected work."""

    def open(self, label: str) -> AbstractContextManager[Gauge]:
        """Show the file `label` inside the context."""


class SilentMeter:
    """A meter and `Gauge` of every kind that shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None: ...

    def suspended(self) -> AbstractContextManager[None]:
        return nullcontext()

    def expect(self, size: int, files: int = 1) -> None: ...

    @contextmanager
    def open(self, label: str) -> Iterator[Gauge]:
        yield self

    def begin(self, total: int | None, done: int = 0) -> None: ...

    def advance(self, count: int, label: str = "") -> None: ...

    def finish(self) -> None: ...


def count_meter(*, wanted: bool, total: Callable[[], int] | None = None) -> CountMeter:
    """Return a meter of bytes, or of items if `total` is given; silent unless stderr is a terminal."""
    if not (wanted and stderr_is_terminal()):
        return SilentMeter()
    from cabinet.terminal.bars import Bar  # rich takes 50 ms to import

    return Bar(None if total is None else total())


def transfer_meter(*, wanted: bool) -> TransferMeter:
    """Return a meter of files; silent unless stderr is a terminal."""
    if not (wanted and stderr_is_terminal()):
        return SilentMeter()
    from cabinet.terminal.bars import Bars  # rich takes 50 ms to import

    return Bars()
