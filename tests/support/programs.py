"""The external programs of some tests: curl, rclone, strace, Chromium.

Rule: a missing program fails the test, because a skipped test would go unnoticed.
"""

from __future__ import annotations

import shutil

import pytest


def require_program(name: str) -> str:
    """Return the path of the program `name`, or fail the test and say how to get it."""
    path = shutil.which(name)
    if path is None:
        pytest.fail(
            f"{name} is not on this machine; `bash .ci/install-parts test`, or `long`, installs it.",
            pytrace=False,
        )
    return path
