"""Many small files, one after the other over one connection.

Rule: each has a name and a content of its own, and Cabinet syncs each before it answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from time import perf_counter

from tests.bench.kept import kept_connection
from tests.bench.measures import Samples, alternate, percentile
from tests.bench.peers import Peer
from tests.bench.report import Row
from tests.bench.stage import Stage

SIZE = 4096

# In one round; together enough that the slowest percent is not a matter of luck.
COUNT = 500


def small(stage: Stage) -> list[Row]:
    """Rate and slowest percent of 4 KiB PUTs."""
    latencies: dict[str, list[float]] = {}
    peers = [stage.cabinet, stage.copyparty, stage.nginx]
    rates = alternate({peer.name: _sender(stage, peer, latencies) for peer in peers}, stage.rounds)
    for peer in peers:
        peer.empty()
    ours = rates["Cabinet"]
    return [
        Row(
            "4 KiB PUTs, one connection",
            _show(ours, latencies["Cabinet"]),
            f"{peer.name} {_show(rates[peer.name], latencies[peer.name])}",
            f"{ours.times(rates[peer.name]):.2f} times",
        )
        for peer in peers[1:]
    ]


def _sender(stage: Stage, peer: Peer, latencies: dict[str, list[float]]) -> Callable[[int], float]:
    count = stage.scaled(COUNT, 20)
    noise = random.Random(peer.name)

    def send(number: int) -> float:
        bodies = [noise.randbytes(SIZE) for _ in range(count)]
        with kept_connection(peer.port, peer.headers) as connection:
            connection.request("PUT", peer.path(f"small/{number}/first"), noise.randbytes(SIZE))
            started = perf_counter()
            latencies.setdefault(peer.name, []).extend(
                connection.request("PUT", peer.path(f"small/{number}/{index}"), body)
                for index, body in enumerate(bodies)
            )
            return count / (perf_counter() - started)

    return send


def _show(rate: Samples, latencies: list[float]) -> str:
    return f"{rate.show('/s')}, p99 {percentile(latencies, 0.99) * 1000:.1f} ms"
