"""filecli beside copyparty's own uploader: very many small files, and one large one.

Rule: both run as a person runs them, with what they do by themselves, against their own server.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from tests.bench import console
from tests.bench.long_line import run_u2c
from tests.bench.measures import alternate
from tests.bench.peers import Cabinet, Peer
from tests.bench.place import MIB
from tests.bench.report import Row
from tests.bench.stage import Stage

COUNT = 10_000
SIZE = 4096

# Processes of Cabinet: what `make serve` starts.
WORKERS = 2

# Times of u2c's time that filecli may take.
MOST_FOR_SMALL = 1 / 3
MOST_FOR_LARGE = 1 / 2


def many(stage: Stage) -> list[Row]:
    """Upload a folder of 10,000 files of 4 KiB, then a file of 1 GiB."""
    count = stage.scaled(COUNT, 100)
    folder = _make_folder(stage.folder / "many", count)
    with stage.fresh_cabinet(WORKERS) as cabinet:
        return [
            _compare(stage, cabinet, f"{count:,} files of 4 KiB", folder, count * SIZE, MOST_FOR_SMALL),
            _compare(
                stage, cabinet, f"one file of {stage.file_size / MIB:.0f} MiB",
                stage.file, stage.file_size, MOST_FOR_LARGE,
            ),
        ]  # fmt: skip


def _make_folder(folder: Path, count: int) -> Path:
    folder.mkdir()
    noise = random.Random(count)
    for number in range(count):
        (folder / f"{number:05}.bin").write_bytes(noise.randbytes(SIZE))
    return folder


def _compare(stage: Stage, cabinet: Cabinet, what: str, source: Path, size: int, most: float) -> Row:
    copyparty = stage.copyparty

    def filecli(number: int) -> None:
        console.upload(cabinet, "-r", str(source), "--to", f"{source.name}-{number}/")

    def u2c(number: int) -> None:
        run_u2c(copyparty, f"{source.name}-{number}/", str(source))

    took = alternate(
        {"filecli": _timed(filecli, cabinet, size), "u2c": _timed(u2c, copyparty, size)}, stage.rounds
    )
    ours, its = took["filecli"], took["u2c"]
    ratio = ours.times(its)
    return Row(
        f"filecli upload, {what}", ours.show("s", 2), f"u2c {its.show('s', 2)}",
        f"{ratio:.2f} times", f"<= {most:.2f} times", ratio <= most,
    )  # fmt: skip


def _timed(send: Callable[[int], None], peer: Peer, size: int) -> Callable[[int], float]:
    """Return what tells the seconds of `send`, once it is sure that the bytes are there."""

    def measure(number: int) -> float:
        started = perf_counter()
        send(number)
        seconds = perf_counter() - started
        # copyparty keeps a few notes beside the files
        if not size <= peer.stored() < size + MIB:
            raise RuntimeError(f"{peer.name} holds {peer.stored()} bytes of {size}")
        peer.empty()
        return seconds

    return measure
