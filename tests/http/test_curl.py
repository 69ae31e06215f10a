"""The documented command lines, run by curl against real servers.

Rule: a command line is as a user would type it, except for the port.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.auth import PASSWORD
from tests.support.contents import content_of
from tests.support.programs import require_program
from tests.support.servers import EITHER_SERVER, Server, development_command, production_command, running

COMMANDS = {"gunicorn": production_command(2), "flask run": development_command()}


@dataclass(frozen=True)
class Shell:
    """A folder to work in, beside a running server."""

    server: Server
    folder: Path

    def run(self, line: str) -> str:
        """Run a line of curl and return what it prints, the status on a line of its own at the end."""
        words = shlex.split(line.replace("http://127.0.0.1:5000", self.server.url))
        command = [
            require_program(words[0]),
            "--silent",
            "--show-error",
            "--write-out",
            "\n%{http_code}",
            *words[1:],
        ]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    def ask(self, line: str) -> tuple[int, Any]:
        """Run a line and return the status and the JSON of the answer."""
        body, _, status = self.run(line).rpartition("\n")
        return int(status), json.loads(body) if body.strip() else None


@pytest.fixture(scope="module", params=EITHER_SERVER)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(COMMANDS[request.param], tmp_path_factory.mktemp("curl"), {}) as server:
        yield server


@pytest.fixture
def shell(server: Server, tmp_path: Path) -> Shell:
    (tmp_path / "path/to/your").mkdir(parents=True)
    (tmp_path / "path/to/your/file.txt").write_bytes(b"the content of the file\n")
    return Shell(server, tmp_path)


def register(shell: Shell, username: str, password: str = PASSWORD) -> None:
    status, body = shell.ask(
        f"""curl -X POST http://127.0.0.1:5000/register -d "username={username}&password={password}" """
    )
    assert (status, body) == (201, {"username": username})


def test_documented_curl_commands_work_with_basic_authentication(shell: Shell) -> None:
    # secure_password is the description's own, and no list of common passwords has it.
    register(shell, "new_user", "secure_password")
    status, body = shell.ask(
        'curl -X POST http://127.0.0.1:5000/login -d "username=new_user&password=secure_password"'
    )
    assert (status, body) == (200, {"username": "new_user"})

    status, body = shell.ask(
        'curl -X POST http://127.0.0.1:5000/upload -F "file=@path/to/your/file.txt" -u new_user:secure_password'
    )
    assert status == 201
    assert [entry["path"] for entry in body["files"]] == ["file.txt"]

    status, body = shell.ask("curl http://127.0.0.1:5000/files -u new_user:secure_password")
    assert (status, [entry["name"] for entry in body["entries"]]) == (200, ["file.txt"])

    printed = shell.run("curl http://127.0.0.1:5000/download/file.txt -u new_user:secure_password")
    assert printed == "the content of the file\n\n200"

    assert shell.ask("curl http://127.0.0.1:5000/logout") == (200, {"signed_in": False})


def test_documented_curl_commands_work_with_a_cookie_jar(shell: Shell) -> None:
    register(shell, "jar")
    jar = "-c jar.txt -b jar.txt"
    assert (
        shell.ask(f'curl {jar} -X POST http://127.0.0.1:5000/login -d "username=jar&password={PASSWORD}"')[0]
        == 200
    )
    assert "#HttpOnly_" in (shell.folder / "jar.txt").read_text()

    status, _ = shell.ask(f'curl {jar} -X POST http://127.0.0.1:5000/upload -F "file=@path/to/your/file.txt"')
    assert status == 201
    status, body = shell.ask(f"curl {jar} http://127.0.0.1:5000/files")
    assert (status, [entry["name"] for entry in body["entries"]]) == (200, ["file.txt"])
    shell.run(f"curl {jar} -OJ http://127.0.0.1:5000/download/file.txt")
    assert (shell.folder / "file.txt").read_bytes() == b"the content of the file\n"

    before = (shell.folder / "jar.txt").read_text()
    assert shell.ask(f"curl {jar} http://127.0.0.1:5000/logout") == (200, {"signed_in": False})
    assert shell.ask(f"curl {jar} http://127.0.0.1:5000/files")[0] == 401
    (shell.folder / "jar.txt").write_text(before)
    assert shell.ask("curl -b jar.txt http://127.0.0.1:5000/files")[0] == 401


