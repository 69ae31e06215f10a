"""filecli compared with copyparty's uploader: very many small files, and one large one.

Rule: both run with their default options, against their own server.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from tests.bench import console
from tests.bench.long_line import run_u2c
from tests.bench.measures import alternate
from tests.bench.peers import Cabinet, Peer
from tests.bench.place import MIB, make_folder, renew
from tests.bench.report import Bars, Row
from tests.bench.stage import Stage

COUNT = 10_000
SIZE = 4096

# Processes of Cabinet: what `make serve` starts.
WORKERS = 2

# How many times faster than u2c filecli is to be.
FOR_SMALL = Bars(5, 8, "times")
FOR_LARGE = Bars(1.45, 1.6, "times")


def many(stage: Stage) -> list[Row]:
    """Upload a folder of 10,000 files of 4 KiB, then a file of 1 GiB."""
    count = stage.scaled(COUNT, 100)

    def folder() -> Path:
        return make_folder(stage.new_folder("many"), count, SIZE)

    def file() -> Path:
        return renew(stage.file)

    small, large = f"{count:,} files of 4 KiB", f"one file of {stage.file_size / MIB:.0f} MiB"
    with stage.fresh_cabinet(WORKERS) as cabinet, stage.fresh_cabinet(WORKERS, "PostgreSQL") as other:
        return [
            *_rows(stage, cabinet, other, small, folder, count * SIZE, FOR_SMALL),
            *_rows(stage, cabinet, other, large, file, stage.file_size, FOR_LARGE),
        ]


def _rows(
    stage: Stage,
    cabinet: Cabinet,
    other: Cabinet,
    what: str,
    source: Callable[[], Path],
    size: int,
    bars: Bars,
) -> list[Row]:
    """Compare uploads of what `source` makes anew; `other` is the same on PostgreSQL."""

    def filecli(server: Cabinet) -> Callable[[int], float]:
        def send(path: Path, number: int) -> None:
            recursive = ["-r"] if path.is_dir() else []
            console.upload(server, *recursive, str(path), "--to", f"{number}/")

        return _timed(send, source, server, size)

    def u2c(path: Path, number: int) -> None:
        run_u2c(stage.copyparty, f"{number}/", str(path))

    took = alternate(
        {
            "SQLite": filecli(cabinet), "PostgreSQL": filecli(other),
            "u2c": _timed(u2c, source, stage.copyparty, size),
        },
        stage.rounds,
    )  # fmt: skip
    ours, on_postgresql, its = took.values()
    faster, what = its.times(ours), f"filecli upload, {what}"
    return [
        bars.row(
            what, ours.show("s", 2), faster, f"u2c {its.show('s', 2)}", f"{faster:.2f} times faster"
        ),
        Row(
            f"{what}, PostgreSQL", on_postgresql.show("s", 2), f"SQLite {ours.show('s', 2)}",
            f"{on_postgresql.times(ours):.2f} times",
        ),
    ]  # fmt: skip


def _timed(
    send: Callable[[Path, int], None], source: Callable[[], Path], peer: Peer, size: int
) -> Callable[[int], float]:
    """Return a function that returns the seconds of `send`, after checking that the bytes are stored."""

    def measure(number: int) -> float:
        path = source()
        started = perf_counter()
        send(path, number)
        seconds = perf_counter() - started
        if path.is_dir():
            shutil.rmtree(path)
        # copyparty keeps a few notes beside the files
        if not size <= peer.stored() < size + MIB:
            raise RuntimeError(f"{peer.name} holds {peer.stored()} bytes of {size}")
        peer.empty()
        return seconds

    return measure
