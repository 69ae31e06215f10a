"""Tests that send PostgreSQL no statement which no other test sends: `make test` runs these on SQLite alone.

`python -m tests.support.statement_cover` runs all tests of the mark `database` on PostgreSQL, notes the statements of
each, and writes the list anew. A test that is not in the list runs on both, so a new one needs no line.

Rule: no test with a name of `ORDERED` is listed, because it is about more than its statements, nor one of those in
`PROCESSES`, whose statements are not seen.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

LIST = Path(__file__).with_suffix(".txt")
ROOT = Path(__file__).parents[2]

# Locks, transactions, order, numbers and texts are what databases treat differently.
ORDERED = re.compile(
    r"order|sort|lock|race|concurren|at_once|parallel|simultan|same_time|meanwhile|while|during|wait|transaction"
    r"|snapshot|kill|interrupt|case|collat|natural|number|character|surrogate|longest|maximum|exactly|quota"
    r"|statement|plan|migrat|postgres|cannot|never_fail|in_use|cost|scanned|holder"
)
PROCESSES = (
    "tests/conformance/",
    "tests/http/test_job_processes.py",
    "tests/http/test_database_connections.py",
)
HEAD = "# Made by `python -m tests.support.statement_cover`.\n"

# Values differ from test to test, and so does how many an IN has.
VALUES = re.compile(r"%\(\w+\)s(::[A-Z ]+)?(, %\(\w+\)s(::[A-Z ]+)?)*")
NUMBERED = re.compile(r"_\d+\b")
# Characters of a statement that are compared: a path of many levels makes one of many joins.
COMPARED = 4000


@cache
def repeated() -> frozenset[str]:
    """Return the ids of the listed tests, without parameters."""
    return frozenset(line for line in LIST.read_text().splitlines() if not line.startswith("#"))


def without_parameters(nodeid: str) -> str:
    return nodeid.partition("[")[0]


class Recorder:
    """A plugin of pytest that writes down the statements of each test, with its time."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._file = folder / worker
        self._sent: set[str] = set()
        event.listen(Engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self._sent.add(NUMBERED.sub("", VALUES.sub("?", statement))[:COMPARED])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        self._sent.clear()
        begin = time.perf_counter()
        result = yield
        line = [without_parameters(item.nodeid), time.perf_counter() - begin, sorted(self._sent)]
        with self._file.open("a") as file:
            file.write(json.dumps(line) + "\n")
        return result


def is_about_more(test: str) -> bool:
    """Return whether a test shows more on a database than that it takes the statements."""
    return test.startswith(PROCESSES) or ORDERED.search(test.rpartition("/")[2]) is not None


def needless(statements: Mapping[str, set[str]], seconds: Mapping[str, float]) -> list[str]:
    """Return tests without which the others still send every statement; the quickest for each are kept."""
    kept = {test for test, sent in statements.items() if not sent or is_about_more(test)}
    missing = set().union(*statements.values()) - set().union(*(statements[test] for test in kept))
    while missing:
        others = sorted(statements.keys() - kept)
        best = max(others, key=lambda test: len(statements[test] & missing) / seconds[test])
        kept.add(best)
        missing -= statements[best]
    return sorted(statements.keys() - kept)


def read_records(folder: Path) -> tuple[dict[str, set[str]], dict[str, float]]:
    """Return the statements and the seconds of each test, with all its parameters."""
    statements: dict[str, set[str]] = defaultdict(set)
    seconds: dict[str, float] = defaultdict(float)
    for file in folder.iterdir():
        for line in file.read_text().splitlines():
            test, took, sent = json.loads(line)
            statements[test] |= set(sent)
            seconds[test] += took
    return statements, seconds


def main() -> int:
    """Record, and write the list."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            "2",
            "--database",
            "postgresql",
            "--statements",
            folder,
        ]
        wanted = ["-m", "database and not development and not long"]
        ended = subprocess.run([*command, *wanted], cwd=ROOT, check=False)
        statements, seconds = read_records(Path(folder))
    if ended.returncode == 0:
        LIST.write_text(HEAD + "".join(f"{test}\n" for test in needless(statements, seconds)))
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
