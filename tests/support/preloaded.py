"""Start gunicorn by a fork of a process that has imported the application already.

Importing takes most of the time of a start, and is the same for each. The fork then runs gunicorn with its own
environment, folder, session and log, as `python -m gunicorn` would.

Rule: one such process for each process that tests; it ends with that one, and holds no server back. What is about
the start itself is tested with whole processes.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

GUNICORN = [sys.executable, "-m", "gunicorn"]
ROOT = Path(__file__).parents[2]

# Bytes of a message: the arguments and the environment of a server.
MESSAGE = 1 << 17
NUMBER = struct.Struct("=i")


class Process(Protocol):
    """A started process: what tests use of `subprocess.Popen`."""

    pid: int

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...


class Fork:
    """A server that is a grandchild of the importing process; `told` receives its exit code."""

    def __init__(self, told: socket.socket) -> None:
        self._told = told
        self._returncode: int | None = None
        self.pid = self._receive()

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while the server runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; raises `subprocess.TimeoutExpired`."""
        if self._returncode is None:
            self._told.settimeout(timeout)
            try:
                self._returncode = self._receive()
            except (BlockingIOError, TimeoutError):
                raise subprocess.TimeoutExpired(GUNICORN, timeout or 0) from None
            self._told.close()
        return self._returncode

    def _receive(self) -> int:
        received = self._told.recv(NUMBER.size)
        if not received:
            raise RuntimeError("the process that starts servers has ended")
        return int(NUMBER.unpack(received)[0])


def start(command: Sequence[str], folder: Path, environment: Mapping[str, str], log: int) -> Process:
    """Start a command in `folder` and a new session, with standard output and error into descriptor `log`."""
    is_plain = list(command[:3]) != GUNICORN or "COVERAGE_PROCESS_CONFIG" in environment
    if is_plain or not _importer.is_wanted:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        wanted = json.dumps(
            {"arguments": command[3:], "folder": str(folder), "environment": dict(environment)}
        )
        socket.send_fds(_importing_process(), [wanted.encode()], [log, theirs.fileno()])
    return Fork(ours)


@dataclass
class _Importer:
    """The process that imports: started for the first server, if this process is one that tests."""

    is_wanted: bool = False
    process: subprocess.Popen[bytes] | None = None
    # It takes requests until this is closed.
    requests: socket.socket | None = None


_importer = _Importer()


def begin() -> None:
    """Let servers be forks from now on. What measures servers does not call this."""
    _importer.is_wanted = True


def end() -> None:
    """End the importing process, if it was started; servers that run go on."""
    if _importer.process is not None and _importer.requests is not None:
        _importer.requests.close()
        _importer.process.wait()
    _importer.is_wanted, _importer.process, _importer.requests = False, None, None


def _importing_process() -> socket.socket:
    if _importer.requests is None:
        _importer.requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            _importer.process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.preloaded"],
                cwd=ROOT, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
    return _importer.requests


def _serve() -> None:
    """Fork a process for each request on standard input, which waits for the server and tells how it ended."""
    from cabinet import without_collection

    with without_collection():
        importlib.import_module("gunicorn.app.wsgiapp")
        importlib.import_module("cabinet.serving.fast_import")
        importlib.import_module("cabinet.app")
    gc.freeze()
    # The kernel reaps what is forked here.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=0) as requests:
        while True:
            message, descriptors, _flags, _address = socket.recv_fds(requests, MESSAGE, 2)
            if not message:
                return
            log, told = descriptors
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _watch(json.loads(message), log, told)
            os.close(log)
            os.close(told)


def _watch(wanted: dict[str, Any], log: int, told: int) -> NoReturn:
    pid = os.fork()
    if pid == 0:
        _become_gunicorn(wanted, log, told)
    os.close(log)
    _pid, status = os.waitpid(pid, 0)
    _tell(told, os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become_gunicorn(wanted: dict[str, Any], log: int, told: int) -> NoReturn:
    os.setsid()
    _tell(told, os.getpid())
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, number)
    for descriptor in (nothing, log, told):
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    os.chdir(wanted["folder"])
    sys.path[0] = wanted["folder"]
    # Both read the folder and the environment when they are imported.
    for name in ("gunicorn.config", "cabinet.serving"):
        importlib.reload(sys.modules[name])
    sys.argv = [sys.modules["gunicorn"].__path__[0] + "/__main__.py", *wanted["arguments"]]
    from gunicorn.app.wsgiapp import run

    run(prog="gunicorn")
    sys.exit(0)


def _tell(told: int, number: int) -> None:
    try:
        os.write(told, NUMBER.pack(number))
    except BrokenPipeError:
        return  # the process that tests has ended


if __name__ == "__main__":
    _serve()