def test_unauthenticated_curl_commands_explain_how_to_sign_in(shell: Shell) -> None:
    for line in (
        'curl -X POST http://127.0.0.1:5000/upload -F "file=@path/to/your/file.txt"',
        "curl http://127.0.0.1:5000/files",
        "curl http://127.0.0.1:5000/download/file.txt",
    ):
        status, body = shell.ask(line)
        assert (status, body["type"]) == (401, "/problems/sign-in-required")
    challenged = shell.run("curl -i http://127.0.0.1:5000/files")
    assert 'WWW-Authenticate: Basic realm="Cabinet"' in challenged


def test_other_documented_promises_hold(shell: Shell) -> None:
    register(shell, "table")
    user = f"-u table:'{PASSWORD}'"
    content = content_of(3 << 20)
    (shell.folder / "Отчёт №5.pdf").write_bytes(content)

    status, body = shell.ask(f"curl {user} -T 'Отчёт №5.pdf' http://127.0.0.1:5000/files/docs/")
    assert (status, body["path"]) == (201, "docs/Отчёт №5.pdf")
    shell.run(f"curl {user} -r 0-99 -o part --globoff http://127.0.0.1:5000{body_url(shell, user)}")
    assert (shell.folder / "part").read_bytes() == content[:100]
    shell.run(f"curl {user} -C - -o part http://127.0.0.1:5000{body_url(shell, user)}")
    assert (shell.folder / "part").read_bytes() == content

    status, token = shell.ask(f"""curl {user} http://127.0.0.1:5000/tokens --json '{{"name": "curl"}}'""")
    assert status == 201
    bearer = f"-H 'Authorization: Bearer {token['token']}'"
    assert shell.ask(f"curl {bearer} http://127.0.0.1:5000/me")[1]["usage"] == len(content)
    assert shell.ask(f"curl {bearer} -X DELETE http://127.0.0.1:5000/files/docs")[0] == 204
    assert shell.ask(f"curl {bearer} http://127.0.0.1:5000/files")[1]["entries"] == []


@pytest.mark.parametrize("how", ["", "--form-escape"])
def test_quotes_in_curl_filenames_work_in_either_encoding(shell: Shell, how: str) -> None:
    username = "quotes" + str(len(how))
    register(shell, username)
    names = ['a"b.txt', '"', "100%.txt", "a;b,c.txt", "Отчёт №5.txt"]

    for name in names:
        (shell.folder / name).write_bytes(b"content")
        line = f"curl {how} -u '{username}:{PASSWORD}' -F {shlex.quote(form_of(name))} http://127.0.0.1:5000/upload"
        status, body = shell.ask(line)
        assert (status, [entry["name"] for entry in body["files"]]) == (201, [name])

    for name in ("a\\b.txt", "..\\..\\x", "ends\\"):
        (shell.folder / name).write_bytes(b"content")
        line = f"curl {how} -u '{username}:{PASSWORD}' -F {shlex.quote(form_of(name))} http://127.0.0.1:5000/upload"
        status, body = shell.ask(line)
        assert (status, body["type"]) == (422, "/problems/invalid-name")


def form_of(name: str) -> str:
    """Return a file as curl's -F takes it, in quotes of its own."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'file=@"{escaped}"'


def body_url(shell: Shell, user: str) -> str:
    (entry,) = shell.ask(f"curl {user} http://127.0.0.1:5000/files/docs")[1]["entries"]
    url: str = entry["url"]
    return url


def test_a_large_file_is_refused_before_curl_has_sent_it(shell: Shell) -> None:
    (shell.folder / "large").write_bytes(content_of(8 << 20))

    status, _ = shell.ask("curl -u nobody:wrong -T large http://127.0.0.1:5000/files/large")

    assert status == 401
