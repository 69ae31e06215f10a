"""Memory and processor use of the processes that the benchmark started.

Rule: processes are identified by their ids, never by name.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in family(int(child)))]


def resident(pids: Sequence[int]) -> int:
    """Return the bytes of memory that processes hold together, counting shared pages in each."""
    return sum(_status(pid, "VmRSS") for pid in pids)


def forget_peaks(pids: Sequence[int]) -> None:
    """Reset the peaks of `peak_resident` to the current values."""
    for pid in pids:
        # 5 resets the high-water mark, by proc(5)
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_resident(pids: Sequence[int]) -> int:
    """Return the most bytes that each process held since `forget_peaks`, summed up."""
    return sum(_status(pid, "VmHWM") for pid in pids)


def _status(pid: int, field: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the seconds of processor that processes have taken so far, together."""
    # utime and stime, by proc(5), counted from what follows the name of the program
    fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in pids)
    return sum(int(user) + int(system) for user, system in fields) / os.sysconf("SC_CLK_TCK")
