"""The three curl commands on the help page that resume an upload, over a dropping connection.

Rule: the shell runs what the page shows; only server, user and file are from the test.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.auth import PASSWORD, USERNAME, basic
from tests.support.contents import content_of
from tests.support.documents import block, help_page
from tests.support.line import Cut, Ending, close_abruptly, close_gracefully, line_to
from tests.support.programs import require_program
from tests.support.servers import Server

MIB = 1 << 20
PLAIN = "file.txt"
UNUSUAL = f"Отчёт №5, итог {'я' * 80}.pdf"


# Replacements for features that curl 7.64 and the tools of macOS lack, before those of this machine in PATH.
OLDER = {
    "curl": """case "$*" in *'%header'*|*'%{json'*|*'--json'*|*'--variable'*|*'--fail-with-body'*) exit 2;; esac
exec {real} "$@"
""",
    "base64": """[ $# -eq 0 ] || exit 64
exec {real} -w 76
""",
    "wc": """count=$({real} "$@") && printf '%8s\\n' "$count"
""",
    "stat": "exit 1\n",
    "sha256sum": "exit 127\n",
    "sed": """case "$*" in *-E*|*--*|*'\\r'*|*-i*) exit 1;; esac
exec {real} "$@"
""",
}


class Terminal:
    """A shell in which one step after the other is typed; it keeps its variables in a file."""

    def __init__(self, folder: Path, settings: str, *, is_old: bool = False) -> None:
        self._folder = folder
        self._programs = folder / "programs"
        if is_old:
            self._programs.mkdir()
            for name, text in OLDER.items():
                program = self._programs / name
                program.write_text("#!/bin/sh\n" + text.replace("{real}", require_program(name)))
                program.chmod(0o755)
        (folder / "variables").write_text(settings, encoding="utf-8")

    def type(self, step: str) -> subprocess.CompletedProcess[str]:
        """Run a step."""
        script = f"set -o pipefail\n. ./variables\n{step}\nstatus=$?\ndeclare -p upload offset >>variables 2>&-\nexit $status"
        return subprocess.run(
            [require_program("bash"), "-c", script],
            cwd=self._folder, check=False, capture_output=True, text=True, timeout=60,
            env={**os.environ, "PATH": f"{self._programs}:{os.environ['PATH']}"},
        )  # fmt: skip

    def value(self, name: str) -> str:
        """Return a variable."""
        return self.type(f"printf %s ${name}").stdout


@pytest.mark.parametrize(
    ("end", "name", "is_old"),
    [
        pytest.param(close_abruptly, PLAIN, False, id="RST here"),
        pytest.param(close_gracefully, UNUSUAL, True, id="FIN on macOS with an old curl"),
        pytest.param(close_gracefully, PLAIN, False, id="FIN here", marks=pytest.mark.long),
        pytest.param(
            close_abruptly, UNUSUAL, True, id="RST on macOS with an old curl", marks=pytest.mark.long
        ),
    ],
)
def test_a_curl_upload_resumes_where_the_connection_dropped(
    production_server: Server, tmp_path: Path, end: Ending, name: str, is_old: bool
) -> None:
    fields = {"username": USERNAME, "password": PASSWORD}
    production_server.request("POST", "/register", fields=fields, encode_multipart=False)
    content = content_of(12 * MIB, seed=5)
    (tmp_path / name).write_bytes(content)
    shown = block(help_page("resumable-uploads"), "sh", "Upload-Offset")
    settings, begin, ask, send = re.split(r"^# .*\n", shown, flags=re.MULTILINE)

    with line_to(production_server.port) as line:
        settings = _put(settings, "http://127.0.0.1:5000", line.url)
        settings = _put(settings, "new_user:secure_password", f"'{USERNAME}:{PASSWORD}'")
        settings = _put(settings, "path/to/your/file.txt", f"'{name}'")
        terminal = Terminal(tmp_path, settings, is_old=is_old)
        assert terminal.type(begin).returncode == 0
        assert re.fullmatch(rf"{line.url}/uploads/[\w-]+", terminal.value("upload"))
        terminal.type(ask)
        assert terminal.value("offset") == "0"

        line.plan(Cut(9 * MIB, end))
        assert terminal.type(send).returncode != 0
        assert line.was_cut()
        terminal.type(ask)
        assert 0 < int(terminal.value("offset")) <= 9 * MIB

        sent = terminal.type(send)
        assert (sent.returncode, sent.stderr) == (0, "")

    (entry,) = production_server.request("GET", "/files", headers=basic()).json()["entries"]
    assert entry["name"] == name
    assert production_server.request("GET", entry["url"], headers=basic()).data == content


def _put(text: str, old: str, new: str) -> str:
    """Replace a text that the page must contain."""
    assert old in text
    return text.replace(old, new)
