"""Starting a server: created files, their modes, and refusals.

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
from gunicorn.errors import AppImportError
from gunicorn.workers.gthread import ThreadWorker

import cabinet
from cabinet import create_app
from cabinet.refusals import BadSetting, NoInstance, RefusedToStart, UnusableStore
from cabinet.serving import preparing
from cabinet.serving.loading import LoadingWorker
from cabinet.web.runtime import EXTENSION
from tests.conftest import MakeApp
from tests.support.database_under_test import current_databases
from tests.support.servers import FAST, production_command, server_environment
from tests.support.visitors import Program

pytestmark = pytest.mark.usefixtures("first_start")


@pytest.fixture
def permissive_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes_below(folder: Path) -> dict[str, int]:
    found = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode) for path in found}


def state_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return inode and content of every file except the temporary files of the database."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("cabinet.db")
    }


@pytest.mark.usefixtures("permissive_umask")
def test_created_files_are_accessible_by_their_owner_only(make_app: MakeApp) -> None:
    app = make_app()
    alice = Program(app, "alice")
    alice.put("/files/f", b"content")
    alice.upload([("g", b"content of g")])

    modes = modes_below(Path(app.instance_path))

    assert {"secret_key", "lock", "blobs", "staging", "blobs/00"} <= modes.keys()
    assert current_databases() or {"cabinet.db", "cabinet.db-wal"} <= modes.keys()
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


def test_the_secret_key_is_created_once_and_is_random(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app()
    other = make_app(INSTANCE=tmp_path / "other")

    assert app.secret_key != other.secret_key
    assert len(str(app.secret_key)) == 64
    assert (Path(app.instance_path) / "secret_key").read_text() == app.secret_key


def test_a_configured_secret_key_is_used_and_no_file_is_created(make_app: MakeApp) -> None:
    key = "Zm9vYmFyYmF6cXV4cXV1eGNvcmdlZ3JhdWx0"

    app = make_app(SECRET_KEY=key)

    assert app.secret_key == key
    assert not (Path(app.instance_path) / "secret_key").exists()


@pytest.mark.parametrize("content", ["", "short", "\n" * 100])
def test_a_key_file_without_a_key_is_refused_with_a_remedy(make_app: MakeApp, content: str) -> None:
    path = Path(make_app().instance_path) / "secret_key"
    path.write_text(content)

    with pytest.raises(BadSetting, match="Remove it"):
        make_app()


def test_an_instance_served_by_another_version_is_refused(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = make_app()
    assert running.instance_path
    monkeypatch.setattr(preparing, "__version__", "99.0")

    with pytest.raises(
        UnusableStore, match=rf"version {cabinet.__version__} is serving it.*Stop that server"
    ):
        make_app()


def test_a_stopped_server_of_another_version_does_not_block_a_start(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_app()
    left_behind = tmp_path / "instance" / "serving-0.0.1.lock"
    left_behind.touch()

    make_app()

    assert not left_behind.exists()


def test_debug_mode_is_refused_in_production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")

    with pytest.raises(BadSetting, match="FLASK_DEBUG"):
        create_app({"INSTANCE": tmp_path / "instance", **FAST})

    assert not (tmp_path / "instance").exists()


def test_an_unwritable_instance_is_refused(make_app: MakeApp, tmp_path: Path) -> None:
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
def test_an_invalid_setting_stops_the_start(make_app: MakeApp, settings: dict[str, str], named: str) -> None:
    with pytest.raises(RefusedToStart, match=named):
        make_app(**settings)


def test_the_store_is_opened_at_start(make_app: MakeApp) -> None:
    app = make_app()

    assert "store" in vars(app.extensions[EXTENSION])


def test_store_and_database_may_be_outside_the_instance(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(STORE_URL=(tmp_path / "bytes").as_uri(), DATABASE_URL=f"sqlite:///{tmp_path / 'rows.db'}")
    Program(app, "alice").put("/files/f", b"content")

    instance = {path.name for path in Path(app.instance_path).iterdir()}
    assert not instance & {"blobs", "staging", "cabinet.db"}
    assert stat.S_IMODE((tmp_path / "rows.db").stat().st_mode) == 0o600


def test_starting_without_an_instance_prints_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CABINET_INSTANCE", raising=False)

    with pytest.raises(NoInstance, match="CABINET_INSTANCE"):
        create_app()
    assert list(tmp_path.iterdir()) == []


def run_gunicorn(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run gunicorn with two workers until it refuses to start."""
    return subprocess.run(
        [word.format(port=0) for word in production_command(2)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_gunicorn_refuses_debug_mode_with_a_reason(tmp_path: Path) -> None:
    ended = run_gunicorn(tmp_path, server_environment(tmp_path / "instance", {}) | {"FLASK_DEBUG": "1"})

    assert ended.returncode != 0
    assert "debug mode is for `flask run` alone" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("age", "ended"), [(1, AppImportError), (2, SystemExit)])
def test_only_the_first_worker_refuses_to_start(
    monkeypatch: pytest.MonkeyPatch, age: int, ended: type[BaseException]
) -> None:
    def refuse(_worker: ThreadWorker) -> None:
        raise BadSetting(setting="FLASK_DEBUG", reason="it is on.")

    monkeypatch.setattr(ThreadWorker, "load_wsgi", refuse)
    worker = LoadingWorker.__new__(LoadingWorker)
    # gunicorn is stopping it already.
    worker.age, worker.alive = age, False

    with pytest.raises(ended) as caught:
        worker.load_wsgi()
    assert getattr(caught.value, "code", 0) == 0


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        pytest.param(
            {"CABINET_INSTANCE": ""},
            "No instance folder. Set CABINET_INSTANCE to the folder",
            marks=pytest.mark.long,
        ),
        pytest.param(
            {"CABINET_SECRET_KEY": "dev"}, "The setting SECRET_KEY cannot be used", marks=pytest.mark.long
        ),
        ({"CABINET_THREADS": "none"}, "The setting THREADS cannot be used"),
        pytest.param(
            {"CABINET_TYPO": "1"}, "The setting CABINET_TYPO cannot be used", marks=pytest.mark.long
        ),
    ],
)
def test_gunicorn_prints_one_line_when_it_refuses_to_start(
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


def test_migrations_are_taken_from_the_checkout(app: Flask) -> None:
    found = preparing.find_migrations()

    assert (found / "env.py").is_file()
    assert found == Path(cabinet.__file__).parents[2] / "migrations"


def test_modules_are_imported_without_garbage_collections() -> None:
    script = """if True:
        import gc, cabinet
        collected = []
        gc.callbacks.append(lambda phase, info: collected.append(phase))
        with cabinet.without_collection():
            import cabinet.app
        print(collected, gc.isenabled(), gc.get_freeze_count() > 100_000)
        with cabinet.without_collection():
            print(gc.isenabled())
    """
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert told.stdout == "[] True True\nTrue\n"
