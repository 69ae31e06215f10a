"""Output: streams, --quiet, --json, and escaping."""

from __future__ import annotations

import json

import pytest

from cabinet.client.failures import LocalMissing
from cabinet.client.output import Output


def test_data_goes_to_stdout_and_the_rest_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(verbose=True)
    output.data("data")
    output.note("note")
    output.detail("detail")
    output.warn("careful")
    output.error("wrong.")

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
    output.error("wrong.")

    said = capsys.readouterr()
    assert said.out == "data\n"
    assert said.err == "filecli: warning: careful\nfilecli: error: wrong.\n"


def test_json_output_has_only_json_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    output.data("data")
    output.result("result")
    output.note("note")
    output.document({"name": "Ж\x1b"})

    said = capsys.readouterr()
    assert json.loads(said.out) == {"name": "Ж\x1b"}
    assert said.out.isascii()
    assert said.err == ""


def test_an_array_whose_first_value_fails_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(name: str) -> int:
        raise LocalMissing(path=name)

    with pytest.raises(LocalMissing):
        Output(as_json=True).array({"path": "a"}, "entries", map(fail, ["b"]))

    assert capsys.readouterr().out == ""
