"""The output of one command: `terminal` with the flags --json, --quiet and --verbose applied.

Rule: a command prints only through its `Output`, which hides the progress bars meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from cabinet.errors import CabinetError
from cabinet.terminal.meter import SilentMeter, TransferMeter, transfer_meter
from cabinet.terminal.report import draw, note, print_array, print_json, say
from cabinet.terminal.streams import escape_unencodable


class Output:
    """Standard output and standard error of one command; any thread may print whole lines."""

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
        self._meter: TransferMeter = SilentMeter()
        self._lock = threading.RLock()
        self._warnings: set[str] = set()
        escape_unencodable()

    def meter(self) -> TransferMeter:
        """Return a meter: progress bars if stderr is a terminal, else a silent one."""
        self._meter = transfer_meter(wanted=self._progress)
        return self._meter

    def data(self, text: str) -> None:
        """Print a line of data, unless the output is JSON."""
        self._print(text)

    def result(self, *texts: str) -> None:
        """Print lines of data that --quiet suppresses."""
        if not self._quiet and texts:
            self._print(*texts)

    def document(self, *values: Any) -> None:
        """Print JSON values, one per line, if the output is JSON."""
        if self.as_json and values:
            with self._lock:
                print_json(*values)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Hide the progress bars, to print or to prompt."""
        with self._lock, self._meter.suspended():
            yield

    def array(self, head: dict[str, Any], name: str, values: Iterable[Any]) -> None:
        """Print one JSON object: the members of `head`, and `values` as the member `name`, as they arrive."""
        print_array(head, name, values)

    def note(self, text: str) -> None:
        """Print a message on stderr, except with --quiet or --json."""
        if not self._quiet and not self.as_json:
            self._write_note(text)

    def drawing(self, text: str) -> None:
        """Print lines with colors on stderr, without the colors unless it is a terminal."""
        with suppress(OSError), self.suspended():
            draw(text)

    def detail(self, text: str) -> None:
        """Print a message on stderr with --verbose only."""
        if self._verbose:
            self._write_note(text)

    def warn(self, text: str) -> None:
        """Print a warning on stderr, even with --quiet."""
        self._write_note(f"filecli: warning: {text}")

    def warn_once(self, text: str) -> None:
        """Print a warning only the first time."""
        with self._lock:
            is_new = text not in self._warnings
            self._warnings.add(text)
        if is_new:
            self.warn(text)

    def error(self, text: str) -> None:
        """Print an error on stderr."""
        self._write_note(f"filecli: error: {text}")

    def _print(self, *texts: str) -> None:
        if not self.as_json:
            with self.suspended():
                say(*texts)

    def _write_note(self, text: str) -> None:
        # If stderr cannot be written, there is no place to report it.
        with suppress(OSError), self.suspended():
            note(text)


def to_event(name: str, **members: Any) -> dict[str, Any]:
    """Return an event of the NDJSON output."""
    return {"event": name, **members}


def to_error_members(error: CabinetError, code: int) -> dict[str, Any]:
    """Return the members of an event that describe an error."""
    return {"error": error.slug, "message": str(error), "exit_code": code}
