"""Real server processes: gunicorn as in `make serve`, and Flask's own as in `make run`.

Rule: a server listens on a free port of 127.0.0.1, belongs to one test, and is ended by its process group; its log
is a file, shown when it does not start.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.support import database_under_test, preloaded
from tests.support.database_under_test import with_database
from tests.support.raw_http import RawConnection, raw_connection
from tests.support.waiting import PATIENCE, wait_until

# Both servers print their address; with port 0 the kernel chooses a free one, so tests do not collide.
_LISTENING = re.compile(r"(?:Listening at:|Running on) http://127\.0\.0\.1:(\d+)")

# The least that bcrypt accepts; no sweep in the background of a test that did not ask for one; a user for
# each of many tests that share a server.
FAST = {"BCRYPT_LOG_ROUNDS": 4, "SWEEP_EVERY_SECONDS": 0, "REGISTRATIONS_PER_MINUTE": 0}


def server_environment(
    instance: Path, settings: Mapping[str, Any], defaults: Mapping[str, Any] = FAST
) -> dict[str, str]:
    """Return the environment of a process that serves `instance` with `settings`, and with no others.

    `defaults` are those of tests, which an older release may not know.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CABINET_", "FLASK_", "GUNICORN_"))
    }
    chosen = with_database({**defaults, **settings, "INSTANCE": str(instance)})
    texts = {
        f"CABINET_{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in chosen.items()
    }
    return {**inherited, **texts, "FLASK_APP": "cabinet:create_app", "FLASK_SKIP_DOTENV": "1"}


class Server:
    """A server on an instance folder. Stopped or killed, it can be started again on the same port."""

    host = "127.0.0.1"

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.command = list(command)
        self.folder = folder
        self.environment = dict(environment)
        self.log = folder / "server.log"
        self.port = 0
        self._process: preloaded.Process | None = None
        self._pool: urllib3.HTTPConnectionPool | None = None

    @property
    def url(self) -> str:
        """The address of the server, without a slash at its end."""
        return f"http://{self.host}:{self.port}"

    @property
    def database_url(self) -> str:
        """The URL of its database, for direct access."""
        file = f"sqlite:///{self.environment['CABINET_INSTANCE']}/cabinet.db"
        return self.environment.get("CABINET_DATABASE_URL", file)

    @property
    def pid(self) -> int:
        """The process that was started: gunicorn's arbiter, or the Flask server itself."""
        return self._running().pid

    @property
    def workers(self) -> list[int]:
        """The processes that serve, children of the arbiter."""
        return children(self.pid)

    @property
    def exit_code(self) -> int | None:
        """What the process that was started ended with; None while it runs."""
        return self._running().poll()

    def send_signal(self, what: signal.Signals) -> None:
        """Send the process that was started a signal, and wait for nothing."""
        os.kill(self.pid, what)

    def start(self, *, seconds: float = PATIENCE) -> None:
        """Start, and return once /healthz answers; `seconds` until the server listens."""
        begins_at = self.log.stat().st_size if self.log.exists() else 0
        self.spawn()
        self.port = wait_until(
            lambda: self._announced_port(begins_at), seconds=seconds, what="a listening server"
        )
        self._pool = urllib3.HTTPConnectionPool(
            self.host, self.port, maxsize=8, timeout=PATIENCE, retries=False
        )
        wait_until(self._is_healthy, what="a healthy server")

    def spawn(self) -> None:
        """Start the process and wait for nothing, for it may be one that listens nowhere."""
        command = [word.format(port=self.port) for word in self.command]
        with self.log.open("ab") as log:
            self._process = preloaded.start(command, self.folder, self.environment, log.fileno())

    def stop(self) -> None:
        """End the server as an operator does, and wait for it."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server and its workers as a power cut does: nothing is finished, nothing cleaned up."""
        self._end(signal.SIGKILL)

    def request(self, method: str, target: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """Send one request, by `urllib3.HTTPConnectionPool.request` without redirects and retries."""
        assert self._pool is not None
        return self._pool.request(method, target, redirect=False, **options)

    @contextmanager
    def raw(self) -> Iterator[RawConnection]:
        """Open a bare connection to the server."""
        with raw_connection(self.host, self.port) as connection:
            yield connection

    def log_text(self) -> str:
        """Return what the server has written so far, over all its starts."""
        return self.log.read_text(errors="replace")

    def _running(self) -> preloaded.Process:
        if self._process is None:
            raise RuntimeError("this server was never started")
        return self._process

    def _announced_port(self, begins_at: int) -> int | None:
        written = self.log.read_bytes()[begins_at:].decode(errors="replace")
        if self._running().poll() is not None:
            raise RuntimeError(f"the server did not start:\n{written}")
        announced = _LISTENING.search(written)
        return int(announced[1]) if announced else None

    def _is_healthy(self) -> bool:
        if self._running().poll() is not None:
            raise RuntimeError(f"the server did not start:\n{self.log_text()}")
        try:
            return self.request("GET", "/healthz").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def _end(self, how: signal.Signals) -> None:
        if self._pool is not None:
            self._pool.close()
        process = self._running()
        if process.poll() is None:
            # SIGTERM goes to the arbiter, which ends its workers. A kill must reach all of them.
            os.kill(process.pid, how) if how == signal.SIGTERM else os.killpg(process.pid, how)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def children(pid: int) -> list[int]:
    """Return the processes that process `pid` has started and that still run."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def production_command(workers: int, *arguments: str, config: str = "python:cabinet.serving") -> list[str]:
    """Return gunicorn's command line as the Makefile has it, on a port that is chosen at the start.

    `config` is a file that imports those settings and changes some.
    """
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", config]
    listening = ["--bind", "127.0.0.1:{port}", "--workers", str(workers), "--log-level", "info"]
    return [*gunicorn, *listening, *arguments, "cabinet:create_app()"]


def development_command() -> list[str]:
    """Return the command line of `make run`, on a free port."""
    return [sys.executable, "-m", "flask", "run", "--host", "127.0.0.1", "--port", "{port}"]


# Parameters: gunicorn for every test, and the server of `make run` for the long ones, which repeat all of them.
EITHER_SERVER = ["gunicorn", pytest.param("flask run", marks=pytest.mark.development)]


@contextmanager
def running(
    command: Sequence[str], folder: Path, settings: Mapping[str, Any], defaults: Mapping[str, Any] = FAST
) -> Iterator[Server]:
    """Run a server on `folder`/instance for as long as the context lasts."""
    if "DATABASE_URL" not in settings:
        database_under_test.start_migrated(folder / "instance")
    server = Server(command, folder, server_environment(folder / "instance", settings, defaults))
    try:
        server.start()
        yield server
    finally:
        server.kill() if sys.exc_info()[0] else server.stop()
