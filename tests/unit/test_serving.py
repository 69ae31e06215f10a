"""Starting: what is made, with which rights, and what is refused.

Rule: each test starts real applications on an instance folder of its own.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

import cabinet
from cabinet import create_app
from cabinet.refusals import BadSetting, NoInstance, RefusedToStart, UnusableStore
from cabinet.serving import preparing
from cabinet.web.runtime import EXTENSION
from tests.conftest import MakeApp
from tests.support.chosen_database import chosen
from tests.support.servers import FAST, production_command, server_environment
from tests.support.visitors import Program

pytestmark = pytest.mark.usefixtures("first_start")


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes_below(folder: Path) -> dict[str, int]:
    found = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode) for path in found}


def state_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return inode and content of every file but the database's working files, which come and go."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("cabinet.db")
    }


@pytest.mark.usefixtures("open_umask")
def test_everything_is_made_for_its_owner_alone(make_app: MakeApp) -> None:
    app = make_app()
    alice = Program(app, "alice")
    alice.put("/files/f", b"content")
    alice.upload([("g", b"content of g")])

    modes = modes_below(Path(app.instance_path))

    assert {"secret_key", "lock", "blobs", "staging", "blobs/00"} <= modes.keys()
    assert chosen() or {"cabinet.db", "cabinet.db-wal"} <= modes.keys()
    for name, mode in modes.items():
        is_folder = (Path(app.instance_path) / name).is_dir()
        assert oct(mode) == oct(0o700 if is_folder else 0o600), name


def test_a_second_start_changes_nothing(make_app: MakeApp) -> None:
    first = make_app()
    alice = Program(first, "alice")
    alice.put("/files/f", b"content")
    instance = Path(first.instance_path)
    before, modes = state_of(instance), modes_below(instance)

    second = make_app()

    assert state_of(instance) == before
    assert modes_below(instance) == modes
    assert second.secret_key == first.secret_key
    assert second.test_client().get("/files/f", headers=alice.headers, buffered=True).data == b"content"


def test_the_key_is_made_once_and_is_not_guessed(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app()
    other = make_app(INSTANCE=tmp_path / "other")

    assert app.secret_key != other.secret_key
    assert len(str(app.secret_key)) == 64
    assert (Path(app.instance_path) / "secret_key").read_text() == app.secret_key


def test_a_key_that_is_set_is_used_and_none_is_made(make_app: MakeApp) -> None:
    key = "Zm9vYmFyYmF6cXV4cXV1eGNvcmdlZ3JhdWx0"

    app = make_app(SECRET_KEY=key)

    assert app.secret_key == key
    assert not (Path(app.instance_path) / "secret_key").exists()


@pytest.mark.parametrize("content", ["", "short", "\n" * 100])
def test_a_file_that_holds_no_key_is_refused_with_the_cure(make_app: MakeApp, content: str) -> None:
    path = Path(make_app().instance_path) / "secret_key"
    path.write_text(content)

    with pytest.raises(BadSetting, match="Remove it"):
        make_app()


def test_an_instance_that_another_version_serves_is_refused(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = make_app()
    assert running.instance_path
    monkeypatch.setattr(preparing, "__version__", "99.0")

    with pytest.raises(
        UnusableStore, match=rf"version {cabinet.__version__} is serving it.*Stop that server"
    ):
        make_app()


def test_a_version_that_serves_no_more_is_in_nobodys_way(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_app()
    left_behind = tmp_path / "instance" / "serving-0.0.1.lock"
    left_behind.touch()

    make_app()

    assert not left_behind.exists()


def test_debug_mode_is_refused_under_a_server_for_production(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")

    with pytest.raises(BadSetting, match="FLASK_DEBUG"):
        create_app({"INSTANCE": tmp_path / "instance", **FAST})

    assert not (tmp_path / "instance").exists()


def test_a_place_that_cannot_be_written_is_refused(make_app: MakeApp, tmp_path: Path) -> None:
    (tmp_path / "instance").write_text("a file, where the folder should be")

    with pytest.raises(UnusableStore) as caught:
        make_app()

    assert str(tmp_path / "instance") in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"STORE_URL": "gopher://x"}, "STORE_URL"), ({"STORE_URL": "file://host/x"}, "STORE_URL"),
     ({"DATABASE_URL": "cabinet.db"}, "DATABASE_URL"), ({"SECRET_KEY": "dev"}, "SECRET_KEY")],
    ids=str,
)  # fmt: skip
def test_a_setting_that_cannot_be_used_stops_the_start(
    make_app: MakeApp, settings: dict[str, str], named: str
) -> None:
    with pytest.raises(RefusedToStart, match=named):
        make_app(**settings)


def test_the_store_is_open_before_the_first_request_which_it_could_refuse(make_app: MakeApp) -> None:
    app = make_app()

    assert "store" in vars(app.extensions[EXTENSION])


def test_bytes_and_rows_may_lie_elsewhere(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(STORE_URL=(tmp_path / "bytes").as_uri(), DATABASE_URL=f"sqlite:///{tmp_path / 'rows.db'}")
    Program(app, "alice").put("/files/f", b"content")

    instance = {path.name for path in Path(app.instance_path).iterdir()}
    assert not instance & {"blobs", "staging", "cabinet.db"}
    assert stat.S_IMODE((tmp_path / "rows.db").stat().st_mode) == 0o600


def test_without_an_instance_a_server_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CABINET_INSTANCE", raising=False)

    with pytest.raises(NoInstance, match="CABINET_INSTANCE"):
        create_app()
    assert list(tmp_path.iterdir()) == []


def run_gunicorn(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run gunicorn with two workers, as long as it takes to refuse."""
    return subprocess.run(
        [word.format(port=0) for word in production_command(2)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_gunicorn_refuses_debug_mode_and_says_why(tmp_path: Path) -> None:
    ended = run_gunicorn(tmp_path, server_environment(tmp_path / "instance", {}) | {"FLASK_DEBUG": "1"})

    assert ended.returncode != 0
    assert "debug mode is for `flask run` alone" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"CABINET_INSTANCE": ""}, "No instance folder. Set CABINET_INSTANCE to the folder"),
        ({"CABINET_SECRET_KEY": "dev"}, "The setting SECRET_KEY cannot be used"),
        ({"CABINET_THREADS": "none"}, "The setting THREADS cannot be used"),
        ({"CABINET_TYPO": "1"}, "The setting CABINET_TYPO cannot be used"),
    ],
)
def test_gunicorn_says_in_one_line_what_keeps_it_from_starting(
    tmp_path: Path, changed: dict[str, str], sentence: str
) -> None:
    ended = run_gunicorn(tmp_path, server_environment(tmp_path / "instance", {}) | changed)

    assert (ended.returncode, ended.stdout) == (1, "")
    told = [line for line in ended.stderr.splitlines() if line and " [INFO] " not in line]
    assert len(told) == 1
    assert told[0].startswith(f"Error: {sentence}")
    assert list(tmp_path.iterdir()) == []


def test_a_bad_setting_stops_flask_run_with_one_line(tmp_path: Path) -> None:
    environment = server_environment(tmp_path / "instance", {"SECRET_KEY": "dev"})

    ended = subprocess.run(
        [sys.executable, "-m", "flask", "run", "--port", "0"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert ended.returncode != 0
    assert "SECRET_KEY" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_migrations_are_those_of_the_checkout(app: Flask) -> None:
    found = preparing.find_migrations()

    assert (found / "env.py").is_file()
    assert found == Path(cabinet.__file__).parents[2] / "migrations"
