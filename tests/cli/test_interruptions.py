"""Large uploads as processes: killed, interrupted, and during a server restart."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from cabinet.client.transfer.file_upload import LARGE
from cabinet.storage.content_hash import hash_chunks
from tests.cli.test_process import FILECLI
from tests.support.contents import content_of
from tests.support.line import Cut, Line, close_abruptly, line_to
from tests.support.servers import Server, production_command, running
from tests.support.tus import new_account

CONTENT = content_of(LARGE + (9 << 20))

# Bytes on the network: within the second part.
MIDWAY = 11 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a production server for these tests, each of which may restart it."""
    with running(production_command(2), tmp_path_factory.mktemp("server"), {}) as server:
        yield server


@pytest.fixture
def line(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """Return a connection to the server on which filecli is signed in as a new user."""
    person = new_account(server).person
    with line_to(server.port) as line:
        monkeypatch.setenv("FILECLI_SERVER", line.url)
        monkeypatch.setenv("FILECLI_TOKEN", person.headers["Authorization"].removeprefix("Bearer "))
        yield line


@pytest.fixture
def big(workdir: Path) -> Path:
    """Return a large file in the working folder."""
    path = workdir / "big"
    path.write_bytes(CONTENT)
    return path


def start(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [FILECLI, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([FILECLI, *arguments], capture_output=True, check=False, timeout=60)


def end_by(line: Line, signal_number: signal.Signals, *arguments: str) -> tuple[int, str]:
    """Run filecli and send it a signal during the second part; returns its result."""
    started: Future[subprocess.Popen[bytes]] = Future()

    def end() -> None:
        process = started.result(60)
        process.send_signal(signal_number)
        # The connection stays open until filecli has ended.
        process.wait(60)

    line.plan(Cut(MIDWAY, close_abruptly, end))
    started.set_result(start(*arguments))
    _, err = started.result().communicate(timeout=60)
    assert line.was_cut()
    return started.result().returncode, err.decode()


def assert_goes_on(*arguments: str) -> None:
    done = run(*arguments, "-v")
    assert done.returncode == 0, done.stderr
    assert b"HEAD" in done.stderr
    assert b"POST" not in done.stderr
    assert hash_chunks([run("download", "-o", "-", "big").stdout]) == hash_chunks([CONTENT])


def test_a_killed_upload_resumes(line: Line, big: Path) -> None:
    assert end_by(line, signal.SIGKILL, "upload", "big")[0] == -signal.SIGKILL
    assert_goes_on("upload", "big")


def test_ctrl_c_prints_how_to_resume(line: Line, big: Path) -> None:
    code, said = end_by(line, signal.SIGINT, "upload", "big")

    assert code == 130
    # The parts before the one that was cut: how long each is depends on the time that they took.
    told = re.search(r"Interrupted; the server keeps (\d+) bytes of unfinished uploads \(1\)\.", said)
    assert told, said
    assert 0 < int(told[1]) < MIDWAY
    assert "Run the same command again to resume; filecli uploads lists them." in said
    assert_goes_on("upload", "big")


def test_ctrl_c_ends_all_parallel_uploads(line: Line, workdir: Path) -> None:
    for name in ("one", "two", "three"):
        (workdir / name).write_bytes(content_of(LARGE, seed=len(name)))
    code, said = end_by(line, signal.SIGINT, "upload", "one", "two", "three")

    assert code == 130
    assert said.count("\n") == 1
    assert run("upload", "one", "two", "three").returncode == 0


@pytest.mark.parametrize("source", ["big", "-"])
def test_an_upload_survives_a_server_restart(source: str, line: Line, server: Server, big: Path) -> None:
    def restart() -> None:
        server.kill()
        server.start()

    line.plan(Cut(MIDWAY, close_abruptly, restart))
    with start("upload", "-v", source, "--to", "big" if source == "-" else "") as process:
        _, err = process.communicate(CONTENT if source == "-" else b"", timeout=60)

    assert line.was_cut()
    assert process.returncode == 0, err
    assert err.count(b"POST") == 1
    assert hash_chunks([run("download", "-o", "-", "big").stdout]) == hash_chunks([CONTENT])


def test_retries_end_if_the_server_stays_down(line: Line, server: Server, big: Path) -> None:
    line.plan(Cut(MIDWAY, close_abruptly, server.kill))
    done = run("upload", "--retries", "1", "big")

    assert done.returncode == 8
    server.start()
    assert_goes_on("upload", "big")


def test_a_journal_belongs_to_the_file_not_the_working_folder(line: Line, big: Path, tmp_path: Path) -> None:
    end_by(line, signal.SIGKILL, "upload", "big")
    os.chdir(tmp_path)
    assert_goes_on("upload", "desk/big")
