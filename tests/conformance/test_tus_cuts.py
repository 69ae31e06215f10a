"""Uploads interrupted at random points by every means complete: the short form, and the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import StartProduction
from tests.support.interruptions import KINDS, Proof
from tests.support.line import line_to
from tests.support.operators import run_flask
from tests.support.tus_clients import CLIENTS


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("rounds", "seed"), [(len(CLIENTS) + 1, 1), pytest.param(200, 2, marks=pytest.mark.long)]
)
def test_no_lost_connection_damages_or_loses_an_upload(
    start_production: StartProduction, tmp_path: Path, rounds: int, seed: int
) -> None:
    server = start_production(workers=2)
    files = tmp_path / "files"
    files.mkdir()

    with line_to(server.port) as line:
        outcome = Proof(server, line, files, seed).run(rounds)

    assert outcome.rounds == rounds
    assert min(outcome.cuts[kind] for kind in KINDS) >= rounds // len(KINDS) // 2, outcome.cuts
    assert set(outcome.clients) == set(CLIENTS)
    verified = run_flask(tmp_path, "storage", "verify", "--deep")
    assert verified.returncode == 0, verified.stdout
