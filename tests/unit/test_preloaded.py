"""Servers that are forked from a process which has imported the application: as if started by themselves."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support import preloaded
from tests.support.servers import Server, running, server_environment

GUNICORN = [*preloaded.GUNICORN, "--config", "python:cabinet.serving", "--log-level", "info"]
SERVED = "cabinet:create_app()"
ON_A_FREE_PORT = {"BIND": "127.0.0.1:0"}


def test_each_server_has_its_own_settings_folder_and_session(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open").mkdir()
    closed_settings = {**ON_A_FREE_PORT, "REGISTRATION": "closed"}
    form = {"username": "alice", "password": "correct horse battery"}
    with (
        running([*GUNICORN, SERVED], tmp_path / "closed", closed_settings) as closed,
        running([*GUNICORN, SERVED], tmp_path / "open", ON_A_FREE_PORT) as opened,
    ):
        # The address is one of the settings that gunicorn reads while it imports them.
        assert 0 not in {closed.port, opened.port}
        assert closed.request("POST", "/register", fields=form).status == 403
        assert opened.request("POST", "/register", fields=form).status == 201
        for server in (closed, opened):
            assert Path(f"/proc/{server.pid}/cwd").readlink() == server.folder
            assert os.getsid(server.pid) == server.pid != os.getsid(0)
            assert not Path(f"/proc/{server.pid}/fd/0").samefile(server.log)
            assert Path(f"/proc/{server.pid}/fd/2").samefile(server.log)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_exit_code_of_a_server_is_its_own(tmp_path: Path, how: signal.Signals) -> None:
    with running([*GUNICORN, SERVED], tmp_path, ON_A_FREE_PORT) as server:
        assert server.exit_code is None

        server.stop() if how == signal.SIGTERM else server.kill()

        assert server.exit_code == (0 if how == signal.SIGTERM else -signal.SIGKILL)


def test_a_server_that_does_not_start_has_a_log_and_an_exit_code(tmp_path: Path) -> None:
    server = Server([*GUNICORN, "--no-such-argument", SERVED], tmp_path, server_environment(tmp_path, {}))

    with pytest.raises(RuntimeError, match="--no-such-argument"):
        server.start()

    assert server.exit_code == 2


def test_other_programs_are_started_by_themselves(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        process = preloaded.start(["pwd"], tmp_path, dict(os.environ), log.fileno())

    assert isinstance(process, subprocess.Popen)
    assert process.wait() == 0
    assert (tmp_path / "log").read_text().strip() == str(tmp_path)


def test_measurements_start_whole_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preloaded, "_importer", preloaded._Importer())
    with (tmp_path / "log").open("wb") as log:
        process = preloaded.start(
            [*preloaded.GUNICORN, "--version"], tmp_path, dict(os.environ), log.fileno()
        )

    assert isinstance(process, subprocess.Popen)
    assert process.wait() == 0
