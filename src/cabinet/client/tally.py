"""A command over several things: one that fails does not keep the others from being done.

Rule: an error that would meet every other thing as well ends the command at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from cabinet.client.exits import UNEXPECTED, describe, exit_code
from cabinet.client.failures import (
    BadUsage,
    ConnectionLost,
    Interrupted,
    Misunderstood,
    NotSignedIn,
    Redirected,
    Refused,
    ServerUnreachable,
    TlsFailed,
    TokenRefused,
)
from cabinet.client.output import Output, to_event, to_size, to_trouble
from cabinet.errors import CabinetError, StorageFull, TooManyAttempts, Unavailable

_FATAL = (
    BadUsage,
    ConnectionLost,
    Interrupted,
    Misunderstood,
    NotSignedIn,
    Redirected,
    ServerUnreachable,
    TlsFailed,
    TokenRefused,
)
_FATAL_ANSWERS = (StorageFull, TooManyAttempts, Unavailable)


class Tally:
    """Counts what was done and what was not, and how long it took."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._started = time.monotonic()
        self._codes: list[int] = []
        self._done = 0
        self._bytes = 0
        self._unchanged = 0

    @contextmanager
    def attempt(self, subject: str) -> Iterator[None]:
        """Report an error that concerns only `subject`, and let the others follow."""
        try:
            yield
        except CabinetError as error:
            if _is_fatal(error):
                raise
            self._codes.append(exit_code(error))
            self._output.document(to_event("failed", subject=subject, **to_trouble(error, exit_code(error))))
            text = describe(error)
            self._output.complain(text if f"“{subject}”" in text else f"{subject}: {text}")

    def done(self, size: int = 0) -> None:
        """Count one thing of `size` bytes as done."""
        self._done += 1
        self._bytes += size

    def unchanged(self) -> None:
        """Count one thing for which nothing was to do."""
        self._unchanged += 1

    def sum_up(self, verb: str) -> None:
        """Print the line that ends a transfer, unless the only thing to say was the error."""
        seconds = time.monotonic() - self._started
        failed = len(self._codes)
        self._output.document(
            to_event(
                "summary",
                files=self._done,
                bytes=self._bytes,
                unchanged=self._unchanged,
                failed=failed,
                seconds=round(seconds, 3),
            )
        )
        if not self._done and not self._unchanged and failed == 1:
            return
        files = "1 file" if self._done == 1 else f"{self._done} files"
        rate = to_size(self._bytes / max(seconds, 0.001))
        rest = f" {self._unchanged} unchanged." if self._unchanged else ""
        rest += f" {failed} failed." if failed else ""
        self._output.note(f"{verb} {files}, {to_size(self._bytes)} in {seconds:.1f} s ({rate}/s).{rest}")

    def leave(self) -> None:
        """End the command: with the one code that all failures share, if nothing was done."""
        if self._codes:
            alike = not self._done and not self._unchanged and len(set(self._codes)) == 1
            raise click.exceptions.Exit(self._codes[0] if alike else UNEXPECTED)


def _is_fatal(error: CabinetError) -> bool:
    if isinstance(error, Refused):
        return any(error.means(kind) for kind in _FATAL_ANSWERS)
    return isinstance(error, _FATAL)
