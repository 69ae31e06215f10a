"""How far a command has come, for whoever watches: the shapes of it, and one that shows nothing.

Rule: a command asks here for its meter and never for a bar; the bars, and rich, are loaded only where
they are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, Self

from cabinet.terminal.streams import stderr_is_terminal


class Meter(Protocol):
    """Has a part of the terminal; a context manager round the whole command, for all threads."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def suspended(self) -> AbstractContextManager[None]:
        """Leave the terminal to a line or a question for as long as the context lasts."""


class CountMeter(Meter, Protocol):
    """Shows how many things are done, or how many bytes have moved."""

    def advance(self, count: int, label: str = "") -> None:
        """Count `count` more; `label` is what is being worked on."""


class Gauge(Protocol):
    """Shows how far one file has come."""

    def begin(self, total: int | None, done: int = 0) -> None:
        """Start, also once more: `done` bytes of the `total` need not be moved."""

    def advance(self, count: int) -> None:
        """Count `count` more bytes; fewer than none takes some back."""

    def finish(self) -> None:
        """Keep what was counted: without this, the end of the context takes it back."""


class TransferMeter(Meter, Protocol):
    """Shows how far several files have come, each by itself and all together."""

    def expect(self, size: int, files: int = 1) -> None:
        """Announce so many more files, of `size` bytes together."""

    def open(self, label: str) -> AbstractContextManager[Gauge]:
        """Show the file `label` for as long as the context lasts."""


class SilentMeter:
    """Every kind of meter, and a `Gauge`, that shows nothing."""

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
    """Return a meter of bytes, or of things if their `total` is known; silent unless a person watches."""
    if not (wanted and stderr_is_terminal()):
        return SilentMeter()
    from cabinet.terminal.bars import Bar  # rich takes 50 ms to load

    return Bar(None if total is None else total())


def transfer_meter(*, wanted: bool) -> TransferMeter:
    """Return a meter of files; silent unless a person watches."""
    if not (wanted and stderr_is_terminal()):
        return SilentMeter()
    from cabinet.terminal.bars import Bars  # rich takes 50 ms to load

    return Bars()
