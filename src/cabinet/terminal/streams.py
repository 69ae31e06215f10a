"""The standard streams of a command: terminals, closed ones, and their encodings.

Rule: data is written or the command fails; a character that the stream cannot encode is escaped.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Literal, TextIO, cast


def stderr_is_terminal() -> bool:
    """Return whether standard error is a terminal."""
    return sys.stderr.isatty()


def can_prompt() -> bool:
    """Return whether standard input and standard error are terminals, so that a prompt works."""
    return sys.stdin.isatty() and stderr_is_terminal()


class _ClosedStream(io.RawIOBase):
    """Standard output that was closed before the command started."""

    def writable(self) -> bool:
        return True

    def write(self, _chunk: object) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def replace_closed_streams() -> None:
    """Replace closed standard streams, for which Python has None.

    Writes to standard output then fail, because data would be lost; messages are discarded.
    """
    if sys.stdin is None:
        sys.stdin = open_null("r")
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(_ClosedStream(), write_through=True)
    if sys.stderr is None:
        sys.stderr = open_null("w")


def escape_unencodable() -> None:
    """Escape characters that stdout or stderr cannot encode."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def discard_unwritten() -> None:
    """Discard unwritten output: Python would try to write it at exit and change the exit code."""
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except (OSError, ValueError):
            setattr(sys, name, open_null("w"))


def open_null(mode: Literal["r", "w"]) -> TextIO:
    """Return a stream of the null device."""
    return cast("TextIO", open(os.devnull, mode, encoding="utf-8"))
