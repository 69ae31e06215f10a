"""Fixtures for backups: the instance, the folder, and the instance to restore to."""

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
    """Change the manifest of a backup."""
    manifest = json.loads((backup / MANIFEST).read_text())
    (backup / MANIFEST).write_text(json.dumps(manifest | members))


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Return the path of the backup."""
    return tmp_path / "backup"


@pytest.fixture
def other(make_app: MakeApp, tmp_path: Path) -> Operator:
    """Return the operator of an empty instance without a running server."""
    with click.Context(click.Command("a command")):
        return Operator(make_app(INSTANCE=tmp_path / "other"))


@pytest.fixture
def store(operator: Operator, tmp_path: Path) -> Callable[..., None]:
    """Return a function that stores files by name and content for the user."""
    folder = tmp_path / "files"

    def import_(**contents: str) -> None:
        folder.mkdir(exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_text(content)
        operator.run("files", "import", USERNAME, folder, "--on-conflict", "replace")

    return import_
