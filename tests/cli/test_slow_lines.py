"""Uploads over a slow connection with repeated interruptions: each run keeps nearly all that it sent."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from cabinet.client.transfer import batches, pieces, request_size
from cabinet.client.transfer.request_size import FIRST_SIZE, MAX_SIZE, TARGET_SECONDS, RequestSizer
from cabinet.storage.content_hash import hash_chunks
from tests.cli.conftest import Filecli
from tests.cli.test_resuming import methods, stored_hash
from tests.support.contents import content_of
from tests.support.line import Cut, Line, close_abruptly

# Bytes per second, and the seconds after which a run is interrupted.
RATE = 150_000
PATIENCE = 40


@pytest.fixture
def slow(bob: Filecli, line: Line, monkeypatch: pytest.MonkeyPatch) -> Filecli:
    """Run filecli over a connection that is slow by filecli's clock."""
    clock = SimpleNamespace(monotonic=lambda: line.passed() / RATE)
    for module in (batches, request_size, pieces):
        monkeypatch.setattr(module, "time", clock)
    line.plan(None)
    return bob


def runs_until_done(filecli: Filecli, line: Line, *arguments: str) -> int:
    """Repeat a command that is interrupted after a time; return the number of runs."""
    for count in range(1, 20):
        line.plan(Cut(RATE * PATIENCE, close_abruptly))
        done = filecli("upload", "--retries", "0", *arguments)
        if done.exit_code == 0:
            return count
        assert done.exit_code == 8, done.stderr
    raise AssertionError("it never gets on")


def test_a_request_takes_two_seconds_of_throughput() -> None:
    learning = RequestSizer()
    assert learning.bytes == FIRST_SIZE == 256 << 10
    learning.succeeded(FIRST_SIZE, FIRST_SIZE / RATE)
    assert learning.bytes == TARGET_SECONDS * RATE
    learning.succeeded(learning.bytes, 10.0)
    assert learning.bytes == FIRST_SIZE


def test_request_sizes_grow_step_by_step_to_a_maximum() -> None:
    learning = RequestSizer()
    sizes = []
    for _ in range(5):
        learning.succeeded(learning.bytes, 0.001)
        sizes.append(learning.bytes)
    assert sizes == [1 << 20, 4 << 20, 16 << 20, MAX_SIZE, MAX_SIZE]
    assert MAX_SIZE == 64 << 20
    learning.failed()
    assert learning.bytes == FIRST_SIZE


def test_small_requests_do_not_lower_the_size() -> None:
    learning = RequestSizer()
    for _ in range(4):
        learning.succeeded(learning.bytes, 0.01)
    learning.succeeded(1000, 0.2)
    assert learning.bytes == MAX_SIZE
    assert not learning.takes_too_long(15 << 20)


@pytest.mark.parametrize("size", [(20 << 20), (12 << 20) + 5])
def test_a_repeatedly_interrupted_upload_progresses(
    size: int, slow: Filecli, line: Line, workdir: Path
) -> None:
    (workdir / "file").write_bytes(content_of(size))
    runs = runs_until_done(slow, line, "file")

    # Each run may lose its last part, and the bytes needed to measure the connection.
    assert runs <= size // (RATE * (PATIENCE - 8)) + 1
    assert stored_hash(slow, "file") == hash_chunks([content_of(size)])
    assert slow("uploads").stdout == ""


def test_repeatedly_interrupted_small_files_progress(slow: Filecli, line: Line, workdir: Path) -> None:
    (workdir / "many").mkdir()
    for number in range(200):
        (workdir / "many" / f"{number}").write_bytes(content_of(60_000, seed=number))
    line.plan(Cut(RATE * PATIENCE, close_abruptly))
    done = slow("upload", "--retries", "0", "-j", "1", "-r", "many")
    kept = slow("ls", "many").stdout.splitlines()

    assert done.exit_code == 8
    assert len(done.stdout.splitlines()) == len(kept)
    assert len(kept) * 60_000 > RATE * (PATIENCE - 8)


def test_a_slow_file_is_sent_in_parts(slow: Filecli, line: Line, workdir: Path) -> None:
    (workdir / "a").write_bytes(content_of(12 << 20))
    (workdir / "b").write_bytes(content_of(3 << 20))
    done = slow("upload", "-v", "-j", "1", "a", "b")

    assert done.exit_code == 0, done.stderr
    assert methods(done.stderr).count("POST") == 2
    assert "PUT" not in done.stderr
    assert stored_hash(slow, "b") == hash_chunks([content_of(3 << 20)])


def test_a_medium_file_takes_one_request_on_a_fast_connection(bob: Filecli, workdir: Path) -> None:
    (workdir / "a").write_bytes(content_of(12 << 20))
    done = bob("upload", "-v", "a")

    assert [line.split()[0] for line in done.stderr.splitlines() if "http://" in line] == ["PUT"]
