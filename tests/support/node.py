"""tus-js-client in node, the client of browsers and phones, installed once for all tests.

The packages come from npm's registry, in the versions and with the hashes of the lock file, and are kept beside
the Python packages in .venv. The first process installs them; others wait meanwhile.

Rule: a client that cannot be installed fails the test, because a skipped test would go unnoticed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.support.programs import require_program

HERE = Path(__file__).parents[1] / "conformance" / "node"
CLIENT = HERE / "tus_client.cjs"

_NAMES = ("package.json", "package-lock.json", ".npmrc")


@cache
def node_command() -> list[str]:
    """Return the command that runs the client, which then takes one JSON argument."""
    return ["/usr/bin/env", f"NODE_PATH={_modules()}", require_program("node"), str(CLIENT)]


def _modules() -> Path:
    """Return the folder of the installed packages; another lock file has another folder."""
    locked = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = Path(sys.prefix) / "node" / locked
    modules = folder / "node_modules"
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not modules.exists():
            _install(folder)
    return modules


def _install(folder: Path) -> None:
    draft = folder.with_name(f"{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    for name in _NAMES:
        shutil.copy(HERE / name, draft)
    command = [require_program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(command, cwd=draft, check=False, capture_output=True, text=True)
    if done.returncode:
        # What npm says may name the registry, which is this machine's own affair.
        pytest.fail(f"npm cannot install tus-js-client; run `npm ci` in {HERE} to see why.", pytrace=False)
    os.replace(draft, folder)
