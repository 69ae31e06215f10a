"""Failing disks: full, small, and with I/O errors.

A `Fault` wraps one function of `os` and lets some calls through. A small disk is a tmpfs in a mount namespace of
its own, so that nothing stays mounted.

Rule: only descriptors and paths below the folder of the test fail.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.programs import require_program


class Fault:
    """An error that `os.<function>` raises from call number `after` + 1 on, for paths that `concerns` picks.

    A close that fails has closed nevertheless, as with the real one.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        function: str,
        number: int,
        concerns: Callable[[Path], bool] = lambda path: True,
        after: int = 0,
    ) -> None:
        self.calls = 0
        self._function = function
        self._real = getattr(os, function)
        self._number = number
        self._concerns = concerns
        self._after = after
        monkeypatch.setattr(os, function, self)

    def __call__(self, where: Any, *arguments: Any, **options: Any) -> Any:
        path = Path(f"/proc/self/fd/{where}").readlink() if isinstance(where, int) else Path(where)
        if self._concerns(path):
            self.calls += 1
            if self.calls > self._after:
                if self._function == "close":
                    self._real(where)
                raise OSError(self._number, os.strerror(self._number), str(path))
        return self._real(where, *arguments, **options)


@cache
def _namespace() -> tuple[str, ...]:
    """Return the command that creates a mount namespace: as root, or without privileges where that is allowed."""
    unshare = require_program("unshare")
    for options in (("--mount",), ("--mount", "--user", "--map-root-user")):
        command = (unshare, *options)
        tried = [*command, "mount", "-t", "tmpfs", "none", "/mnt"]
        if subprocess.run(tried, capture_output=True, check=False).returncode == 0:
            return command
    pytest.skip("nobody may mount here; the tests with a `Fault` stand in for the small disks")


def on_small_disks(command: Sequence[str], disks: dict[Path, str]) -> list[str]:
    """Return `command` wrapped so that it finds a tmpfs of the given size (such as "1m") at each folder."""
    mounts = "".join(
        f'mount -t tmpfs -o size={size},mode=700 none "{folder}" && ' for folder, size in disks.items()
    )
    return [*_namespace(), "sh", "-c", mounts + 'exec "$@"', "sh", *command]


def beside(pid: int, command: Sequence[str]) -> list[str]:
    """Return `command` wrapped so that it finds the small disks that the process `pid` has."""
    joins = ["--user", "--preserve-credentials"] if "--user" in _namespace() else []
    return [require_program("nsenter"), f"--target={pid}", "--mount", *joins, *command]


def python(program: str, *arguments: str) -> list[str]:
    """Return the command that runs `program` with these arguments."""
    return [sys.executable, "-c", program, *arguments]
