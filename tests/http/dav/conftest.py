"""A user's program that speaks WebDAV."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.dav import DavProgram


@pytest.fixture
def drive(app: Flask) -> DavProgram:
    """Return the drive of a registered user."""
    return DavProgram.of(app, "alice")
