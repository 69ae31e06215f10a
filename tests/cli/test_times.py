"""Times of files, and that they come along."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cabinet.client.times import from_http_date, from_rfc3339, is_same_time, to_seconds
from tests.cli.conftest import Filecli
from tests.support.contents import content_of

EARLY = 1_234_567_890_123_456_000


@pytest.mark.parametrize(
    ("mtime_ns", "text"),
    [
        (0, "0.000000000"),
        (EARLY, "1234567890.123456000"),
        (None, None),
        (-1, None),
        (10**21, None),
    ],
)
def test_a_time_is_told_exactly_or_not_at_all(mtime_ns: int | None, text: str | None) -> None:
    assert to_seconds(mtime_ns) == text


def test_times_of_the_server_are_read_exactly() -> None:
    assert from_rfc3339("2009-02-13T23:31:30.123456Z") == EARLY
    assert from_http_date("Fri, 13 Feb 2009 23:31:30 GMT") == EARLY // 10**9 * 10**9


@pytest.mark.parametrize("text", ["", "yesterday", "2009-02-13T23:31:30"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert from_rfc3339(text) is None
    assert from_http_date(text) is None


def test_two_times_agree_as_exactly_as_the_coarser_one_is() -> None:
    assert is_same_time(EARLY, EARLY + 999)
    assert not is_same_time(EARLY, EARLY + 1000)
    assert is_same_time(EARLY, EARLY // 10**9 * 10**9)


@pytest.mark.parametrize("size", [3, 2 << 20, 17 << 20])
def test_a_time_goes_up_and_comes_down(size: int, alice: Filecli, desk: Path) -> None:
    for name in ("folder/one", "folder/two"):
        (desk / name).parent.mkdir(exist_ok=True)
        (desk / name).write_bytes(content_of(size))
        os.utime(desk / name, ns=(EARLY, EARLY))
    assert alice("upload", "-r", "folder").exit_code == 0
    assert alice("download", "folder/one", "-o", "copy").exit_code == 0
    assert alice("download", "-r", "folder", "-o", "all").exit_code == 0

    # The header of a single file tells seconds, a listing all that is known.
    assert (desk / "copy").stat().st_mtime_ns == EARLY // 10**9 * 10**9
    assert (desk / "all" / "two").stat().st_mtime_ns == EARLY
