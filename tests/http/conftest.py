"""Clients of the application under test."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.visitors import Browser, Program


@pytest.fixture
def alice(app: Flask) -> Program:
    """Return a registered user's program."""
    return Program(app, "alice")


@pytest.fixture
def bob(app: Flask) -> Program:
    """Return another registered user's program."""
    return Program(app, "bob")


@pytest.fixture
def browser(app: Flask) -> Browser:
    """Return a browser without a session."""
    return Browser(app)


@pytest.fixture
def window(browser: Browser, alice: Program) -> Browser:
    """Return a browser in which alice is signed in."""
    browser.sign_in("alice")
    return browser
