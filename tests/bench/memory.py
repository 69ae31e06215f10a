"""Memory of the server during large transfers, one at a time and eight at once.

Rule: each figure is from a fresh server: the high-water mark of its processes in the kernel, minus the initial use.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench import curl
from tests.bench.peers import Cabinet
from tests.bench.place import GIB, MIB, make_file, room
from tests.bench.processes import family, forget_peaks, peak_resident, resident
from tests.bench.report import Row
from tests.bench.stage import Stage

AT_ONCE = 8

# MiB that transfers may add to what the idle server holds.
MOST = {1: 32, AT_ONCE: 160}


def memory(stage: Stage) -> list[Row]:
    """One upload, one download, eight of each."""
    return [
        _uploads(stage, fitting(stage, copies=2), 1),
        _downloads(stage, fitting(stage, copies=2), 1),
        _uploads(stage, fitting(stage, copies=AT_ONCE + 1), AT_ONCE),
        _downloads(stage, fitting(stage, copies=2), AT_ONCE),
    ]


def fitting(stage: Stage, copies: int) -> int:
    """Return 4 GiB, scaled, or the part of it that there is room for so many times."""
    whole = min(stage.scaled(4 * GIB, MIB), room(stage.folder) // copies)
    return max(MIB, whole // MIB * MIB)


def _uploads(stage: Stage, size: int, count: int) -> Row:
    with fresh_server(stage) as server, _file(stage, size) as file:
        before = held(server)
        curl.wait([_start_upload(server, file, f"{number}.bin") for number in range(count)])
        return _row("upload", size, count, peak(server) - before)


def _downloads(stage: Stage, size: int, count: int) -> Row:
    with fresh_server(stage) as server:
        with _file(stage, size) as file:
            curl.wait([_start_upload(server, file, "file.bin")])
        before = held(server)
        curl.wait([_start_download(server, "file.bin") for _ in range(count)])
        return _row("download", size, count, peak(server) - before)


@contextmanager
def fresh_server(stage: Stage) -> Iterator[Cabinet]:
    """Start a server that has seen one small file and nothing else."""
    with stage.fresh_cabinet() as server:
        curl.wait([_start_upload(server, Path(__file__), "small")])
        curl.wait([_start_download(server, "small")])
        yield server
        server.empty()


@contextmanager
def _file(stage: Stage, size: int) -> Iterator[Path]:
    file = make_file(stage.folder / "memory.bin", size)
    yield file
    file.unlink()


def _start_upload(server: Cabinet, file: Path, name: str) -> subprocess.Popen[str]:
    return curl.start("--upload-file", str(file), server.url(name), headers=server.headers)


def _start_download(server: Cabinet, name: str) -> subprocess.Popen[str]:
    return curl.start(server.url(name), headers=server.headers)


def _processes(server: Cabinet) -> Sequence[int]:
    return family(server.server.pid)


def held(server: Cabinet) -> int:
    """Return the bytes that the server holds now, and let its peak begin there."""
    forget_peaks(_processes(server))
    return resident(_processes(server))


def peak(server: Cabinet) -> int:
    return peak_resident(_processes(server))


def _row(what: str, size: int, count: int, grown: int) -> Row:
    several = f"{count} at once, " if count > 1 else ""
    return Row(
        f"memory, {what} of {several}{size / GIB:.2f} GiB",
        f"{grown / MIB:.1f} MiB over idle",
        at_least=f"<= {MOST[count]} MiB",
        passed=grown <= MOST[count] * MIB,
    )
