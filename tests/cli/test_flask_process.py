"""`flask` in real processes and on a real terminal."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import FlaskGroup

from cabinet import __version__, commands
from cabinet.__main__ import main
from tests.cli.terminal import in_terminal
from tests.conftest import MakeApp
from tests.support.auth import PASSWORD, USERNAME, AuthActions
from tests.support.database_under_test import start_migrated
from tests.support.operators import Operator, flask_command, run_flask
from tests.support.servers import server_environment

GROUPS = ("users", "groups", "spaces", "files", "shares", "storage", "uploads", "backup", "jobs")


def iter_commands(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    """Yield the arguments of each group and of each of its commands."""
    yield above
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from iter_commands(command, *above, name)
        else:
            yield (*above, name)


@pytest.fixture
def in_process(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> FlaskGroup:
    """Return `flask` itself, which loads the application only when a command needs it."""
    monkeypatch.setenv("FLASK_SKIP_DOTENV", "1")
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")  # the group sets it and does not reset it
    return FlaskGroup(create_app=make_app)


@pytest.mark.usefixtures("first_start")
def test_help_of_every_command_changes_nothing(in_process: FlaskGroup, tmp_path: Path, app: Flask) -> None:
    instance = tmp_path / "instance"
    own = [words for words in iter_commands(app.cli) if words and words[0] in GROUPS]
    for kept in sorted(instance.rglob("*"), reverse=True):
        kept.rmdir() if kept.is_dir() else kept.unlink()
    instance.rmdir()
    helps = [CliRunner(catch_exceptions=False).invoke(in_process, [*words, "--help"]) for words in own]

    assert len(own) == len(GROUPS) + 41
    assert [told.exit_code for told in helps] == [0] * len(own)
    assert [words for words, told in zip(own, helps, strict=True) if "\n  " not in told.stdout] == []
    assert not instance.exists()


@pytest.mark.usefixtures("first_start")
def test_a_command_creates_a_missing_instance(in_process: FlaskGroup, tmp_path: Path) -> None:
    told = CliRunner(catch_exceptions=False).invoke(in_process, ["users", "list"])

    assert (told.exit_code, told.output) == (0, "")
    assert (tmp_path / "instance" / "secret_key").is_file()


def test_every_public_module_is_a_command_group(app: Flask) -> None:
    folder = Path(commands.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}

    assert modules == set(GROUPS)
    assert modules <= app.cli.commands.keys()


@pytest.mark.usefixtures("first_start")
def test_help_as_a_process_creates_no_files_and_imports_no_progress_bars(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    told = run_flask(empty, "--help", environment={"PYTHONPROFILEIMPORTTIME": "1"})
    loaded = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}

    assert told.returncode == 0
    assert all(f"\n  {name} " in told.stdout for name in GROUPS)
    assert list(empty.iterdir()) == []
    assert "cabinet.app" in loaded
    assert "rich" not in loaded


def test_a_process_takes_names_of_any_script(tmp_path: Path, app: Flask) -> None:
    operator = Operator(app)
    operator.create()
    source = tmp_path / "Папка 😀"
    source.mkdir()
    (source / "файл.txt").write_text("content")
    told = run_flask(tmp_path, "files", "import", USERNAME, source)

    assert (told.returncode, told.stdout, told.stderr) == (0, "Imported 1 file, 7 bytes.\n", "")
    assert operator.paths() == ["Папка 😀/", "Папка 😀/файл.txt"]


def test_unencodable_names_are_escaped(tmp_path: Path, app: Flask) -> None:
    Operator(app).create("日本")
    told = run_flask(tmp_path, "users", "list", environment={"PYTHONIOENCODING": "koi8-r"})

    assert told.stdout.startswith("\\u65e5\\u672c: 0 bytes")
    assert told.stderr == ""


def run_redirected(folder: Path, redirection: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a `flask` process with streams redirected by a shell."""
    start_migrated(folder / "instance")
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *flask_command(*words)]
    environment = server_environment(folder / "instance", {})
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("redirection", "reason"),
    [
        (">/dev/full", os.strerror(errno.ENOSPC)),
        pytest.param(">&-", os.strerror(errno.EBADF), marks=pytest.mark.long),
    ],
)
def test_unwritable_stdout_is_one_error_line(
    tmp_path: Path, app: Flask, redirection: str, reason: str
) -> None:
    Operator(app).create()
    told = run_redirected(tmp_path, redirection, "users", "list")

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == f"Error: standard output: {reason}.\n"


