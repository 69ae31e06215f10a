"""Processes that the bench starts, and what they take of the memory.

Rule: a process is ended by its id, by whoever started it; nothing is looked up by name.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import wait_until

HOST = "127.0.0.1"

# Seconds from SIGTERM until a server that still runs is killed.
_GRACE = 10


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def listening(command: Sequence[str], port: int, folder: Path, settings: Mapping[str, str]) -> Iterator[None]:
    """Run a server in `folder` that listens on `port`, with `settings` in its environment."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **settings}, stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until(lambda: _answers(process, port, log), seconds=60, what=f"{command[0]} on its port")
        yield
    finally:
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(process: subprocess.Popen[bytes], port: int, log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')}")
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in family(int(child)))]


def resident(pids: Sequence[int]) -> int:
    """Return the bytes of memory that processes hold together, counting shared pages in each."""
    return sum(_status(pid, "VmRSS") for pid in pids)


def forget_peaks(pids: Sequence[int]) -> None:
    """Let the peaks of `peak_resident` begin at what is held now."""
    for pid in pids:
        # 5 resets the high-water mark, by proc(5)
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_resident(pids: Sequence[int]) -> int:
    """Return the most bytes that each process held since `forget_peaks`, summed up."""
    return sum(_status(pid, "VmHWM") for pid in pids)


def _status(pid: int, field: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))
