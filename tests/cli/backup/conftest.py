"""Who makes a backup, where it goes, and who restores it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from cabinet.services.backups.backup_folder import MANIFEST
from tests.conftest import MakeApp
from tests.support.auth import USERNAME
from tests.support.operators import Operator

Store = Callable[..., None]


def change(backup: Path, **members: Any) -> None:
    """Have a backup say something else of itself."""
    manifest = json.loads((backup / MANIFEST).read_text())
    (backup / MANIFEST).write_text(json.dumps(manifest | members))


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Return where the backup goes."""
    return tmp_path / "backup"


@pytest.fixture
def other(make_app: MakeApp, tmp_path: Path) -> Operator:
    """Return the operator of an instance where nothing is yet, and which nobody serves."""
    with click.Context(click.Command("a command")):
        return Operator(make_app(INSTANCE=tmp_path / "other"))


@pytest.fixture
def store(operator: Operator, tmp_path: Path) -> Callable[..., None]:
    """Return what gives the user files, named and filled as the keywords say."""
    folder = tmp_path / "files"

    def import_(**contents: str) -> None:
        folder.mkdir(exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_text(content)
        operator.run("files", "import", USERNAME, folder, "--on-conflict", "replace")

    return import_
