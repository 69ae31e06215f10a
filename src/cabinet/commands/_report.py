"""The results of a command over many files, of which one failure does not stop the others.

Rule: every skipped or failed file is reported once; a failure makes the exit code 1.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypeAlias

import click

from cabinet.commands._support import print_json
from cabinet.errors import CabinetError, StorageFault, StorageFull, Unavailable
from cabinet.terminal.meter import count_meter
from cabinet.terminal.report import note, say, to_summary

# Errors that would affect every other file as well.
_FATAL = (StorageFault, StorageFull, Unavailable)
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class LocalError(Exception):
    """The reason why a local file cannot be read or written."""


ItemError: TypeAlias = CabinetError | LocalError | OSError


class Report:
    """Counts done, skipped and failed files; a context manager round the whole command.

    On exit it prints the totals, also after an error, and exits with 1 if anything failed.
    """

    def __init__(self, verb: str, *, as_json: bool) -> None:
        self._verb = verb
        self._as_json = as_json
        self._meter = count_meter(wanted=not as_json)
        self._files = 0
        self._bytes = 0
        self._left_out = 0
        self._failed = 0

    def __enter__(self) -> Self:
        self._meter.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._meter.__exit__(kind, error, trace)
        if self._as_json:
            counted = {"files": self._files, "bytes": self._bytes}
            print_json({"event": "summary", **counted, "left_out": self._left_out, "failed": self._failed})
        else:
            say(to_summary(self._verb, self._files, self._bytes, skipped=self._left_out, failed=self._failed))
        if error is None and self._failed:
            raise click.exceptions.Exit(1)

    def metered(self, chunks: Iterable[bytes], label: str) -> Iterator[bytes]:
        """Yield `chunks` and show the progress."""
        for chunk in chunks:
            yield chunk
            self._meter.advance(len(chunk), label)

    def done(self, size: int, **event: Any) -> None:
        """Count a file of `size` bytes; `event` has the members of its JSON event."""
        self._files += 1
        self._bytes += size
        if self._as_json:
            print_json({"event": "done", **event})

    def left_out(self, subject: str, reason: str) -> None:
        """Report a skipped file, which is not a failure."""
        self._left_out += 1
        self._print("left-out", subject, reason)

    def warned(self, subject: str, reason: str) -> None:
        """Report a warning about a file that was done."""
        self._print("warned", subject, reason)

    def failed(self, subject: str, error: ItemError) -> None:
        """Report a failure; raises `ClickException` if it would affect all other files."""
        self._failed += 1
        self._print("failed", subject, reason_of(error))
        if isinstance(error, _FATAL) or (isinstance(error, OSError) and error.errno in _UNWRITABLE):
            raise click.ClickException(
                "Stopped: this error affects all files. Fix it and run the command again."
            ) from error

    def _print(self, event: str, subject: str, reason: str) -> None:
        if self._as_json:
            print_json({"event": event, "subject": subject, "reason": reason})
        with self._meter.suspended():
            note(f"{subject}: {reason}")


def reason_of(error: ItemError) -> str:
    """Return the message of `error`."""
    if isinstance(error, OSError):
        return f"{os.strerror(error.errno or 0)}."
    return str(error)
