"""Which tests PostgreSQL is spared."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.support.statement_cover import is_about_more, needless, repeated

ROOT = Path(__file__).resolve().parents[2]


def test_every_statement_is_still_sent_by_the_quickest_test() -> None:
    statements = {"t.py::a": {"1", "2"}, "t.py::b": {"1"}, "t.py::c": {"2", "3"}}

    assert needless(statements, {"t.py::a": 1, "t.py::b": 1, "t.py::c": 1}) == ["t.py::b"]
    assert needless(statements, {"t.py::a": 9, "t.py::b": 1, "t.py::c": 1}) == ["t.py::a"]


def test_a_test_of_locks_or_without_known_statements_is_kept() -> None:
    statements = {"t.py::a": {"1"}, "t.py::it_locks": {"1"}, "t.py::processes": set[str]()}

    assert needless(statements, dict.fromkeys(statements, 1)) == ["t.py::a"]


def test_every_listed_test_exists() -> None:
    listed: dict[str, set[str]] = {}
    for each in repeated():
        path, _, test = each.partition("::")
        listed.setdefault(path, set()).add(test.partition("::")[0])

    for path, names in listed.items():
        defined: set[str] = set()
        for node in ast.parse((ROOT / path).read_bytes()).body:
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    defined.add(name)
                # A machine of hypothesis, which has the name that is assigned.
                case ast.Assign(targets=[ast.Name(id=name)]):
                    defined.add(name)
        assert names <= defined, path


def test_no_listed_test_is_about_more_than_its_statements() -> None:
    assert [each for each in repeated() if is_about_more(each)] == []
