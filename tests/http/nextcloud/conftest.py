"""Fixtures for the faces of Nextcloud's apps."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.dav import DavProgram
from tests.support.ocs import OcsProgram
from tests.support.operators import Operator
from tests.support.visitors import Program


@pytest.fixture
def files(app: Flask, alice: Program) -> DavProgram:
    """Return alice's app at its usual address."""
    return DavProgram(app, dict(alice.headers), "/remote.php/dav/files/alice/")


@pytest.fixture
def operator(app: Flask) -> Operator:
    """Return the operator at the console."""
    return Operator(app)


@pytest.fixture
def app_of_alice(alice: Program) -> OcsProgram:
    """Return alice's app; she has a folder and two files."""
    for path in ("folder/inside", "folder/deep/er", "file"):
        alice.put(f"/files/{path}", b"content")
    return OcsProgram(alice)


@pytest.fixture
def app_of_bob(bob: Program) -> OcsProgram:
    """Return bob's app."""
    return OcsProgram(bob)
