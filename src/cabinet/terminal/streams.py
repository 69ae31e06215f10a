"""The standard streams of a command, whatever they were when it was started.

Rule: what was asked for is written, or the command fails; a name that the stream cannot encode is
written as an escape.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Literal, TextIO, cast


def stderr_is_terminal() -> bool:
    """Tell whether somebody sees what is told beside the data."""
    return sys.stderr.isatty()


def can_prompt() -> bool:
    """Tell whether there is somebody to ask."""
    return sys.stdin.isatty() and stderr_is_terminal()


class _ClosedStream(io.RawIOBase):
    """Standard output that whoever started the command has closed."""

    def writable(self) -> bool:
        return True

    def write(self, _chunk: object) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def replace_closed_streams() -> None:
    """Put something in place of standard streams that are closed: Python has None there.

    What is written to standard output then fails, for it would be lost; errors go nowhere.
    """
    if sys.stdin is None:
        sys.stdin = open_null("r")
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(_ClosedStream(), write_through=True)
    if sys.stderr is None:
        sys.stderr = open_null("w")


def escape_unencodable() -> None:
    """Have what a stream cannot encode written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def discard_unwritten() -> None:
    """Drop what a standard stream could not take: tried again when Python ends, it would change the exit code."""
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except (OSError, ValueError):
            setattr(sys, name, open_null("w"))


def open_null(mode: Literal["r", "w"]) -> TextIO:
    """Return a stream that holds and keeps nothing."""
    return cast("TextIO", open(os.devnull, mode, encoding="utf-8"))
