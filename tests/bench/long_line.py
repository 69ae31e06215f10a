"""One file over a connection with 100 ms round trip and a loss of one packet in a thousand.

Rule: client and server have separate networks; each congestion control algorithm of the kernel is measured.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from tests.bench import console, curl, peers, tus
from tests.bench.delay_line import FAR, Line, delay_line, obstacle
from tests.bench.measures import Samples, alternate
from tests.bench.peers import Cabinet, Copyparty
from tests.bench.place import MIB, make_file
from tests.bench.report import Row, rate_row
from tests.bench.stage import Stage

RTT = 0.1
LOSS = 0.001

# Bits a second: enough for every sender here, and less than the carrier can do.
RATE = 200e6

# Bytes of the file: one stream that takes each loss for a jam needs a minute for it.
SIZE = 64 * MIB

STREAMS = (4, 8)

MB = 1_000_000

# Those who see a jam in each loss, the first that there is: at this loss both are alike. Then the one
# that measures the line instead.
_KINDS = (("cubic", "reno"), ("bbr",))


def line(stage: Stage) -> list[Row]:
    """Upload by curl, by filecli, by plain tus in one stream and in several, and by copyparty's u2c."""
    reason = obstacle()
    if reason:
        return [Row("a file over a long line", "not measured", reason)]
    programs = stage.copyparty_programs
    file = make_file(stage.folder / "line.bin", stage.scaled(SIZE, 8 * MIB))
    rows = [_capacity(stage)]
    for congestion in _congestion_controls():
        with delay_line(RTT, LOSS, RATE, congestion) as laid:
            rows += _measure(stage, laid, congestion, file, programs)
    file.unlink()
    return rows


def _congestion_controls() -> list[str]:
    """Return what this kernel lets a network of its own choose, of each kind one."""
    allowed = Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control").read_text().split()
    kinds = ([name for name in names if name in allowed] for names in _KINDS)
    return [names[0] for names in kinds if names]


def _capacity(stage: Stage) -> Row:
    """Print the limit of the carrier, so that it is not taken for a program's."""
    with delay_line(0.0, 0.0, congestion=_congestion_controls()[0]) as laid:
        size = stage.scaled(256 * MIB, 16 * MIB) // MIB * MIB
        carried = Samples([laid.carries(size) / 1e6 for _ in range(stage.rounds)])
    return Row(
        "the line itself, no delay, no loss",
        carried.show("Mbit/s"),
        f"used as one of {RATE / 1e6:.0f} Mbit/s",
    )


def _measure(stage: Stage, laid: Line, congestion: str, file: Path, programs: Path) -> list[Row]:
    with (
        laid.at_far_end(),
        peers.cabinet(stage.new_folder("far-cabinet"), FAR) as cabinet,
        peers.copyparty(stage.new_folder("far-copyparty"), programs, FAR) as copyparty,
        laid.at_near_end(),
    ):
        contenders = _contenders(cabinet, copyparty, file)
        rates = alternate(contenders, stage.rounds)
    reference = rates["u2c"]
    what = f"{file.stat().st_size / MIB:.0f} MiB, {RTT * 1000:.0f} ms, {LOSS:.1%} lost, {congestion}"
    return [
        rate_row(f"{what}: {name}", samples, ("u2c", reference), "MB/s", digits=2)
        for name, samples in rates.items()
        if name != "u2c"
    ]


def _contenders(cabinet: Cabinet, copyparty: Copyparty, file: Path) -> dict[str, Callable[[int], float]]:
    def put(number: int) -> None:
        curl.run("--upload-file", str(file), cabinet.url(f"put-{number}"), headers=cabinet.headers)

    def single(number: int) -> None:
        tus.upload(FAR, cabinet.port, cabinet.headers, file, f"tus-{number}", tus.slices(file, tus.no_proof))

    def parallel(streams: int) -> Callable[[int], None]:
        return lambda number: tus.upload_in_parallel(
            FAR, cabinet.port, cabinet.headers, file, f"tus-{streams}-{number}", streams
        )

    def filecli(jobs: int) -> Callable[[int], object]:
        return lambda number: console.upload(cabinet, str(file), "--to", f"{jobs}-{number}/", "-j", str(jobs))

    def u2c(number: int) -> None:
        run_u2c(copyparty, f"u2c-{number}/", str(file))

    tried: dict[str, Callable[[int], object]] = {
        "curl -T": put,
        "filecli -j 1": filecli(1),
        "filecli -j 4": filecli(4),
        "tus, 1 stream": single,
    }
    tried |= {f"tus, {streams} streams": parallel(streams) for streams in STREAMS}
    tried["u2c"] = u2c
    return {name: _timed(send, cabinet, copyparty, file) for name, send in tried.items()}


def run_u2c(copyparty: Copyparty, to: str, *words: str) -> None:
    """Upload by copyparty's own uploader, as it comes."""
    done = subprocess.run(
        [*copyparty.u2c, f"{copyparty.origin}/{to}", *words],
        check=False, capture_output=True, stdin=subprocess.DEVNULL, text=True, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"u2c failed: {done.stdout[-500:]}{done.stderr[-500:]}")


def _timed(
    send: Callable[[int], object], cabinet: Cabinet, copyparty: Copyparty, file: Path
) -> Callable[[int], float]:
    """Return a function that returns the MB/s of `send`, after checking that the bytes are stored."""
    size = file.stat().st_size

    def measure(number: int) -> float:
        started = perf_counter()
        send(number)
        seconds = perf_counter() - started
        stored = cabinet.stored() + copyparty.stored()
        if not size <= stored < size + MIB:  # copyparty keeps a few notes beside the files
            raise RuntimeError(f"{stored} bytes are there of {size}")
        cabinet.empty()
        copyparty.empty()
        return size / seconds / MB

    return measure
