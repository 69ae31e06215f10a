"""What filecli says, and where: data to stdout, everything else to stderr.

Rule: whatever a server or a disk named passes through `neutralise` before it is shown, for a
name may hold the escape sequences that steer a terminal. JSON escapes them by itself.
"""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any, Literal, Protocol, Self, TextIO, cast

import click

from cabinet.errors import CabinetError

# Control characters, lone surrogates, and the separators that break a line.
_UNSHOWN_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}

# What turns the direction of the text round it, so that one name can pose as another. Not the two marks
# that Hebrew and Arabic names carry: they only stand for a letter of their direction.
_BIDI_CONTROLS = frozenset("\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_UNITS = ("kB", "MB", "GB", "TB", "PB")


def neutralise(text: str) -> str:
    """Return `text` with every character that could steer a terminal written out as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in _BIDI_CONTROLS or unicodedata.category(character) in _UNSHOWN_CATEGORIES:
        return character.encode("unicode_escape").decode("ascii")
    return character


def to_size(count: float) -> str:
    """Return `count` bytes as people read it, in powers of 1000."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in _UNITS:
        count /= 1000
        if count < 999.95 or unit == _UNITS[-1]:
            break
    return f"{count:.1f} {unit}"


class Gauge(Protocol):
    """Shows how far one file has come."""

    def begin(self, total: int | None, done: int = 0) -> None:
        """Start, also once more: `done` bytes of the `total` need not be moved."""

    def advance(self, count: int) -> None:
        """Count `count` more bytes; fewer than none takes some back."""

    def finish(self) -> None:
        """Keep what was counted: without this, the end of the context takes it back."""


class Meter(Protocol):
    """Shows how far a command has come; a context manager round the whole command, for all threads."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def expect(self, size: int, files: int = 1) -> None:
        """Announce so many more files, of `size` bytes together."""

    def open(self, label: str) -> AbstractContextManager[Gauge]:
        """Show the file `label` for as long as the context lasts."""

    def aside(self) -> AbstractContextManager[None]:
        """Leave the terminal to a line or a question for as long as the context lasts."""


class SilentMeter:
    """A `Meter`, and a `Gauge`, that shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None: ...

    def expect(self, size: int, files: int = 1) -> None: ...

    @contextmanager
    def open(self, label: str) -> Iterator[Gauge]:
        yield self

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def begin(self, total: int | None, done: int = 0) -> None: ...

    def advance(self, count: int) -> None: ...

    def finish(self) -> None: ...


class Output:
    """The two streams of one command, and how much is said on them; whole lines from any thread."""

    def __init__(
        self,
        *,
        as_json: bool = False,
        quiet: bool = False,
        verbose: bool = False,
        progress: bool = True,
    ) -> None:
        self.as_json = as_json
        self._quiet = quiet
        self._verbose = verbose
        self._progress = progress and not quiet and not as_json
        self._meter: Meter = SilentMeter()
        self._lock = threading.RLock()
        self._warnings: set[str] = set()
        for stream in (sys.stdout, sys.stderr):
            _never_fail_to_encode(stream)

    def meter(self) -> Meter:
        """Return a meter: bars where a person watches stderr, else a silent one."""
        if self._progress and sys.stderr.isatty():
            from cabinet.client.progress import Bars  # rich takes 50 ms to load

            self._meter = Bars()
        return self._meter

    def data(self, text: str) -> None:
        """Print a line of what was asked for, unless JSON was."""
        self._print(text)

    def result(self, *texts: str) -> None:
        """Print lines that a quiet command leaves out."""
        if not self._quiet and texts:
            self._print(*texts)

    def document(self, *values: Any) -> None:
        """Print JSON values, each on a line of its own, if JSON was asked for."""
        if self.as_json and values:
            with self._lock:
                click.echo("\n".join(map(json.dumps, values)))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Have the terminal for oneself, to print or to ask."""
        with self._lock, self._meter.aside():
            yield

    def array(self, head: dict[str, Any], name: str, values: Iterable[Any]) -> None:
        """Print one JSON object: the members of `head`, and `values`, while they come, as `name`.

        Nothing is printed before the first value is there, or could not be had.
        """
        lines = map(json.dumps, values)
        first = next(lines, "")
        opened = json.dumps({**head, name: []}).removesuffix("]}")
        click.echo(f"{opened}{first}", nl=False)
        for line in lines:
            click.echo(f",\n{line}", nl=False)
        click.echo("]}")

    def note(self, text: str) -> None:
        """Tell how it went, on stderr; a quiet command does not."""
        if not self._quiet and not self.as_json:
            self._aside(text)

    def detail(self, text: str) -> None:
        """Tell, on stderr, what only -v wants to know."""
        if self._verbose:
            self._aside(text)

    def warn(self, text: str) -> None:
        """Warn on stderr, also of a quiet command."""
        self._aside(f"filecli: warning: {text}")

    def warn_once(self, text: str) -> None:
        """Warn of what would have to be said again and again."""
        with self._lock:
            is_new = text not in self._warnings
            self._warnings.add(text)
        if is_new:
            self.warn(text)

    def complain(self, text: str) -> None:
        """Report an error on stderr."""
        self._aside(f"filecli: error: {text}")

    def _print(self, *texts: str) -> None:
        if not self.as_json:
            with self.aside():
                click.echo("\n".join(map(neutralise, texts)))

    def _aside(self, text: str) -> None:
        # Nobody can be told that nothing can be told.
        with suppress(OSError), self.aside():
            click.echo(neutralise(text), err=True)


def to_event(name: str, **members: Any) -> dict[str, Any]:
    """Return a line for the NDJSON of a transfer."""
    return {"event": name, **members}


def to_trouble(error: CabinetError, code: int) -> dict[str, Any]:
    """Return what JSON says of an error."""
    return {"error": error.slug, "message": str(error), "exit_code": code}


def is_attended() -> bool:
    """Tell whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


class _ClosedStream(io.RawIOBase):
    """Standard output that whoever started filecli has closed."""

    def writable(self) -> bool:
        return True

    def write(self, _chunk: object) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def complete_streams() -> None:
    """Put something in place of standard streams that are closed: Python has None there.

    What is written to standard output then fails, for it would be lost; errors go nowhere.
    """
    if sys.stdin is None:
        sys.stdin = open_null("r")
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(_ClosedStream(), write_through=True)
    if sys.stderr is None:
        sys.stderr = open_null("w")


def give_up_unwritten() -> None:
    """Drop what a standard stream could not take: tried again when Python ends, it would change the exit code."""
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except (OSError, ValueError):
            setattr(sys, name, open_null("w"))


def open_null(mode: Literal["r", "w"]) -> TextIO:
    """Return a stream that holds and keeps nothing."""
    return cast("TextIO", open(os.devnull, mode, encoding="utf-8"))


def _never_fail_to_encode(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
