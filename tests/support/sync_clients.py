"""Nextcloud's and ownCloud's own desktop clients, without their windows: each run is one sync of a folder.

Rule: a client keeps its journal in the folder that it syncs, as on a person's machine; each has a home of its own.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.support.auth import PASSWORD
from tests.support.programs import require_program
from tests.support.waiting import PATIENCE

PROGRAMS = ("nextcloudcmd", "owncloudcmd")


class SyncClient:
    """A client of one user with a folder of its own."""

    def __init__(self, program: str, url: str, username: str, place: Path, password: str = PASSWORD) -> None:
        self.folder = place / "files"
        self._home = place / "home"
        for folder in (self.folder, self._home):
            folder.mkdir(parents=True, exist_ok=True)
        self._program = program
        self._url = url
        self._username = username
        self.password = password

    def run(self, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Sync once, and return how it ended, with what it said."""
        with self.start() as process:
            try:
                said, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, said)

    def start(self, said: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """Begin to sync once; what it says on a pipe must be read, or the client waits."""
        home = str(self._home)
        environment = {
            **os.environ,
            "HOME": home,
            "XDG_CONFIG_HOME": home,
            "XDG_DATA_HOME": home,
            "XDG_RUNTIME_DIR": home,
            "QT_QPA_PLATFORM": "offscreen",
            "LC_ALL": "C.UTF-8",
        }
        login = ["--user", self._username, "--password", self.password]
        # The list of what is never synced comes with the windows, which are not needed here.
        excluded = self._home / "excluded"
        excluded.write_text("*~\n")
        options = ["--non-interactive", "--exclude", str(excluded), *login]
        return subprocess.Popen(
            [require_program(self._program), *options, str(self.folder), self._url],
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def sync(self, timeout: float = PATIENCE) -> None:
        """Sync, which must work."""
        done = self.run(timeout)
        assert done.returncode == 0, done.stdout[-6000:]

    def contents(self) -> dict[str, bytes]:
        """Return every file that the person sees, by its path."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and not path.name.startswith((".sync_", "._sync_", ".owncloud", ".nextcloud"))
        }

    def write(self, path: str, content: bytes) -> None:
        """Write a file as a person does."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
