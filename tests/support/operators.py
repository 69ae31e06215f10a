"""The operator at the console: `flask` commands, in process and as processes.

Rule: a command with an unexpected exit code fails the test, and its output is shown.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import Result
from flask import Flask

from tests.support.auth import PASSWORD, USERNAME
from tests.support.servers import server_environment


class Operator:
    """Runs `flask` commands on an application in process."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def run(self, *words: str | Path, given: str | bytes = "", code: int = 0) -> Result:
        """Run a command with `given` on standard input; it must exit with `code`."""
        arguments = [str(word) for word in words]
        result = self.app.test_cli_runner(catch_exceptions=False).invoke(args=arguments, input=given)
        assert result.exit_code == code, result.output
        return result

    def document(self, *words: str | Path, code: int = 0) -> Any:
        """Run a command that prints one JSON value, and return that."""
        return json.loads(self.run(*words, "--json", code=code).stdout)

    def events(self, *words: str | Path, code: int = 0) -> list[dict[str, Any]]:
        """Run a command that prints a JSON value a line, and return those."""
        return [json.loads(line) for line in self.run(*words, "--json", code=code).stdout.splitlines()]

    def create(self, username: str = USERNAME, password: str = PASSWORD) -> None:
        """Create an account."""
        self.run("users", "create", username, "--password-stdin", given=f"{password}\n")

    def paths(self, username: str = USERNAME) -> list[str]:
        """Return the paths of everything that a user has, folders with a slash at their end."""
        entries = self.document("files", "list", username, "--recursive")["entries"]
        return [entry["path"] + ("/" if entry["kind"] == "folder" else "") for entry in entries]


def flask_command(*words: str | Path) -> list[str]:
    """Return the command line of a real `flask`."""
    return [sys.executable, "-m", "flask", *map(str, words)]


def run_flask(
    folder: Path, *words: str | Path, given: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a real `flask` in `folder`, on the instance folder in it; `environment` is added to its own."""
    return subprocess.run(
        flask_command(*words),
        cwd=folder,
        env={**server_environment(folder / "instance", {}), **(environment or {})},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
