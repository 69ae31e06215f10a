"""Small files, one after the other and over several connections, in memory and on a disk.

Rule: each has its own name and content, and Cabinet syncs each before it answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.bench.kept import message_of, send_over
from tests.bench.measures import Samples, alternate, percentile
from tests.bench.peers import Cabinet, Peer
from tests.bench.processes import cpu_seconds, family
from tests.bench.report import Bars, Row
from tests.bench.stage import Stage

SIZE = 4096

# In one round; together enough that the slowest percent is not a matter of luck.
COUNT = 500

# Processes of Cabinet where there are several connections: what `make serve` starts.
WORKERS = 2

# By connections: times of copyparty's rate, and the milliseconds of the slowest percent.
RATES = {1: Bars(0.15, 0.25, "times"), 8: Bars(0.20, 0.30, "times")}
SLOWEST = {8: Bars(60, 30, "ms"), 32: Bars(200, 80, "ms")}

# Times of the rate of 79dc97b, on a disk.
ON_DISK = Bars(1.8, 5, "times")


@dataclass(slots=True)
class Load:
    """What one server got, round by round: files a second, and milliseconds."""

    rates: Samples
    slowest: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def show(self) -> str:
        """Return the rate, the slowest percent and the time of the processor, if known."""
        shown = f"{self.rates.show('/s')}, p99 {Samples(self.slowest).median:.1f} ms"
        return f"{shown}, {Samples(self.processor).median:.2f} ms CPU" if self.processor else shown


def small(stage: Stage) -> list[Row]:
    """Rate and slowest percent of 4 KiB PUTs, in memory."""
    peers = [stage.copyparty, stage.nginx]
    rows = _beside(stage, 1, {"Cabinet": stage.cabinet}, peers)
    with stage.fresh_cabinet(WORKERS) as server, stage.fresh_cabinet(WORKERS, "PostgreSQL") as other:
        for connections in (8, 32):
            cabinets = {"Cabinet": server, "PostgreSQL": other}
            rows += _beside(stage, connections, cabinets, [stage.copyparty])
    for peer in [stage.cabinet, *peers]:
        peer.empty()
    return rows


def _beside(
    stage: Stage, connections: int, cabinets: Mapping[str, Cabinet], peers: Sequence[Peer]
) -> list[Row]:
    found = measure(stage, {**cabinets, **{peer.name: peer for peer in peers}}, connections)
    ours, what = found.pop("Cabinet"), f"4 KiB PUTs, {_several(connections)}"
    rows = []
    for name, its in found.items():
        ratio = ours.rates.times(its.rates)
        shown = ours.show(), f"{name} {its.show()}", f"{ratio:.2f} times"
        bars = RATES.get(connections) if name == stage.copyparty.name else None
        rows.append(bars.row(what, shown[0], ratio, *shown[1:]) if bars else Row(what, *shown))
    if connections in SLOWEST:
        slowest = Samples(ours.slowest)
        bars = SLOWEST[connections]
        rows.append(bars.row(f"{what}, slowest percent", slowest.show("ms", 1), slowest.median))
    return rows


def disk(stage: Stage) -> list[Row]:
    """4 KiB PUTs on a disk, beside another commit if one was given, and beside copyparty."""
    rows = []
    for connections, workers in ((1, 1), (8, WORKERS)):
        with ExitStack() as held:
            ours = held.enter_context(stage.fresh_cabinet(workers, home=stage.disk))
            peers: dict[str, Peer] = {"Cabinet": ours}
            if stage.base is not None:
                before = stage.fresh_cabinet(workers, home=stage.disk, python=stage.base.python)
                peers[stage.base.name] = held.enter_context(before)
            peers[stage.copyparty_on_disk.name] = stage.copyparty_on_disk
            rows += _disk_rows(stage, connections, peers)
    return rows


def _disk_rows(stage: Stage, connections: int, peers: Mapping[str, Peer]) -> list[Row]:
    found = measure(stage, peers, connections)
    ours, what = found.pop("Cabinet"), f"4 KiB PUTs on a disk, {_several(connections)}"
    rows = []
    for name, its in found.items():
        ratio = ours.rates.times(its.rates)
        shown = f"{name} {its.show()}", f"{ratio:.2f} times"
        is_base = stage.base is not None and name == stage.base.name
        rows.append(
            ON_DISK.row(what, ours.show(), ratio, *shown) if is_base else Row(what, ours.show(), *shown)
        )
    return rows


def measure(stage: Stage, peers: Mapping[str, Peer], connections: int) -> dict[str, Load]:
    """Send small files to each of `peers` in turn, over so many connections at once."""
    slowest: dict[str, list[float]] = {name: [] for name in peers}
    processor: dict[str, list[float]] = {name: [] for name in peers}

    def sender(name: str, peer: Peer) -> Callable[[int], float]:
        count = stage.scaled(COUNT, 20)
        noise = random.Random(name)

        def messages(folder: str, count: int) -> list[bytes]:
            return [
                message_of("PUT", peer.path(f"{folder}/{index}"), peer.headers, noise.randbytes(SIZE))
                for index in range(count)
            ]

        def send(number: int) -> float:
            folder = f"small-{connections}-{number}"
            # So that the folder is there, and every thread and process has worked before.
            send_over(peer.port, connections, messages(f"{folder}/first", 2 * connections))
            wanted = messages(folder, count)
            before = _worked(peer)
            seconds, latencies = send_over(peer.port, connections, wanted)
            slowest[name].append(percentile(latencies, 0.99) * 1000)
            if isinstance(peer, Cabinet):
                processor[name].append((_worked(peer) - before) / count * 1000)
            return count / seconds

        return send

    rates = alternate({name: sender(name, peer) for name, peer in peers.items()}, stage.rounds)
    return {name: Load(rates[name], slowest[name], processor[name]) for name in peers}


def _worked(peer: Peer) -> float:
    """Return the seconds of processor that our own server has taken so far; 0 of another."""
    return cpu_seconds(family(peer.server.pid)) if isinstance(peer, Cabinet) else 0.0


def _several(connections: int) -> str:
    return "one connection" if connections == 1 else f"{connections} connections"
