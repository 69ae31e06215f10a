"""Fixtures for mounts: bob, with a folder of alice in his root."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from flask import Flask

from cabinet.extensions import db
from cabinet.services.access.roles import ShareRole
from tests.support.mounts import mount
from tests.support.visitors import Program

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def mounted(app: Flask, alice: Program, bob: Program) -> Program:
    """Return bob, who has alice's folder `work/shared` as `Hers`."""
    alice.put("/files/work/shared/a.txt", b"content")
    alice.put("/files/work/shared/sub/deep.txt", b"deep")
    alice.put("/files/work/secret.txt", b"secret")
    bob.put("/files/own.txt", b"own")
    grant(app, "Hers")
    return bob


def grant(app: Flask, name: str, role: ShareRole = ShareRole.EDITOR, path: str = "work/shared") -> None:
    with app.app_context():
        mount(db.session(), "alice", path, "bob", name, role)


def usage(user: Program) -> int:
    return int(user.get("/me").get_json()["usage"])


def paths_in(answer: Any) -> list[str]:
    return [entry["path"] for entry in answer.get_json()["entries"]]


def described(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}"
        for key, value in {"filename": name, "folder": folder}.items()
    )
