"""The results of a command over several items, of which one failure does not stop the others.

Rule: an error that would affect every other item ends the command at once. Any thread may count.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from cabinet.client.exits import UNEXPECTED, describe, exit_code
from cabinet.client.failures import (
    BadUsage,
    ConnectionLost,
    DownloadInterrupted,
    DownloadsInterrupted,
    LocalDiskFull,
    Misunderstood,
    NameRefused,
    NotSignedIn,
    Redirected,
    Refused,
    ServerUnreachable,
    Stopped,
    TlsFailed,
    UploadsInterrupted,
)
from cabinet.client.link_failures import LinkGone
from cabinet.client.local_failures import InTheWay, LocalReadOnly, SameName
from cabinet.client.output import Output, to_error_members, to_event
from cabinet.client.token_failures import TokenRefused
from cabinet.errors import CabinetError, StorageFull, TooManyAttempts, Unavailable
from cabinet.terminal.report import to_summary
from cabinet.terminal.text import to_size

_FATAL = (
    BadUsage,
    ConnectionLost,
    LinkGone,
    LocalDiskFull,
    LocalReadOnly,
    Misunderstood,
    NotSignedIn,
    Redirected,
    ServerUnreachable,
    Stopped,
    TlsFailed,
    TokenRefused,
)

# Failures that --delete may ignore: the item is kept unchanged on both sides.
_NON_BLOCKING = (NameRefused, SameName, InTheWay)

_FATAL_REFUSALS = (StorageFull, TooManyAttempts, Unavailable)


class Summary:
    """Counts done, unchanged and failed items, and measures the time."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._codes: list[int] = []
        self._blocking = 0
        self._done = 0
        self._bytes = 0
        self._unchanged = 0
        self._parts: list[tuple[str, int]] = []
        self._uploads: list[int] = []

    @property
    def is_clean(self) -> bool:
        """Whether all failures so far are non-blocking: items that were left unchanged on both sides."""
        return not self._blocking

    @property
    def failures(self) -> int:
        """The number of failures so far."""
        return len(self._codes)

    @contextmanager
    def attempt(self, subject: str) -> Iterator[None]:
        """Report an error that affects only `subject`, and continue; re-raises fatal errors."""
        try:
            yield
        except CabinetError as error:
            if is_fatal(error):
                raise
            self.failed(subject, error)

    def failed(self, subject: str, error: CabinetError) -> None:
        """Report and count an error that affects only `subject`."""
        with self._lock:
            self._codes.append(exit_code(error))
            self._blocking += not isinstance(error, _NON_BLOCKING)
        self._output.document(
            to_event("failed", subject=subject, **to_error_members(error, exit_code(error)))
        )
        text = describe(error)
        self._output.error(text if f"“{subject}”" in text else f"{subject}: {text}")

    def done(self, size: int = 0, count: int = 1) -> None:
        """Count `count` items of `size` bytes in total as done."""
        with self._lock:
            self._done += count
            self._bytes += size

    def unchanged(self, count: int = 1) -> None:
        """Count `count` items that needed no change."""
        with self._lock:
            self._unchanged += count

    def keep_part(self, part: str, size: int) -> None:
        """Record that an interrupted download left `size` bytes in `part`."""
        with self._lock:
            self._parts.append((part, size))

    def keep_upload(self, size: int) -> None:
        """Record that the server has `size` bytes of an interrupted upload."""
        with self._lock:
            self._uploads.append(size)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Turn Ctrl-C into an error that says what is kept and rate_text to resume."""
        try:
            yield
        except (KeyboardInterrupt, click.Abort) as error:
            if self._uploads:
                raise UploadsInterrupted(size=sum(self._uploads), count=len(self._uploads)) from error
            size = sum(size for _, size in self._parts)
            if len(self._parts) == 1:
                raise DownloadInterrupted(part=self._parts[0][0], size=size) from error
            if self._parts:
                raise DownloadsInterrupted(count=len(self._parts), size=size) from error
            raise

    def print_totals(self, verb: str) -> None:
        """Print the totals of a transfer, except after a single failure and nothing else."""
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
        rate = to_size(round(self._bytes / max(seconds, 0.001)))
        rate_text = f" in {seconds:.1f} s ({rate}/s)"
        line = to_summary(verb, self._done, self._bytes, rate_text, unchanged=self._unchanged, failed=failed)
        self._output.note(line)

    def exit_if_failed(self) -> None:
        """Exit if anything failed: with the failures' common code if nothing was done, else with 1."""
        if self._codes:
            is_common = not self._done and not self._unchanged and len(set(self._codes)) == 1
            raise click.exceptions.Exit(self._codes[0] if is_common else UNEXPECTED)


def is_fatal(error: CabinetError) -> bool:
    """Return whether `error` would affect every other item as well."""
    if isinstance(error, Refused):
        return any(error.is_kind(kind) for kind in _FATAL_REFUSALS)
    return isinstance(error, _FATAL)
