"""Transfers by curl, which uses far less of the machine than any server here.

Rule: a transfer without a 2xx status ends the benchmark; a fast failure is no result.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

# Seconds after which a transfer counts as stuck.
_LIMIT = "300"


def start(*arguments: str, headers: Mapping[str, str], output: str = "/dev/null") -> subprocess.Popen[str]:
    """Start one transfer, whose answer goes to `output`."""
    said = [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
    command = ["curl", "--disable", "--silent", "--show-error", "--fail", "--max-time", _LIMIT]
    return subprocess.Popen(
        [*command, "--output", output, "--write-out", "%{time_total}", *said, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait(transfers: Sequence[subprocess.Popen[str]]) -> float:
    """Return the seconds of the slowest of `transfers`; none of them is left behind."""
    seconds = 0.0
    try:
        for transfer in transfers:
            said, complaint = transfer.communicate()
            if transfer.returncode:
                raise RuntimeError(f"curl failed: {complaint.strip()}")
            seconds = max(seconds, float(said))
        return seconds
    finally:
        for transfer in transfers:
            transfer.kill()
            transfer.wait()


def run(*arguments: str, headers: Mapping[str, str], output: str = "/dev/null") -> float:
    """Make one transfer and return its seconds, as curl counts them."""
    return wait([start(*arguments, headers=headers, output=output)])
