"""The node tests of scripts: each file of tests/frontend is one test here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cabinet import create_app
from tests.support.frontend import TESTS, node_command, write_known


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the tests compare with."""
    folder = tmp_path_factory.mktemp("frontend")
    write_known(folder, create_app({"INSTANCE": folder / "instance"}))
    return folder


def run_node(test: Path, known: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "FRONTEND_DATA": str(known)}
    return subprocess.run(
        node_command(test), env=environment, capture_output=True, text=True, check=False, timeout=100
    )


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name.removesuffix(".test.js"))
def test_script_tests_pass(path: Path, known: Path) -> None:
    done = run_node(path, known)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 0" not in done.stdout


def test_a_failing_script_test_is_detected(known: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.test.mjs"
    wrong.write_text(
        'import { it } from "node:test";\nit("fails", () => { throw new Error("on purpose"); });\n'
    )

    done = run_node(wrong, known)

    assert done.returncode != 0
    assert "on purpose" in done.stdout
