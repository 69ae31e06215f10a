"""A command over many files: one that fails does not keep the others from being done.

Rule: whatever was not done is said, once; a failure makes the exit code 1.
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

# These would meet every other file as well.
_FATAL = (StorageFault, StorageFull, Unavailable)
_NO_PLACE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class LocalError(Exception):
    """Why a local file cannot be taken, or made, as it is."""


ItemError: TypeAlias = CabinetError | LocalError | OSError


class Report:
    """Counts what was done and what was not; used as a context manager round the whole command.

    Leaving it sums up, also after an error, and ends the command with 1 when something failed.
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
            left_out, failed = self._left_out, self._failed
            say(to_summary(self._verb, self._files, self._bytes, left_out=left_out, failed=failed))
        if error is None and self._failed:
            raise click.exceptions.Exit(1)

    def metered(self, chunks: Iterable[bytes], label: str) -> Iterator[bytes]:
        """Pass `chunks` on and show that they move."""
        for chunk in chunks:
            yield chunk
            self._meter.advance(len(chunk), label)

    def done(self, size: int, **event: Any) -> None:
        """Count one file of `size` bytes; `event` says to a program which one."""
        self._files += 1
        self._bytes += size
        if self._as_json:
            print_json({"event": "done", **event})

    def left_out(self, subject: str, reason: str) -> None:
        """Say that something was passed over, which is no failure."""
        self._left_out += 1
        self._tell("left-out", subject, reason)

    def warned(self, subject: str, reason: str) -> None:
        """Say something that is worth knowing about what was done all the same."""
        self._tell("warned", subject, reason)

    def failed(self, subject: str, error: ItemError) -> None:
        """Say what could not be done, and why; raises `error` again when it would meet all others."""
        self._failed += 1
        self._tell("failed", subject, reason_of(error))
        if isinstance(error, _FATAL) or (isinstance(error, OSError) and error.errno in _NO_PLACE):
            raise click.ClickException("Nothing more can be done until that is mended.") from error

    def _tell(self, event: str, subject: str, reason: str) -> None:
        if self._as_json:
            print_json({"event": event, "subject": subject, "reason": reason})
        with self._meter.suspended():
            note(f"{subject}: {reason}")


def reason_of(error: ItemError) -> str:
    """Return the sentence that tells of `error`."""
    if isinstance(error, OSError):
        return f"{os.strerror(error.errno or 0)}."
    return str(error)
