"""Another commit of the checkout, installed to be measured beside the present one.

It is checked out in a git work tree below `build/`, with an environment of its own, and kept for the next run with
the same commit; `make clean` removes it.

Rule: nothing of it is changed, and only its server runs; the measurements are those of the present checkout.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
BUILD = CHECKOUT / "build"

_PREFIX = "base-"

# Written last, so that an aborted installation is begun again.
_STAMP = "made"


@dataclass(frozen=True, slots=True)
class Build:
    """An installed commit: its short name, and the Python that has it."""

    name: str
    python: str


def build(commit: str) -> Build:
    """Install `commit` unless it is there already, and remove what is there of others.

    Raises RuntimeError with the reason if it is unknown or cannot be installed.
    """
    full = _run("git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
    if not full:
        raise RuntimeError(f"there is no commit {commit}")
    folder = BUILD / f"{_PREFIX}{full[:12]}"
    for other in BUILD.glob(f"{_PREFIX}*"):
        if other != folder or not (other / ".venv" / _STAMP).exists():
            shutil.rmtree(other)
    # Also those that `make clean` has removed.
    _run("git", "worktree", "prune")
    if not folder.exists():
        _install(full, folder)
    return Build(full[:7], str(folder / ".venv" / "bin" / "python"))


def _install(commit: str, folder: Path) -> None:
    _run("git", "worktree", "add", "--quiet", "--detach", str(folder), commit)
    environment = folder / ".venv"
    _run(sys.executable, "-m", "venv", str(environment))
    pip = [
        str(environment / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    _run(*pip, "--require-hashes", "--requirement", str(folder / "requirements.lock"))
    _run(*pip, "--no-deps", "--no-build-isolation", "--editable", str(folder))
    (environment / _STAMP).touch()


def _run(*command: str) -> str:
    """Run a command in the checkout and return what it prints."""
    done = subprocess.run(command, cwd=CHECKOUT, check=False, capture_output=True, text=True)
    if done.returncode and done.stderr:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
