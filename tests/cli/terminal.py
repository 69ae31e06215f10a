"""Run a program on a pseudo-terminal.

Rule: every wait has an end, and the program does not outlive the test.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import require_program
from tests.support.waiting import PATIENCE, wait_until


class Terminal:
    """The terminal of a program; `seen` is all output so far."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self.seen = ""
        self.process = process
        self._master = master
        self._looked_at = 0

    def expect(self, text: str, *, seconds: float = PATIENCE) -> None:
        """Read until `text` appears after the previously expected text."""
        deadline = time.monotonic() + seconds
        while (found := self.seen.find(text, self._looked_at)) < 0:
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"{text!r} was not shown; this was: {self.seen!r}")
        self._looked_at = found + len(text)

    def type(self, text: str) -> None:
        """Type `text`."""
        os.write(self._master, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C once the program waits for input."""
        wait_until(lambda: is_waiting(self.process.pid), what="a waiting program")
        self.type("\x03")

    def leave(self, *, seconds: float = PATIENCE) -> int:
        """Read until the program ends, and return its exit code."""
        deadline = time.monotonic() + seconds
        while self._read(deadline - time.monotonic()):
            pass
        return self.process.wait(max(0.1, deadline - time.monotonic()))

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, seconds))
        try:
            piece = os.read(self._master, 65536) if ready else b""
        except OSError:  # EIO: the other side is closed
            piece = b""
        self.seen += piece.decode(errors="replace")
        return bool(piece)


def is_waiting(pid: int) -> bool:
    """Return whether a process sleeps in a system call.

    A signal just before that call would not interrupt it: the interpreter only records it.
    """
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("S")


@contextmanager
def in_terminal(command: Sequence[str]) -> Iterator[Terminal]:
    """Run `command` with a new controlling terminal as its three streams."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "24"}
    try:
        process = subprocess.Popen(
            [require_program("setsid"), "--ctty", "--wait", *command],
            stdin=slave, stdout=slave, stderr=slave, env=environment,
        )  # fmt: skip
    finally:
        os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        process.kill()
        process.wait()
        os.close(master)
