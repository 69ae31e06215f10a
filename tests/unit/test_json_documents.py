"""The JSON of responses is what the standard library writes, to the byte."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum

import pytest
from flask import Flask, jsonify
from markupsafe import Markup

from cabinet.web.json_documents import JsonDocuments


class Color(StrEnum):
    RED = "red"


DOCUMENTS = {
    "empty": {},
    "order of keys": {"b": 1, "a": 2},
    "control characters": "".join(map(chr, range(0x20))) + "\x7f\x80\u2028",
    "quotes": "\"\\/'<>&",
    "scripts": "ё й 한 \U0001f600 é",
    "numbers": [0, -1, 2**63, 10**30, 0.1, 1e22, -0.0, 1.0],
    "constants": [True, False, None],
    "enumeration": {Color.RED: Color.RED},
    "markup": Markup("<b>&amp;</b>"),
    "keys": {1: "a", "": "b"},
    "tuple": ({"path": "a/b"},),
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_documents_are_those_of_the_standard_library(document: object) -> None:
    expected = json.dumps(document, ensure_ascii=False, separators=(",", ":"))

    assert _sent(document) == f"{expected}\n"


def test_documents_are_indented_for_debugging() -> None:
    assert _sent({"a": [1]}, debug=True) == '{\n  "a": [\n    1\n  ]\n}\n'


TIMES = {
    "0001-01-01T00:00:00Z": datetime(1, 1, 1, tzinfo=UTC),
    "1969-12-31T23:59:59.500000Z": datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC),
    "2026-05-04T03:02:01.000100Z": datetime(2026, 5, 4, 3, 2, 1, 100, tzinfo=UTC),
    "9999-12-31T23:59:59.999999Z": datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
}


@pytest.mark.parametrize("debug", [False, True], ids=["compact", "for debugging"])
def test_times_are_those_of_rfc_3339(*, debug: bool) -> None:
    assert json.loads(_sent(list(TIMES.values()), debug=debug)) == list(TIMES)


def _sent(document: object, *, debug: bool = False) -> str:
    app = Flask(__name__)
    app.debug = debug
    app.json = JsonDocuments(app)
    with app.app_context():
        return jsonify(document).get_data(as_text=True)
