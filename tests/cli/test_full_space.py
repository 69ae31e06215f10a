"""Repeated uploads to a full space."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from tests.cli.conftest import Filecli
from tests.conftest import MakeApp
from tests.support.contents import content_of

SMALL, LARGE = 1000, 20 << 20


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """Return an application with a quota for three small files, a large one and a few bytes."""
    return make_app(USER_QUOTA=3 * SMALL + LARGE + 10)


@pytest.fixture
def full(alice: Filecli, workdir: Path) -> Filecli:
    """Run filecli as a user without free space."""
    (workdir / "box").mkdir()
    for number in range(3):
        (workdir / "box" / str(number)).write_bytes(content_of(SMALL, seed=number))
    (workdir / "large").write_bytes(content_of(LARGE, seed=9))
    assert alice("upload", "-r", "box", "large").exit_code == 0
    return alice


@pytest.mark.parametrize("options", [[], ["--on-conflict", "replace"], ["-j", "4"]], ids=str)
def test_unchanged_files_upload_to_a_full_space(full: Filecli, workdir: Path, options: list[str]) -> None:
    for what in (["box/0", "--to", "box/"], ["-r", "box"], ["large"]):
        done = full("upload", *options, *what)
        assert (done.exit_code, done.stderr.count("error")) == (0, 0), done.stderr

    (workdir / "box" / "0").write_bytes(b"x" * SMALL)
    refused = full("upload", "--on-conflict", "replace", "box/0", "--to", "box/")
    assert refused.exit_code == 6
    assert "Hint: Use filecli trash empty or filecli versions rm." in refused.stderr
    assert full("versions", "box/0", "-q").stdout.count("\n") == 1
