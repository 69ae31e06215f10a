"""Fixtures for links: alice's files, and visitors without an account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.visitors import Program, Sender

FILES = {
    "work/shared/f": b"content",
    "work/shared/d/f": b"deep",
    "work/secret": b"secret",
    "other/f": b"elsewhere",
}
RIGHTS = {
    "view": ["read", "list"],
    "names": ["list"],
    "edit": ["read", "list", "write"],
    "all": ["read", "list", "write", "delete"],
    "drop": ["write"],
}

Share = Callable[..., str]


@pytest.fixture
def owner(alice: Program) -> Program:
    """Return alice, with some files."""
    for path, content in FILES.items():
        assert alice.put(f"/files/{path}", content).status_code == 201
    return alice


@pytest.fixture
def share(owner: Program) -> Share:
    """Return what makes a link to these paths of alice's, and returns its path."""

    def make(*paths: str, **wanted: Any) -> str:
        made = owner.request("POST", "/shares", json={"paths": paths or ["work/shared"], **wanted})
        assert made.status_code == 201, made.text
        return str(made.get_json()["url"]).removeprefix("http://localhost")

    return make


class Visitor(Sender):
    """A program without an account, at an address of its own."""

    def __init__(self, app: Flask, address: str = "198.51.100.1", *, cookies: bool = False) -> None:
        self.client: FlaskClient = app.test_client(use_cookies=cookies)
        self.address = address

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> TestResponse:
        environ = {"REMOTE_ADDR": self.address, **options.pop("environ_overrides", {})}
        sent = {"buffered": True, "environ_overrides": environ, **options}
        return self.client.open(path, method=method, headers=dict(headers or {}), **sent)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Return a visitor without an account."""
    return Visitor(app)
