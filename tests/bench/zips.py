"""A folder of many files as one zip: speed and memory.

Rule: the files have different contents; where only memory is measured they share one, created by SQL as in
`folders`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.bench import console, curl
from tests.bench.filling import fill
from tests.bench.measures import alternate
from tests.bench.memory import fresh_server, held, peak
from tests.bench.place import MIB, make_file, make_folder
from tests.bench.report import Row
from tests.bench.stage import Stage

COUNT = 10_000
SIZE = 64 * 1024

# MB/s of content.
LEAST = 500

# Files whose archive is to cost no more memory than `MOST` MiB.
MANY = 100_000
MOST = 32

MB = 1_000_000


def zips(stage: Stage) -> list[Row]:
    """Download 10,000 files of 64 KiB as one zip, then 100,000 tiny ones."""
    return [_rate(stage), _memory(stage)]


def _rate(stage: Stage) -> Row:
    count = stage.scaled(COUNT, 100)
    size = count * SIZE
    source = make_folder(stage.folder / "zips", count, SIZE)
    whole = make_file(stage.folder / "zips.bin", size)
    curl.run("--upload-file", str(whole), stage.nginx.url("zips.bin"), headers={})
    whole.unlink()
    with stage.fresh_cabinet() as server:
        console.upload(server, "-r", str(source), "--to", "zips/")
        rates = alternate(
            {
                "Cabinet": _getter(f"{server.origin}/download/zips", server.headers, size),
                "nginx": _getter(stage.nginx.url("zips.bin"), {}, size),
            },
            stage.rounds,
        )
        server.empty()
    stage.nginx.empty()
    ours, its = rates["Cabinet"], rates["nginx"]
    return Row(
        f"zip of {count:,} files of 64 KiB", ours.show("MB/s"), f"nginx, as one file {its.show('MB/s')}",
        f"{ours.times(its):.2f} times", f">= {LEAST} MB/s", ours.median >= LEAST,
    )  # fmt: skip


def _memory(stage: Stage) -> Row:
    count = stage.scaled(MANY, 1000)
    with fresh_server(stage) as server:
        fill(server, "many", (f"{number:07}.txt" for number in range(1, count)))
        before = held(server)
        seconds = curl.run(f"{server.origin}/download/many", headers=server.headers)
        grown = peak(server) - before
    return Row(
        f"memory, zip of {count:,} files", f"{grown / MIB:.1f} MiB over idle, {seconds:.1f} s",
        at_least=f"<= {MOST} MiB", passed=grown <= MOST * MIB,
    )  # fmt: skip


def _getter(address: str, headers: Mapping[str, str], size: int) -> Callable[[int], float]:
    def get(_number: int) -> float:
        return size / curl.run(address, headers=headers) / MB

    return get
