"""Interrupted uploads: how many resume completely, and the duration of the last run.

Rule: a proof first and a measurement second; different bytes end the benchmark with an error.
"""

from __future__ import annotations

from tests.bench.measures import percentile
from tests.bench.report import Row
from tests.bench.stage import Stage
from tests.support.interruptions import KINDS, Proof
from tests.support.line import line_to
from tests.support.servers import production_command, running

ROUNDS = 200
SEED = 3


def cuts(stage: Stage) -> list[Row]:
    """Cut uploads by every client and by every means."""
    folder = stage.folder / "cuts"
    (folder / "files").mkdir(parents=True)
    rounds = stage.scaled(ROUNDS, len(KINDS))
    with running(production_command(2), folder, {}) as server, line_to(server.port) as line:
        outcome = Proof(server, line, folder / "files", SEED).run(rounds)
    cut = ", ".join(f"{kind} {outcome.cuts[kind]}" for kind in KINDS)
    last = f"{percentile(outcome.finishes, 0.5):.2f} s, p99 {percentile(outcome.finishes, 0.99):.2f} s"
    return [
        Row(
            "uploads cut and resumed",
            f"{outcome.rounds} of {rounds} whole",
            f"cuts: {cut}",
            f"last run {last}",
            "all",
            outcome.rounds == rounds,
        )
    ]
