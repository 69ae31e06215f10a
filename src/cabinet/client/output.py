"""What filecli says, and how much of it: the flags of one command, over what `terminal` prints.

Rule: every line of a command passes through its `Output`, which keeps the bars out of its way.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from cabinet.errors import CabinetError
from cabinet.terminal.meter import SilentMeter, TransferMeter, transfer_meter
from cabinet.terminal.report import note, print_array, print_json, say
from cabinet.terminal.streams import escape_unencodable


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
        self._meter: TransferMeter = SilentMeter()
        self._lock = threading.RLock()
        self._warnings: set[str] = set()
        escape_unencodable()

    def meter(self) -> TransferMeter:
        """Return a meter: bars where a person watches stderr, else a silent one."""
        self._meter = transfer_meter(wanted=self._progress)
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
                print_json(*values)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Have the terminal for oneself, to print or to ask."""
        with self._lock, self._meter.suspended():
            yield

    def array(self, head: dict[str, Any], name: str, values: Iterable[Any]) -> None:
        """Print one JSON object: the members of `head`, and `values`, while they come, as `name`."""
        print_array(head, name, values)

    def note(self, text: str) -> None:
        """Tell how it went, on stderr; a quiet command does not."""
        if not self._quiet and not self.as_json:
            self._write_note(text)

    def detail(self, text: str) -> None:
        """Tell, on stderr, what only -v wants to know."""
        if self._verbose:
            self._write_note(text)

    def warn(self, text: str) -> None:
        """Warn on stderr, also of a quiet command."""
        self._write_note(f"filecli: warning: {text}")

    def warn_once(self, text: str) -> None:
        """Warn of what would have to be said again and again."""
        with self._lock:
            is_new = text not in self._warnings
            self._warnings.add(text)
        if is_new:
            self.warn(text)

    def error(self, text: str) -> None:
        """Report an error on stderr."""
        self._write_note(f"filecli: error: {text}")

    def _print(self, *texts: str) -> None:
        if not self.as_json:
            with self.suspended():
                say(*texts)

    def _write_note(self, text: str) -> None:
        # Nobody can be told that nothing can be told.
        with suppress(OSError), self.suspended():
            note(text)


def to_event(name: str, **members: Any) -> dict[str, Any]:
    """Return a line for the NDJSON of a transfer."""
    return {"event": name, **members}


def to_error_members(error: CabinetError, code: int) -> dict[str, Any]:
    """Return what JSON says of an error."""
    return {"error": error.slug, "message": str(error), "exit_code": code}
