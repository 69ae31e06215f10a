"""Fixtures for grants: alice's files, and bob, who is in a group with her."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from cabinet.extensions import db
from cabinet.models import Kind, Node
from tests.support.operators import Operator
from tests.support.visitors import Program

Grant = Callable[..., dict[str, Any]]

FILES = {
    "work/shared/f": b"content",
    "work/shared/d/g": b"deep",
    "work/secret": b"secret",
    "report.txt": b"first",
}


@pytest.fixture
def operator(app: Flask) -> Operator:
    return Operator(app)


@pytest.fixture
def owner(alice: Program) -> Program:
    """Return alice, with some files."""
    for path, content in FILES.items():
        assert alice.put(f"/files/{path}", content).status_code == 201
    return alice


@pytest.fixture
def friend(owner: Program, bob: Program, operator: Operator) -> Program:
    """Return bob, who is with alice in the group `Sales`."""
    operator.run("groups", "create", "Sales")
    for name in ("alice", "bob"):
        operator.run("groups", "add", "Sales", name)
    return bob


def give(sender: Program, path: str, to: str, role: str = "editor", *, group: bool = False) -> TestResponse:
    """Give a role at a path to a user or a group; return the response, also of a refusal."""
    body = {"kind": "grant", "paths": [path], "to": {"group" if group else "user": to}, "role": role}
    return sender.request("POST", "/shares", json=body)


@pytest.fixture
def grant(owner: Program) -> Grant:
    """Return what gives a role at one of alice's paths, and returns the grant."""

    def make(path: str = "work/shared", to: str = "bob", role: str = "editor", **how: bool) -> dict[str, Any]:
        made = give(owner, path, to, role, **how)
        assert made.status_code == 201, made.text
        document: dict[str, Any] = made.get_json()
        return document

    return make


def received(user: Program) -> list[dict[str, Any]]:
    shares: list[dict[str, Any]] = user.get("/shares/received").get_json()["shares"]
    return shares


def root_of(user: Program) -> list[str]:
    return [entry["name"] for entry in user.get("/files").get_json()["entries"]]


def mounts_in(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).where(Node.kind == Kind.MOUNT)) or 0
