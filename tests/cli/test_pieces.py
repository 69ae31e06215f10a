"""A large file in several parallel streams, as with high latency."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from cabinet.client.transfer.parts import Span
from cabinet.client.transfer.resumable import WORTH_CUTTING, cut_spans
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from tests.cli.conftest import Filecli
from tests.cli.test_resuming import methods, notes_in, stored_hash
from tests.support.contents import content_of
from tests.support.line import Cut, Line, close_abruptly

CONTENT = content_of(WORTH_CUTTING + (16 << 20) - 12345)


@pytest.fixture
def long_line(line: Line, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return a connection on which filecli sees a high latency."""
    monkeypatch.setattr("cabinet.client.transfer.resumable.LONG_LINE", 0.0)
    return line


@pytest.fixture
def big(workdir: Path) -> Path:
    """Return a file that is large enough to split."""
    path = workdir / "big"
    path.write_bytes(CONTENT)
    return path


@pytest.mark.parametrize("size", [1, BLOCK_SIZE, 5 * BLOCK_SIZE - 1, 9 * BLOCK_SIZE, 9 * BLOCK_SIZE + 1])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_spans_are_whole_blocks_and_cover_the_file(size: int, count: int) -> None:
    spans = cut_spans(size, count)

    assert len(spans) <= count
    assert spans[0].start == 0
    assert all(one.start + one.length == other.start for one, other in pairwise(spans))
    assert all(span.start % BLOCK_SIZE == 0 for span in spans)
    assert spans[-1] == Span(spans[-1].start, size - spans[-1].start)


def test_a_file_is_sent_in_pieces_and_joined(
    bob: Filecli, long_line: Line, big: Path, tmp_path: Path
) -> None:
    done = bob("upload", "-v", "big", "--to", "in")

    assert done.exit_code == 0, done.stderr
    assert methods(done.stderr).count("POST") == 5
    assert stored_hash(bob, "in/big") == hash_chunks([CONTENT])
    assert notes_in(tmp_path) == []
    assert bob("uploads").stdout == ""


def test_low_latency_or_one_job_uses_one_stream(bob: Filecli, line: Line, big: Path) -> None:
    done = bob("upload", "-v", "-j", "1", "big")

    assert done.exit_code == 0
    assert methods(done.stderr).count("POST") == 1


def test_files_that_use_all_jobs_are_not_split(
    bob: Filecli,
    long_line: Line,
    big: Path,
    workdir: Path,
) -> None:
    (workdir / "other").write_bytes(CONTENT[1:])
    done = bob("upload", "-v", "-j", "2", "big", "other")

    assert done.exit_code == 0
    assert methods(done.stderr).count("POST") == 2


def test_every_piece_resumes(
    bob: Filecli,
    long_line: Line,
    big: Path,
    tmp_path: Path,
) -> None:
    long_line.plan(Cut(20 << 20, close_abruptly))
    assert bob("upload", "--retries", "0", "big").exit_code == 8
    done = bob("upload", "-v", "-j", "1", "big")

    assert done.exit_code == 0, done.stderr
    assert methods(done.stderr).count("HEAD") == 5
    assert methods(done.stderr).count("POST") == 1
    assert stored_hash(bob, "big") == hash_chunks([CONTENT])
    assert notes_in(tmp_path) == []


@pytest.mark.parametrize("retries", ["0", "1"])
def test_a_join_with_a_lost_response_is_found(
    retries: str,
    bob: Filecli,
    long_line: Line,
    big: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    from cabinet.client.wire.tus import Destination, Tus

    join = Tus.join

    def join_and_lose(tus: Tus, ids: list[str], place: Destination, content_hash: str) -> str:
        monkeypatch.setattr(Tus, "join", join)
        long_line.plan(Cut(10, close_abruptly, at_answer=True))
        return join(tus, ids, place, content_hash)

    monkeypatch.setattr(Tus, "join", join_and_lose)
    done = bob("upload", "--retries", retries, "big")

    assert long_line.was_cut()
    assert done.exit_code == (8 if retries == "0" else 0)
    again = bob("upload", "-v", "big")
    assert again.exit_code == 0
    assert ("PATCH" in methods(again.stderr)) == (retries == "1")
    assert notes_in(tmp_path) == []
    assert stored_hash(bob, "big") == hash_chunks([CONTENT])


def test_cancelling_one_piece_cancels_all(bob: Filecli, long_line: Line, big: Path, tmp_path: Path) -> None:
    long_line.plan(Cut(20 << 20, close_abruptly))
    assert bob("upload", "--retries", "0", "big", "--to", "in").exit_code == 8
    listed = [line.split() for line in bob("uploads", "--quiet").stdout.splitlines()]

    assert [line[-1] for line in listed] == ["in/big"] * 4
    assert bob("uploads", "cancel", listed[2][0]).exit_code == 0
    assert bob("uploads").stdout == ""
    assert notes_in(tmp_path) == []
