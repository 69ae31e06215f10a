"""File times, and that transfers keep them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from cabinet.client.times import (
    from_http_date,
    from_rfc3339,
    from_seconds,
    is_same_time,
    to_local_text,
    to_seconds,
)
from tests.cli.conftest import Filecli
from tests.support.contents import content_of

EARLY = 1_234_567_890_123_456_000
FIRST = -62_135_596_800_000_000_000
LAST = 253_402_300_799_999_999_000


@pytest.mark.parametrize(
    ("mtime_ns", "text"),
    [
        (0, "0.000000000"),
        (EARLY, "1234567890.123456000"),
        (-1, "-0.000000001"),
        (-1_500_000_000, "-1.500000000"),
        (FIRST, "-62135596800.000000000"),
        (FIRST - 1, "-62135596800.000000000"),
        (LAST, "253402300799.999999000"),
        (10**21, "253402300799.999999999"),
    ],
)
def test_times_are_sent_exactly_or_clamped(mtime_ns: int, text: str) -> None:
    assert to_seconds(mtime_ns) == text
    assert to_seconds(from_seconds(text)) == text


def test_no_time_is_sent_as_none() -> None:
    assert to_seconds(None) is None


def test_server_times_are_parsed_exactly() -> None:
    assert from_rfc3339("2009-02-13T23:31:30.123456Z") == EARLY
    assert from_rfc3339("0001-01-01T00:00:00Z") == FIRST
    assert from_rfc3339("9999-12-31T23:59:59.999999Z") == LAST
    assert from_http_date("Fri, 13 Feb 2009 23:31:30 GMT") == EARLY // 10**9 * 10**9
    assert from_http_date("Mon, 01 Jan 0001 00:00:00 GMT") == FIRST


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2009-02-13T23:31:30",
        "Fri, 32 Feb 2009 23:31:30 GMT",
        "Fri, 13 Foo 2009 23:31:30 GMT",
        "1e9",
        "--1",
        "1" * 13,
    ],
)
def test_invalid_times_are_none(text: str) -> None:
    assert from_rfc3339(text) is None
    assert from_http_date(text) is None
    assert from_seconds(text) is None


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York", "UTC"])
def test_every_time_can_be_formatted_in_every_zone(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    shown = [to_local_text(text) for text in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")]
    monkeypatch.undo()
    time.tzset()

    assert [text[:4] for text in shown] == ["0001", "9999"]
    assert {len(text) for text in shown} == {len("0001-01-01 00:00")}


def test_times_are_compared_at_the_coarser_resolution() -> None:
    assert is_same_time(EARLY, EARLY + 999)
    assert not is_same_time(EARLY, EARLY + 1000)
    assert is_same_time(EARLY, EARLY // 10**9 * 10**9)
    assert is_same_time(-1500, -2000)
    assert not is_same_time(-1500, -1000)
    assert is_same_time(FIRST - 10**18, FIRST)


@pytest.mark.parametrize("size", [3, 2 << 20, 17 << 20])
def test_times_survive_upload_and_download(size: int, alice: Filecli, workdir: Path) -> None:
    for name in ("folder/one", "folder/two"):
        (workdir / name).parent.mkdir(exist_ok=True)
        (workdir / name).write_bytes(content_of(size))
        os.utime(workdir / name, ns=(EARLY, EARLY))
    assert alice("upload", "-r", "folder").exit_code == 0
    assert alice("download", "folder/one", "-o", "copy").exit_code == 0
    assert alice("download", "-r", "folder", "-o", "all").exit_code == 0

    assert (workdir / "copy").stat().st_mtime_ns == EARLY
    assert (workdir / "all" / "two").stat().st_mtime_ns == EARLY


TIMES = [FIRST, -2_000_000_000_123_456_000, -1_500, -1_000, 0, EARLY, 4_102_444_800_000_001_000, LAST]


@pytest.mark.parametrize("size", [3, 2 << 20, 17 << 20])
def test_sync_keeps_every_time_and_the_next_run_is_empty(
    size: int, alice: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = TIMES if size < 17 << 20 else TIMES[1:2]
    (workdir / "old").mkdir()
    for number, mtime_ns in enumerate(times):
        (workdir / "old" / str(number)).write_bytes(content_of(size))
        os.utime(workdir / "old" / str(number), ns=(mtime_ns, mtime_ns))
    unchanged = f"{len(times)} unchanged"

    assert alice("sync", "old", ":old").exit_code == 0
    assert unchanged in alice("sync", "--delete", "old", ":old").stderr
    assert alice("sync", ":old", "copy").exit_code == 0
    assert unchanged in alice("sync", "--delete", ":old", "copy").stderr
    kept = [mtime_ns // 1000 * 1000 for mtime_ns in times]
    assert [(workdir / "copy" / str(number)).stat().st_mtime_ns for number in range(len(times))] == kept
    assert alice("download", "old/0", "-o", "one").exit_code == 0
    assert (workdir / "one").stat().st_mtime_ns == kept[0]
    listed = alice("ls", "--sort", "modified", "old").stdout.split()
    assert listed == [str(number) for number in range(len(times))]


def test_an_unsupported_time_is_clamped_and_sent_once(alice: Filecli, workdir: Path) -> None:
    (workdir / "old").mkdir()
    (workdir / "old" / "file").touch()
    os.utime(workdir / "old" / "file", ns=(LAST * 2, LAST * 2))

    assert alice("sync", "old", ":old").stdout == "old/file\n"
    assert "1 unchanged" in alice("sync", "old", ":old").stderr


@pytest.mark.parametrize("step", [10**9, 2 * 10**9, 10**7])
def test_a_coarse_file_system_gets_a_file_only_once(
    step: int, alice: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workdir / "old").mkdir()
    for number, mtime_ns in enumerate([-EARLY, EARLY + 10**9, EARLY]):
        (workdir / "old" / str(number)).touch()
        os.utime(workdir / "old" / str(number), ns=(mtime_ns, mtime_ns))
    alice("sync", "old", ":old")
    utime = os.utime

    def keep(path: int, *, ns: tuple[int, int]) -> None:
        """Store times like FAT: from 1980, with a resolution in nanoseconds."""
        held = max(ns[1], 315_532_800 * 10**9) // step * step
        utime(path, ns=(held, held))

    monkeypatch.setattr("os.utime", keep)
    assert "Downloaded 3 files" in alice("sync", ":old", "copy").stderr
    assert "3 unchanged" in alice("sync", "--delete", ":old", "copy").stderr
    (workdir / "copy" / "0").write_text("")
    assert "2 unchanged" in alice("sync", ":old", "copy").stderr
