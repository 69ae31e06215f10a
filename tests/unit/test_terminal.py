"""The terminal output: names, sizes, times, streamed JSON, progress bars, streams."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from cabinet.terminal.bars import Bar, Bars
from cabinet.terminal.meter import SilentMeter, count_meter, transfer_meter
from cabinet.terminal.report import OutputError, note, print_array, print_json, say, to_summary
from cabinet.terminal.streams import escape_unencodable, replace_closed_streams
from cabinet.terminal.text import escape_controls, to_count, to_exact_size, to_local_text, to_size
from cabinet.web.formats import exact_size, filesize


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain.txt", "plain.txt"),
        ("Отчёт №5.pdf", "Отчёт №5.pdf"),
        ("👩\u200d👩\u200d👧.png", "👩\u200d👩\u200d👧.png"),
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("a\rb\nc\td", "a\\rb\\nc\\td"),
        ("\x9b31m", "\\x9b31m"),
        ("gnp.\u202etxt", "gnp.\\u202etxt"),
        ("a\u2028b", "a\\u2028b"),
        ("\udcff", "\\udcff"),
    ],
)
def test_control_characters_are_escaped(name: str, shown: str) -> None:
    assert escape_controls(name) == shown


def test_exactly_controls_line_breaks_surrogates_and_bidi_controls_are_escaped() -> None:
    turns = {chr(code) for code in (0x61C, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
    for character in map(chr, range(sys.maxunicode + 1)):
        is_hostile = character in turns or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        assert (escape_controls(character) != character) == is_hostile, hex(ord(character))
        assert not is_hostile or escape_controls(character).isascii()


def test_sizes_have_the_format_of_the_english_pages(app: Flask) -> None:
    @given(st.integers(min_value=0, max_value=2**63) | st.integers(min_value=0, max_value=2 * 10**6))
    @example(0)
    @example(1)
    @example(999)
    @example(1050)
    @example(9950)
    @example(999_499)
    @example(999_500)
    @example(5 << 30)
    @example(1234 * 10**18)
    def are_alike(size: int) -> None:
        assert (to_size(size), to_exact_size(size)) == (filesize(size), exact_size(size))

    with app.test_request_context(headers={"Accept-Language": "en"}):
        are_alike()
    assert (to_size(1), to_size(999_960), to_size(5 << 30)) == ("1 byte", "1 MB", "5.4 GB")


@pytest.mark.parametrize(("count", "shown"), [(0, "0 files"), (1, "1 file"), (1234, "1,234 files")])
def test_a_count_agrees_with_its_noun(count: int, shown: str) -> None:
    assert to_count(count, "file") == shown


def test_a_summary_leaves_out_zero_counts() -> None:
    assert to_summary("Imported", 1, 5, left_out=0, failed=0) == "Imported 1 file, 5 bytes."
    assert (
        to_summary("Uploaded", 2, 6_300_000, " in 1.0 s", left_out=1, failed=2)
        == "Uploaded 2 files, 6.3 MB in 1.0 s. 1 left out. 2 failed."
    )


def test_times_are_shown_in_the_local_zone_if_possible() -> None:
    moment = datetime(2026, 7, 1, 12, 30, 59, tzinfo=UTC)
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))

    assert to_local_text(moment) == moment.astimezone().strftime("%Y-%m-%d %H:%M")
    assert to_local_text(first) == "0001-01-01 00:00"


def test_stdout_and_stderr_are_escaped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say("a\nb", "c")
    note("\x1b]0;owned")

    assert tuple(capsys.readouterr()) == ("a\\nb\nc\n", "\\x1b]0;owned\n")


@pytest.mark.parametrize("head", [{}, {"path": "a"}])
@pytest.mark.parametrize("values", [[], [1], [1, 2, 3]])
def test_a_streamed_array_is_one_json_document(
    values: list[int], head: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    print_array(head, "entries", iter(values))

    assert json.loads(capsys.readouterr().out) == {**head, "entries": values}


def test_unsupported_json_values_are_encoded_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"at": 1j}, encoder=str)
    print_array({"at": 1j}, "all", [2j], str)

    assert capsys.readouterr().out == '{"at": "1j"}\n{"at": "1j", "all": ["2j"]}\n'


@pytest.mark.parametrize(("total", "shown"), [(8, "3/8"), (None, "3 bytes")])
def test_a_progress_bar_shows_progress_and_escapes_labels(total: int | None, shown: str) -> None:
    drawn = io.StringIO()
    with Bar(total, Console(file=drawn, force_terminal=True, width=120)) as bar:
        bar.advance(1)
        with bar.suspended():
            drawn.write("a line")
        bar.advance(2, "[red]\x1b]0;title")
        with bar.suspended():
            pass

    assert shown in drawn.getvalue()
    assert "\x1b]0;title" not in drawn.getvalue()
    assert ("[red]\\x1b]0;title" in drawn.getvalue()) == (total is None)


def test_progress_bars_subtract_unfinished_files() -> None:
    drawn = io.StringIO()
    with Bars(Console(file=drawn, force_terminal=True, width=120)) as bars:
        bars.expect(20, files=2)
        with bars.open("kept") as gauge:
            gauge.begin(10)
            gauge.advance(10)
            gauge.finish()
        with bars.open("[red]\x1b]0;lost") as gauge:
            gauge.begin(10, done=5)
            gauge.advance(1)
            with bars.suspended():
                pass
        with bars.open("last"), bars.suspended():
            pass

    assert "16/20 bytes" in drawn.getvalue()
    assert drawn.getvalue().rindex("10/20 bytes") > drawn.getvalue().rindex("16/20 bytes")
    assert "\x1b]0;lost" not in drawn.getvalue()


@pytest.mark.parametrize(("wanted", "watched"), [(True, False), (False, True)])
def test_no_progress_bar_without_a_terminal_or_if_disabled(
    wanted: bool, watched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.terminal.meter.stderr_is_terminal", lambda: watched)

    for meter in (count_meter(wanted=wanted), transfer_meter(wanted=wanted)):
        assert isinstance(meter, SilentMeter)


def test_unencodable_characters_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "latin-1"))
    escape_unencodable()
    say("Ж")

    assert written.getvalue() == b"\\u0416\n"


def test_writing_to_closed_stdout_fails_and_closed_stdin_is_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    replace_closed_streams()
    streams: Any = sys

    with streams.stdin, streams.stderr:
        assert streams.stdin.read() == ""
        streams.stderr.write("told to nobody")
    for write in (say, print_json, lambda text: print_array({}, text, [])):
        with pytest.raises(OutputError, match="Bad file descriptor"):
            write("lost")


class Unread(io.StringIO):
    """A pipe with a closed reader."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_closed_pipe_is_not_an_output_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Unread())

    with pytest.raises(BrokenPipeError):
        say("a line")
