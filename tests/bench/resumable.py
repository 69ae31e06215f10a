"""Resumable uploads: their rate compared with one PUT, their memory, and the cost of abandoned ones.

Rule: both rates come from one minimal client, whose checksums are computed in advance; expiry uses the operator's
command.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import monotonic, perf_counter

from tests.bench import memory, tus
from tests.bench.kept import kept_connection
from tests.bench.measures import Samples, alternate
from tests.bench.peers import Cabinet
from tests.bench.place import GIB, MIB, make_file
from tests.bench.processes import cpu_seconds, family, resident
from tests.bench.report import Row, rate_row
from tests.bench.stage import Stage
from tests.support.listening import HOST
from tests.support.waiting import wait_until

MB = 1_000_000

# Uploads left half-way, and what each has brought.
LEFT = 1000
BROUGHT = MIB // 16

# Requests of one figure.
REQUESTS = 40

# Seconds for which an idle server is watched.
WATCHED = 5.0

# MiB that eight uploads may add to what the idle server holds.
MOST = 160


def rate(stage: Stage) -> list[Row]:
    """Tus in parts of 64 MiB with checksums beside PUT, then the memory of eight at once."""
    checked = tus.slices(stage.file, tus.by_checksum)
    proven = tus.slices(stage.file, tus.by_content_hash)
    server = stage.cabinet

    def put(number: int) -> None:
        with closing(tus.Tus(HOST, server.port, server.headers)) as client:
            client.put(server.path(f"put-{number}.bin"), stage.file)

    def resumable(parts: list[tus.Slice]) -> Callable[[int], None]:
        return lambda number: tus.upload(
            HOST, server.port, server.headers, stage.file, f"tus-{number}.bin", parts
        )

    rates = alternate(
        {
            "PUT": _rate(stage, put),
            "content hash": _rate(stage, resumable(proven)),
            "SHA-256": _rate(stage, resumable(checked)),
        },
        stage.rounds,
    )
    what = f"tus {stage.file_size / MIB:.0f} MiB, parts of {tus.PART / MIB:.0f} MiB with "
    return [
        *(
            rate_row(what + name, rates[name], ("PUT", rates["PUT"]), "MB/s", 0.8)
            for name in ("content hash", "SHA-256")
        ),
        _memory(stage),
    ]


def _rate(stage: Stage, send: Callable[[int], None]) -> Callable[[int], float]:
    def measure(number: int) -> float:
        started = perf_counter()
        send(number)
        seconds = perf_counter() - started
        if stage.cabinet.stored() != stage.file_size:
            raise RuntimeError(f"{stage.cabinet.stored()} bytes are stored of {stage.file_size}")
        stage.cabinet.empty()
        return stage.file_size / seconds / MB

    return measure


def _memory(stage: Stage) -> Row:
    size = memory.fitting(stage, copies=memory.AT_ONCE + 1)
    with memory.fresh_server(stage) as server:
        file = make_file(stage.folder / "memory.bin", size)
        parts = tus.slices(file, tus.by_checksum)
        before = memory.held(server)
        with ThreadPoolExecutor(memory.AT_ONCE) as crew:
            sent = [
                crew.submit(tus.upload, HOST, server.port, server.headers, file, f"{number}.bin", parts)
                for number in range(memory.AT_ONCE)
            ]
            for upload in sent:
                upload.result()
        grown = memory.peak(server) - before
        file.unlink()
    return Row(
        f"memory, tus upload of {memory.AT_ONCE} at once, {size / GIB:.2f} GiB",
        f"{grown / MIB:.1f} MiB over idle",
        at_least=f"<= {MOST} MiB",
        passed=grown <= MOST * MIB,
    )


def halfway(stage: Stage) -> list[Row]:
    """Observe a server with abandoned uploads, and what is left once they expire."""
    count = stage.scaled(LEFT, 20)
    with stage.fresh_cabinet() as server:
        with kept_connection(server.port, server.headers) as connection:
            connection.request("PUT", server.path("one"), b"content")
        before = _costs(server)
        _leave(stage, server, count)
        after = _costs(server)
        ended = _expire(server)
        left = _staged(server)
    what = f"{count} uploads left half-way"
    names = {"processor": "ms/s", "memory": "MiB", "GET /files": "ms", "GET /healthz": "ms"}
    rows = [
        Row(f"{what}: {name}", f"{after[name]:.1f} {unit}", f"without {before[name]:.1f} {unit}")
        for name, unit in names.items()
    ]
    expired = Row(
        f"{what}: after their expiry",
        f"{len(left)} files, {sum(left)} bytes in staging",
        f"flask uploads expire {ended:.1f} s",
        at_least="none",
        passed=not left,
    )
    return [*rows, expired]


def _leave(stage: Stage, server: Cabinet, count: int) -> None:
    file = make_file(stage.folder / "left.bin", BROUGHT)
    with closing(tus.Tus(HOST, server.port, server.headers)) as client:
        for number in range(count):
            client.send(client.begin(GIB, f"left-{number}.bin"), file, [tus.Slice(0, BROUGHT)])
    file.unlink()
    staged = _staged(server)
    if sum(staged) < count * BROUGHT:
        raise RuntimeError(f"{sum(staged)} bytes are staged of {count * BROUGHT}")


def _costs(server: Cabinet) -> dict[str, float]:
    """Return what the idle server takes, and what it takes to ask it."""
    pids = family(server.server.pid)
    worked, until = cpu_seconds(pids), monotonic() + WATCHED
    wait_until(lambda: monotonic() >= until, what="the end of the watch")
    idle = (cpu_seconds(pids) - worked) / WATCHED * 1000
    with kept_connection(server.port, {**server.headers, "Accept": "application/json"}) as connection:
        asked = {
            f"GET {path}": Samples([connection.request("GET", path) for _ in range(REQUESTS)]).median * 1000
            for path in ("/files", "/healthz")
        }
    return {"processor": idle, "memory": resident(pids) / MIB, **asked}


def _expire(server: Cabinet) -> float:
    """Let every upload have expired, end them as an operator does, and return the seconds."""
    with (
        closing(sqlite3.connect(server.server.folder / "instance" / "cabinet.db", timeout=30)) as connected,
        connected,
    ):
        connected.execute("UPDATE upload SET expires_at = '2000-01-01 00:00:00.000000'")
    started = perf_counter()
    subprocess.run(
        [sys.executable, "-m", "flask", "uploads", "expire"],
        env={**os.environ, **server.server.environment}, cwd=server.server.folder,
        check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return perf_counter() - started


def _staged(server: Cabinet) -> list[int]:
    """Return the sizes of the files in staging."""
    staging: Path = server.server.folder / "instance" / "staging"
    return [path.stat().st_size for path in staging.rglob("*") if path.is_file()]