@pytest.mark.parametrize("redirection", [pytest.param("2>/dev/full", marks=pytest.mark.long), "<&- 2>&-"])
def test_unwritable_stderr_fails_nothing(tmp_path: Path, redirection: str) -> None:
    told = run_redirected(tmp_path, redirection, "uploads", "list")

    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_usage_errors_escape_control_characters(app: Flask, tmp_path: Path) -> None:
    operator = Operator(app)
    operator.create()
    hostile = "\x1b]0;owned\x07"
    for words in (
        ("files", "import", USERNAME, tmp_path / hostile), ("users", "list", f"--{hostile}"),
        ("users", "enable", hostile), ("users", hostile),
    ):  # fmt: skip
        told = operator.run(*words, code=1 if words[1] == "enable" else 2).stderr
        assert "\x1b" not in told
        assert "\\x1b]0;owned\\x07" in told
    assert "Create an account" in operator.run("users", code=2).stderr


def test_disabling_an_account_ends_its_sessions_in_other_processes(tmp_path: Path, auth: AuthActions) -> None:
    auth.become()
    before = auth.client.get("/me").status_code
    told = run_flask(tmp_path, "users", "disable", USERNAME)

    assert (told.returncode, told.stderr) == (0, "")
    assert before == 200
    assert auth.client.get("/me").status_code == 401


def test_an_insecure_setting_is_one_error_line(
    in_process: FlaskGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CABINET_SECRET_KEY", "dev")
    told = CliRunner(catch_exceptions=False).invoke(in_process, ["users", "list"])

    assert told.exit_code == 1
    assert told.stderr.startswith("Error: The setting SECRET_KEY cannot be used")
    assert len(told.stderr.splitlines()) == 1


def run_cabinet(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program `cabinet` without settings that name the application."""
    inherited = server_environment(folder / "instance", {})
    del inherited["FLASK_APP"]
    return subprocess.run(
        [sys.executable, "-m", "cabinet", *words],
        cwd=folder, env={**inherited, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def cabinet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Run the program `cabinet` in process, without an instance."""
    monkeypatch.setenv("FLASK_SKIP_DOTENV", "1")
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")  # the group sets it and does not reset it
    monkeypatch.setenv("CABINET_INSTANCE", "")
    return lambda *words: CliRunner(catch_exceptions=False).invoke(main, words, prog_name="cabinet")


@pytest.mark.usefixtures("first_start")
def test_cabinet_program_runs_flask_commands(tmp_path: Path) -> None:
    told = run_cabinet(tmp_path, "users", "list", FLASK_APP="elsewhere:app")
    (script,) = entry_points(group="console_scripts", name="cabinet")

    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")
    assert (tmp_path / "instance" / "secret_key").is_file()
    assert script.value == "cabinet.__main__:main"


@pytest.mark.usefixtures("first_start")
def test_cabinet_program_lists_its_commands_and_version(
    cabinet: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CABINET_INSTANCE", str(tmp_path / "instance"))
    helped = cabinet("--help")

    assert {*GROUPS, "run", "db"} <= {line.split()[0] for line in helped.stdout.splitlines() if line}
    assert "--app" not in helped.stdout
    assert cabinet("--version").stdout == f"Cabinet, version {__version__}\n"


@pytest.mark.usefixtures("first_start")
def test_cabinet_program_shows_help_without_an_instance(
    cabinet: Callable[..., Result], tmp_path: Path
) -> None:
    helped, told = cabinet("--help"), cabinet("users", "list")

    assert helped.exit_code == 0
    assert helped.stderr.startswith("Error: No instance folder. Set CABINET_INSTANCE")
    assert len(helped.stderr.splitlines()) == 1
    assert "Run a Cabinet server" in helped.stdout
    assert told.exit_code != 0
    assert told.stderr == helped.stderr
    assert not (tmp_path / "instance").exists()


@pytest.mark.usefixtures("first_start")
def test_a_missing_instance_is_one_error_line(tmp_path: Path) -> None:
    told = run_flask(tmp_path, "users", "list", environment={"CABINET_INSTANCE": ""})

    assert told.returncode == 1
    assert told.stderr.startswith("Error: No instance folder. Set CABINET_INSTANCE")
    assert len(told.stderr.splitlines()) == 1


def test_terminal_prompts_for_the_password_twice_and_shows_import_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server_environment(tmp_path / "instance", {}).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "note.txt").write_text("content")
    with in_terminal(flask_command("users", "create", USERNAME)) as terminal:
        terminal.expect("Password: ")
        terminal.type(f"{PASSWORD}\n")
        terminal.expect("Repeat for confirmation: ")
        terminal.type(f"{PASSWORD}\n")
        terminal.expect("can sign in")
        assert terminal.leave() == 0
        assert PASSWORD not in terminal.seen
    with in_terminal(flask_command("files", "import", USERNAME, tmp_path / "note.txt")) as terminal:
        terminal.expect("note.txt")
        terminal.expect("Imported 1 file, 7 bytes.")
        assert terminal.leave() == 0
