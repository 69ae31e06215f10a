"""Any server process that listens on a local port: a proxy, a peer of the benchmark.

Rule: a process is ended by its id, by its starter, never by name.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.waiting import PATIENCE, wait_until

HOST = "127.0.0.1"

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """Return a free port below the ephemeral range.

    An ephemeral port could be taken before it is used, even by the connection that checks whether it is
    in use, which then connects to itself.
    """
    kernels_first = int(_RANGE.read_text().split()[0])
    while True:
        # Not by `random`, which pytest-randomly seeds alike in all processes.
        port = kernels_first // 2 + secrets.randbelow(kernels_first // 2)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


@contextmanager
def listening(
    command: Sequence[str], port: int, folder: Path, settings: Mapping[str, str], host: str = HOST
) -> Iterator[int]:
    """Run a server in `folder` that listens on `port`, with `settings` in its environment; yield its process id."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **settings}, stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until(lambda: _answers(process, host, port, log), what=f"{command[0]} on its port")
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(process: subprocess.Popen[bytes], host: str, port: int, log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')}")
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
