"""The installed filecli as a process: arguments, streams, signals and limits."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Protocol

import pytest

from cabinet import __version__
from cabinet.client.exits import EXIT_CODES
from cabinet.client.transfer.sinks import part_of
from cabinet.client.wire.tokens import TOKEN_PLACES, default_path
from tests.cli.conftest import Filecli
from tests.cli.scripted import Script, content_answer, entry_of, json_answer, page_of
from tests.cli.terminal import is_waiting
from tests.support.auth import PASSWORD, USERNAME
from tests.support.contents import content_of
from tests.support.waiting import wait_until

FILECLI = str(Path(sys.executable).with_name("filecli"))
SERVER_SIDE = {"flask", "werkzeug", "sqlalchemy", "pydantic", "wtforms", "cabinet.app"}

CONTENT = content_of(3 << 20)
HEAD = CONTENT[: 1 << 20]


class Run(Protocol):
    """Run the installed filecli to its end, with `given` on standard input."""

    def __call__(self, *args: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]: ...


@pytest.fixture
def run() -> Run:
    def run(*args: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([FILECLI, *args], input=given, capture_output=True, check=False, timeout=60)

    return run


def modules_after(statement: str) -> set[str]:
    """Return the modules that `statement` imports, except those of coverage measurement."""
    program = (
        "import sys, contextlib, io; before = set(sys.modules)\n"
        f"with contextlib.redirect_stdout(io.StringIO()):\n    {statement}\n"
        "print('\\n'.join(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    return set(done.stdout.split())


def test_help_lists_environment_token_file_and_exit_codes(
    filecli: Filecli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = filecli("--help").stdout
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    places = {place.replace("~", str(tmp_path)) for place in TOKEN_PLACES.values()}
    assert str(default_path()) in places
    for word in ("FILECLI_SERVER", "FILECLI_TOKEN", "XDG_CONFIG_HOME", "https_proxy", *TOKEN_PLACES.values()):
        assert word in told
    for code in {0, 2, 130, *EXIT_CODES.values()}:
        assert re.search(rf"^  {code} +[A-Z]", told, re.MULTILINE)


def test_help_imports_no_server_http_or_progress_bars() -> None:
    loaded = modules_after(
        "from cabinet.client.main import main; sys.argv[1:] = ['--help']\n"
        "    with contextlib.suppress(SystemExit): main()"
    )

    assert "cabinet.client.main" in loaded
    assert not loaded & (
        SERVER_SIDE | {"urllib3", "rich", "segno", "platformdirs", "importlib.metadata", "asyncio", "socket"}
    )


def test_client_and_terminal_import_no_server_modules() -> None:
    loaded = modules_after(
        "import pkgutil, importlib, cabinet.client, cabinet.terminal\n"
        "    for package in (cabinet.client, cabinet.terminal):\n"
        "        for module in pkgutil.walk_packages(package.__path__, f'{package.__name__}.'):\n"
        "            importlib.import_module(module.name)"
    )

    assert {"cabinet.client.transfer.single", "cabinet.terminal.bars", "urllib3", "rich"} <= loaded
    assert not loaded & SERVER_SIDE


def test_it_runs_as_a_module_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cabinet.client.main", "version"], capture_output=True, check=True, text=True
    )

    assert done.stdout.startswith("filecli ")


def test_the_version_is_that_of_the_installed_package(run: Run) -> None:
    assert run("version").stdout == f"filecli {__version__}\n".encode()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["upload", "--help"], 0),
        ([], 2),
        (["frobnicate"], 2),
        (["upload"], 2),
        (["ls", "--retries", "many"], 2),
        (["ls", "--server", "nonsense"], 2),
        (["ls", "--ca-cert", "nowhere"], 2),
        (["ls"], 3),
    ],
)
def test_exit_codes(arguments: list[str], code: int, run: Run) -> None:
    assert run(*arguments).returncode == code


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["frobnicate"], "No such command 'frobnicate'. Hint: See filecli --help.\n"),
        (["upload"], "Missing argument 'PATH...'. Hint: See filecli upload --help.\n"),
        (
            ["ls", "--server", "localhost:5000"],
            (
                "“localhost:5000” is not the address of a server: it does not start with http:// or"
                " https://. Hint: An address looks like http://127.0.0.1:5000.\n"
            ),
        ),
    ],
)
def test_an_error_is_one_line_on_stderr(arguments: list[str], error: str, run: Run) -> None:
    done = run(*arguments)

    assert done.stdout == b""
    assert done.stderr.decode() == f"filecli: error: {error}"


def test_login_upload_and_download_work_as_processes(
    server_url: str, run: Run, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILECLI_SERVER", server_url)
    (workdir / "path" / "to" / "your").mkdir(parents=True)
    (workdir / "path" / "to" / "your" / "file.txt").write_bytes(CONTENT)
    lines = f"{USERNAME}\n{PASSWORD}\n".encode()

    assert run("upload", "path/to/your/file.txt").returncode == 3
    assert run("register", given=lines).returncode == 0
    assert run("login", given=lines).returncode == 0
    assert run("upload", "path/to/your/file.txt").returncode == 0
    assert run("download", "file.txt").returncode == 0
    assert (workdir / "file.txt").read_bytes() == CONTENT
    assert run("download", "file.txt", "-o", "-").stdout == CONTENT
    assert run("upload", "-", "--to", "copy", given=CONTENT).returncode == 0
    assert run("download", "copy", "-o", "-").stdout == CONTENT


def test_ctrl_c_keeps_the_part_and_prints_how_to_resume(
    on_scripted_server: Script, release: threading.Event, run: Run, workdir: Path
) -> None:
    stop_a_download(on_scripted_server, release, workdir, signal.SIGINT)

    on_scripted_server.will(content_answer(CONTENT, len(HEAD)))
    assert run("download", "big").returncode == 0
    assert (workdir / "big").read_bytes() == CONTENT


def test_a_killed_download_resumes(
    on_scripted_server: Script, release: threading.Event, run: Run, workdir: Path
) -> None:
    stop_a_download(on_scripted_server, release, workdir, signal.SIGKILL)

    on_scripted_server.will(content_answer(CONTENT, len(HEAD)))
    assert run("download", "big").returncode == 0
    assert (workdir / "big").read_bytes() == CONTENT


def stop_a_download(script: Script, release: threading.Event, workdir: Path, how: signal.Signals) -> None:
    """Stop a download of CONTENT once HEAD of it has arrived."""
    script.will(content_answer(CONTENT, cut=len(HEAD), until=release))
    part = part_of(workdir / "big")
    with subprocess.Popen(
        [FILECLI, "download", "big"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        wait_until(
            lambda: part.exists() and part.stat().st_size == len(HEAD) and is_waiting(process.pid),
            what="the head of the file, and patience for the rest",
        )
        process.send_signal(how)
        out, err = process.communicate(timeout=60)
    release.set()
    assert out == b""
    assert part.read_bytes() == HEAD
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert err.decode().endswith(
            f"filecli: error: Interrupted; {len(HEAD)} bytes are kept in “big.part”."
            " Hint: Run the same command again to resume.\n"
        )


def test_ctrl_c_ends_all_downloads_and_keeps_their_parts(
    on_scripted_server: Script, release: threading.Event, run: Run, workdir: Path
) -> None:
    names = ("one", "two", "three")
    for name in names:
        on_scripted_server.will_at(f"/download/{name}", content_answer(CONTENT, cut=len(HEAD), until=release))
        on_scripted_server.will_at(f"/download/{name}", content_answer(CONTENT, len(HEAD)))
    with subprocess.Popen([FILECLI, "download", *names], stderr=subprocess.PIPE) as process:
        parts = [part_of(workdir / name) for name in names]
        wait_until(
            lambda: (
                all(part.exists() and part.stat().st_size == len(HEAD) for part in parts)
                and is_waiting(process.pid)
            ),
            what="the heads, and patience for the rest",
        )
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    release.set()

    assert process.returncode == 130
    assert f"Interrupted; {3 * len(HEAD)} bytes are kept in the parts of 3 files." in err.decode()
    assert run("download", *names).returncode == 0
    assert all((workdir / name).read_bytes() == CONTENT for name in names)


def test_ctrl_c_before_the_first_byte_leaves_no_part(
    on_scripted_server: Script, release: threading.Event, workdir: Path
) -> None:
    on_scripted_server.will(content_answer(CONTENT, cut=0, until=release))
    with subprocess.Popen([FILECLI, "download", "big"], stderr=subprocess.PIPE) as process:
        wait_until(
            lambda: on_scripted_server.seen and is_waiting(process.pid),
            what="a request and its sender's patience",
        )
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert b"filecli: error: Interrupted." in err
    assert list(workdir.iterdir()) == []


def test_a_full_disk_keeps_the_part_and_exits_with_6(
    on_scripted_server: Script, run: Run, workdir: Path
) -> None:
    on_scripted_server.will(content_answer(CONTENT))
    limited = ["sh", "-c", 'ulimit -f 2048 && exec "$@"', "sh", FILECLI]  # 2048 blocks of 512 bytes
    done = subprocess.run([*limited, "download", "big"], capture_output=True, check=False, timeout=60)

    assert done.returncode == 6
    assert b"\xe2\x80\x9cbig\xe2\x80\x9d is larger than the file system or a limit allows." in done.stderr
    assert part_of(workdir / "big").read_bytes() == HEAD

    on_scripted_server.will(content_answer(CONTENT, len(HEAD)))
    assert run("download", "big").returncode == 0
    assert (workdir / "big").read_bytes() == CONTENT


def test_a_closed_pipe_on_a_listing_is_silent(on_scripted_server: Script) -> None:
    on_scripted_server.will(page_of(*[entry_of(f"{number:060}", b"") for number in range(5000)]))
    with subprocess.Popen([FILECLI, "ls"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        process.wait(60)

    assert err == b""


def test_a_closed_pipe_on_content_is_silent(on_scripted_server: Script) -> None:
    on_scripted_server.will(content_answer(CONTENT))
    command = [FILECLI, "download", "-o", "-", "big"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(5) == CONTENT[:5]
        process.stdout.close()
        err = process.stderr.read()
        process.wait(60)

    assert err == b""


def test_without_a_terminal_there_are_no_progress_bars(on_scripted_server: Script, run: Run) -> None:
    on_scripted_server.will(content_answer(CONTENT))
    done = run("download", "big")

    assert done.stdout == b"big\n"
    assert done.stderr.startswith(b"Downloaded 1 file, 3.1 MB in ")
    assert b"\x1b" not in done.stderr


def test_a_locale_without_utf_8_works(on_scripted_server: Script, workdir: Path) -> None:
    name = "Отчёт 😀"
    (workdir / name).write_bytes(CONTENT)
    on_scripted_server.will(json_answer(entry_of(name, CONTENT), 201))
    done = subprocess.run(
        [FILECLI, "upload", name],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0
    assert done.stdout == name.encode("latin-1", "backslashreplace") + b"\n"
