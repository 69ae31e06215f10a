"""How much memory the server takes for large transfers, one at a time and eight at once.

Rule: each figure is of a server just started: the high-water mark of its processes, as the kernel
keeps it, less what they held before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.bench import curl
from tests.bench.peers import Cabinet
from tests.bench.place import GIB, MIB, make_file, room
from tests.bench.processes import family, forget_peaks, peak_resident, resident
from tests.bench.report import Row
from tests.bench.stage import Stage

AT_ONCE = 8


def memory(stage: Stage) -> list[Row]:
    """One upload, one download, eight of each."""
    size = _fitting(stage, copies=2)
    rows = [_measure(stage, size, 1, _upload, 32), _measure(stage, size, 1, _download, 32)]
    size = _fitting(stage, copies=AT_ONCE + 1)
    return [
        *rows,
        _measure(stage, size, AT_ONCE, _upload, 160),
        _measure(stage, size, AT_ONCE, _download, 160),
    ]


def _fitting(stage: Stage, copies: int) -> int:
    """Return 4 GiB, scaled, or what the memory has room for."""
    whole = min(stage.scaled(4 * GIB, MIB), room(stage.folder) // copies)
    return max(MIB, whole // MIB * MIB)


def _measure(
    stage: Stage, size: int, count: int, transfer: Callable[[Cabinet, Path, Sequence[str]], None], most: int
) -> Row:
    names = [f"{number}.bin" for number in range(count)]
    file = make_file(stage.folder / "memory.bin", size)
    with stage.fresh_cabinet() as server:
        curl.run("--upload-file", __file__, server.url("first"), headers=server.headers)
        curl.run(server.url("first"), headers=server.headers)
        if transfer is _download:
            # One content under all names, so that it takes its memory only once.
            for name in names:
                curl.run("--upload-file", str(file), server.url(name), headers=server.headers)
        grown = _growth(server, partial(transfer, server, file, names))
        server.empty()
    file.unlink()
    what = "download" if transfer is _download else "upload"
    several = f"{count} at once, " if count > 1 else ""
    return Row(
        f"memory, {what} of {several}{size / GIB:.2f} GiB",
        f"{grown / MIB:.1f} MiB over idle",
        wanted=f"<= {most} MiB",
        passed=grown <= most * MIB,
    )


def _growth(server: Cabinet, transfer: Callable[[], None]) -> int:
    processes = family(server.server.pid)
    forget_peaks(processes)
    before = resident(processes)
    transfer()
    if family(server.server.pid) != processes:
        raise RuntimeError("a process of the server was replaced meanwhile")
    return peak_resident(processes) - before


def _upload(server: Cabinet, file: Path, names: Sequence[str]) -> None:
    send = partial(curl.start, "--upload-file", str(file), headers=server.headers)
    curl.wait([send(server.url(name)) for name in names])


def _download(server: Cabinet, _file: Path, names: Sequence[str]) -> None:
    curl.wait([curl.start(server.url(name), headers=server.headers) for name in names])
