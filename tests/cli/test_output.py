"""What is said, on which stream, and that no name can steer a terminal."""

from __future__ import annotations

import io
import json
import sys

import pytest

from cabinet.client.failures import LocalMissing
from cabinet.client.output import Output, neutralise, to_size


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
def test_what_could_steer_a_terminal_is_written_out(name: str, shown: str) -> None:
    assert neutralise(name) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_960, "1.0 MB"),
        (5 << 30, "5.4 GB"),
        (2_000 * 10**15, "2000.0 PB"),
    ],
)
def test_sizes_are_shown_as_people_read_them(count: int, shown: str) -> None:
    assert to_size(count) == shown


def test_data_goes_to_stdout_and_the_rest_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(verbose=True)
    output.data("data")
    output.note("note")
    output.detail("detail")
    output.warn("careful")
    output.complain("wrong.")

    said = capsys.readouterr()
    assert said.out == "data\n"
    assert said.err == "note\ndetail\nfilecli: warning: careful\nfilecli: error: wrong.\n"


def test_a_quiet_command_prints_data_warnings_and_errors_only(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(quiet=True)
    output.data("data")
    output.result("result")
    output.note("note")
    output.detail("detail")
    output.warn("careful")
    output.complain("wrong.")

    said = capsys.readouterr()
    assert said.out == "data\n"
    assert said.err == "filecli: warning: careful\nfilecli: error: wrong.\n"


def test_with_json_stdout_holds_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    output.data("data")
    output.result("result")
    output.note("note")
    output.document({"name": "Ж\x1b"})

    said = capsys.readouterr()
    assert json.loads(said.out) == {"name": "Ж\x1b"}
    assert said.out.isascii()
    assert said.err == ""


@pytest.mark.parametrize("head", [{}, {"path": "a"}])
@pytest.mark.parametrize("values", [[], [1], [1, 2, 3]])
def test_an_array_that_comes_piecemeal_is_one_document(
    values: list[int], head: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    Output(as_json=True).array(head, "entries", iter(values))

    assert json.loads(capsys.readouterr().out) == {**head, "entries": values}


def test_an_array_whose_first_value_fails_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(name: str) -> int:
        raise LocalMissing(path=name)

    with pytest.raises(LocalMissing):
        Output(as_json=True).array({"path": "a"}, "entries", map(fail, ["b"]))

    assert capsys.readouterr().out == ""


def test_a_stream_that_cannot_encode_a_name_shows_an_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "latin-1"))
    Output().data("Ж")

    assert written.getvalue() == b"\\u0416\n"
