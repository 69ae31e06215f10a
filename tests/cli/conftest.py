"""Fixtures of the tests of filecli and of the `flask` commands.

Rule: every test has its own home, configuration and working folder, and no settings of the developer.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from typing import Any, Protocol

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from werkzeug.serving import make_server

from cabinet.client.main import main
from cabinet.client.settings import choose_server
from cabinet.client.wire.tokens import StoredToken, TokenFile, default_path
from tests.cli.scripted import Script, scripted_server
from tests.support.auth import USERNAME, AuthActions, basic
from tests.support.line import Line, line_to
from tests.support.operators import Operator


class Filecli(Protocol):
    """Run filecli in process, with `given` on standard input and `env` added to the environment."""

    def __call__(self, *args: str, given: str | bytes = "", env: dict[str, str] | None = None) -> Result: ...


@pytest.fixture(autouse=True)
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is the current working folder."""
    for name in [name for name in os.environ if name.startswith("FILECLI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    workdir = tmp_path / "desk"
    workdir.mkdir()
    monkeypatch.chdir(workdir)
    return workdir


@pytest.fixture
def token_path(tmp_path: Path) -> Path:
    """Return the path of the token file of this test."""
    return tmp_path / "config" / "filecli" / "tokens.json"


@pytest.fixture
def script() -> Iterator[Script]:
    """Return a server with scripted responses."""
    with scripted_server() as running:
        yield running


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replace the waits of filecli; returns their lengths in seconds."""
    lengths: list[float] = []
    monkeypatch.setattr(
        "cabinet.client.wire.cancellation.Cancellation.wait", lambda _, seconds: lengths.append(seconds)
    )
    return lengths


@pytest.fixture
def reads_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[int]]:
    """Return a function that returns the sizes of all reads of a local file from then on."""
    plain_open = Path.open

    def watch(name: str) -> list[int]:
        sizes: list[int] = []

        class CountingFile(FileIO):
            def read(self, size: int | None = -1, /) -> bytes | None:  # type: ignore[override]
                content = super().read(size)
                sizes.append(len(content or b""))
                return content

        def open_counting(path: Path, *args: Any, **options: Any) -> Any:
            return CountingFile(path) if path == Path(name) else plain_open(path, *args, **options)

        monkeypatch.setattr(Path, "open", open_counting)
        return sizes

    return watch


@pytest.fixture
def filecli() -> Filecli:
    """Run filecli in process; unexpected exceptions propagate to the test."""

    def run(*args: str, given: str | bytes = "", env: dict[str, str] | None = None) -> Result:
        return CliRunner(catch_exceptions=False).invoke(main, args, input=given, env=env)

    return run


@pytest.fixture
def scripted(filecli: Filecli, script: Script, pauses: list[float]) -> Filecli:
    """Run filecli, signed in by FILECLI_TOKEN, against the scripted server and without waiting."""
    signed_in = {"FILECLI_SERVER": script.url, "FILECLI_TOKEN": "secret"}

    def run(*args: str, given: str | bytes = "", env: dict[str, str] | None = None) -> Result:
        return filecli(*args, given=given, env={**signed_in, **(env or {})})

    return run


@pytest.fixture
def on_scripted_server(script: Script, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Set the environment to the scripted server with a token."""
    monkeypatch.setenv("FILECLI_SERVER", script.url)
    monkeypatch.setenv("FILECLI_TOKEN", "secret")
    return script


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Return an event that releases a waiting server."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def server_url(app: Flask) -> Iterator[str]:
    """Serve the real application on a thread; returns its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def anonymous(filecli: Filecli, server_url: str, monkeypatch: pytest.MonkeyPatch) -> Filecli:
    """Run filecli against the real application without accounts."""
    monkeypatch.setenv("FILECLI_SERVER", server_url)
    return filecli


def sign_in(app: Flask) -> None:
    """Create an account and a stored token, as `filecli register` and `filecli login` do."""
    client = app.test_client(use_cookies=False)
    assert AuthActions(client).register().status_code == 201
    made = client.post("/tokens", json={"name": "filecli"}, headers=basic()).get_json()
    TokenFile(default_path()).set(str(choose_server(None)), StoredToken(made["id"], made["token"], USERNAME))


@pytest.fixture
def alice(app: Flask, anonymous: Filecli) -> Filecli:
    """Run filecli against the real application as a user who signed in with filecli."""
    sign_in(app)
    return anonymous


@pytest.fixture
def line(server_url: str) -> Iterator[Line]:
    """Return a connection to the real application that can be cut."""
    with line_to(int(server_url.rpartition(":")[2])) as line:
        yield line


@pytest.fixture
def bob(
    app: Flask, line: Line, filecli: Filecli, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> Filecli:
    """Run filecli over `line` as a signed-in user, without waits."""
    monkeypatch.setenv("FILECLI_SERVER", line.url)
    sign_in(app)
    return filecli


@pytest.fixture
def operator(app: Flask) -> Operator:
    """Run `flask` commands on the application with one user."""
    operator = Operator(app)
    operator.create()
    return operator


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return an empty folder to import."""
    folder = tmp_path / "source"
    folder.mkdir()
    return folder
