"""The order of a backup's system calls: the manifest lists only durable files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import MakeApp
from tests.support.auth import USERNAME
from tests.support.operators import Operator, flask_command
from tests.support.servers import server_environment
from tests.support.strace import Call, read_whole_log, traced

CONTENTS = "abc"


@pytest.fixture
def calls(make_app: MakeApp, tmp_path: Path) -> list[Call]:
    """Return what `flask backup create` asked for; the first blob can be linked and no other."""
    operator = Operator(make_app())
    operator.create()
    for name in CONTENTS:
        (tmp_path / name).write_text(name)
    operator.run("files", "import", USERNAME, *(tmp_path / name for name in CONTENTS))
    command = flask_command("backup", "create", tmp_path / "made" / "backup")
    # Only a blob of another store is linked by linkat, without following a link.
    wrapped = traced(command, tmp_path / "calls", inject="linkat:error=EXDEV:when=2+")
    environment = server_environment(
        tmp_path / "instance", {"DATABASE_URL": operator.app.config["DATABASE_URL"]}
    )
    with subprocess.Popen(wrapped, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL) as process:
        assert process.wait(60) == 0
    return read_whole_log(tmp_path / "calls", process.pid)


def test_backup_data_is_durable_before_the_manifest_and_the_manifest_before_success(
    calls: list[Call], tmp_path: Path
) -> None:
    root = tmp_path / "made" / "backup"
    [renamed] = [call for call in calls if call.name == "rename" and "manifest.json" in call.arguments]
    synced = {path_of(call) for call in calls if is_sync(call) and call.ended < renamed.begun}
    synced_after = [call for call in calls if is_sync(call) and call.begun > renamed.ended]
    said = next(call for call in calls if call.name == "write" and "Backed up" in call.arguments)
    manifest = json.loads((root / "manifest.json").read_text())
    blobs = [path for path in (root / "blobs").rglob("*") if path.is_file()]

    assert len(blobs) == len(CONTENTS)
    assert {root / manifest[name]["name"] for name in ("database", "index")} <= synced
    assert {root / "manifest.json.new", root, root.parent, tmp_path} <= synced
    assert {path.parent for path in blobs} <= synced
    assert any(path_of(call) == root and call.ended < said.begun for call in synced_after)
    check_copies(calls, str(root / "staging"))


def check_copies(calls: list[Call], staging: str) -> None:
    """See that a copy is durable before it is a blob."""
    renamed = [call for call in calls if call.name == "rename" and staging in call.arguments]
    copies = {call.arguments.split('"')[1]: call for call in renamed}
    synced = {str(path_of(call)): call for call in calls if is_sync(call)}

    assert len(copies) == len(CONTENTS) - 1
    assert all(synced[path].ended < rename.begun for path, rename in copies.items())


def is_sync(call: Call) -> bool:
    return call.name in {"fsync", "fdatasync"} and call.result == "0"


def path_of(call: Call) -> Path:
    """Return the path of the descriptor that a call is about."""
    return Path(call.arguments.partition("<")[2].removesuffix(">"))
