"""Unreadable folders and unwritable targets: which errors end a run, and which do not."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from pathlib import Path

import pytest

from cabinet.client.transfer.trees import TargetFolders
from cabinet.client.wire.tokens import default_path
from tests.cli.conftest import Filecli
from tests.cli.scripted import Script, problem
from tests.cli.test_process import FILECLI
from tests.support.auth import USERNAME
from tests.support.faults import Fault, on_small_disks
from tests.support.operators import Operator


def write(root: Path, *names: str, content: str = "content") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def local_files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("command", [["upload", "-r", "tree"], ["sync", "--delete", "tree", ":tree"]])
def test_an_unreadable_folder_is_reported_and_the_rest_is_uploaded(
    command: list[str], alice: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(workdir / "tree", "a", "closed/b", "closed/deep/c", "d/e")
    alice("upload", "a", "--to", "tree/old")
    with monkeypatch.context() as patched:
        Fault(patched, "scandir", errno.EACCES, lambda path: path.name == "closed")
        done = alice(*command)

    assert done.exit_code == 1
    assert "“tree/closed” cannot be used: Permission denied." in done.stderr
    assert done.stderr.count("error") == 1
    assert alice("ls", "-r", "tree").stdout.split() == ["d/", "d/e", "a"]


def test_a_file_deleted_during_a_walk_is_skipped(
    alice: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(workdir / "tree", "a")
    listing = os.scandir

    class Gone:
        name = "b"

        def stat(self, *, follow_symlinks: bool) -> os.stat_result:
            return Path("nowhere").stat(follow_symlinks=follow_symlinks)

    class Listing:
        def __init__(self, path: Path) -> None:
            with listing(path) as found:
                self.found = [*found, Gone()]

        def __enter__(self) -> list[object]:
            return self.found

        def __exit__(self, *exc: object) -> None: ...

    monkeypatch.setattr("cabinet.client.transfer.trees.os.scandir", Listing)
    done = alice("upload", "-r", "tree")

    assert (done.exit_code, done.stdout) == (0, "tree/a\n")


def test_folders_deeper_than_the_recursion_limit_are_walked(alice: Filecli, workdir: Path) -> None:
    folder = workdir / "tree"
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        above, here = here, os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(above)
    os.close(here)
    write(folder, "a")
    done = alice("upload", "-r", "tree")
    # The removal of temporary folders is recursive, so the test removes them itself.
    subprocess.run(["rm", "-r", folder], check=True)

    assert (done.exit_code, done.stdout) == (0, "tree/a\n")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
@pytest.mark.parametrize("command", [["download", "-r", "tree"], ["sync", ":tree", "copy"]])
def test_a_read_only_target_ends_the_run_with_one_message(
    command: list[str], code: int, alice: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(workdir / "tree", *(f"{folder}/{name}" for folder in "abc" for name in "123456"))
    alice("upload", "-r", "tree")
    for path in (workdir / "tree").rglob("?"):
        if path.is_file():
            path.unlink()
    with monkeypatch.context() as patched:
        Fault(patched, "open", code, lambda path: path.name.endswith(".part"))
        done = alice(*command)

    assert done.exit_code == (1 if code == errno.EROFS else 6)
    assert done.stderr.count("\n") == 1, done.stderr
    assert alice(*command).exit_code == 0


@pytest.mark.parametrize("command", [["download", "-r", "tree"], ["sync", ":tree", "tree"]])
def test_an_unwritable_folder_is_reported_once_and_the_rest_is_downloaded(
    command: list[str], alice: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(workdir / "tree", "closed/a", "closed/b", "closed/deep/c", "open/d", "e")
    alice("upload", "-r", "tree")
    for path in ("closed/a", "closed/b", "open/d", "e"):
        (workdir / "tree" / path).unlink()
    access = os.access
    with monkeypatch.context() as patched:
        patched.setattr(
            "cabinet.client.transfer.trees.os.access",
            lambda path, mode: path.name != "closed" and access(path, mode),
        )
        done = alice(*command)

    assert done.exit_code == 1
    assert done.stderr.count("“tree/closed” cannot be used: Permission denied.") == 1
    assert done.stderr.count("error") == 1
    assert sorted(done.stdout.split()) == ["tree/e", "tree/open/d"]


def test_folders_that_cannot_be_created_are_one_failure(
    workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fault(monkeypatch, "mkdir", errno.EACCES)
    monkeypatch.setattr("cabinet.client.transfer.trees.os.access", lambda _path, _mode: False)
    folders = TargetFolders(dry_run=False)

    with pytest.raises(Exception, match="Permission denied"):
        folders.make(workdir / "a" / "b")
    assert not folders.make(workdir / "a")
    assert not folders.make(workdir / "c" / "d")
    assert not folders.takes_files(workdir / "c")


def test_a_folder_that_cannot_be_created_does_not_stop_its_siblings(workdir: Path) -> None:
    (workdir / "file").touch()
    folders = TargetFolders(dry_run=False)

    with pytest.raises(Exception, match="File exists"):
        folders.make(workdir / "file")
    assert not folders.make(workdir / "file" / "below")
    for _ in range(2):
        with pytest.raises(Exception, match="File name too long"):
            folders.make(workdir / ("n" * 300))
    assert folders.make(workdir / "other")
    assert folders.takes_files(workdir)


def test_a_full_server_ends_the_run_with_one_message(
    scripted: Filecli, script: Script, workdir: Path
) -> None:
    write(workdir / "tree", *(f"{number}" for number in range(40)), content="x" * (1 << 20))
    script.will(*[problem("storage-full", 507)] * 20)
    done = scripted("upload", "-r", "tree")

    assert done.exit_code == 6
    assert done.stderr.count("\n") == 1


def test_a_full_disk_is_reported_once(
    server_url: str, alice: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(workdir / "tree", *(f"{number:02}" for number in range(30)), content="x" * 200_000)
    alice("upload", "-r", "tree")
    (workdir / "small").mkdir()
    monkeypatch.setenv("FILECLI_TOKEN", json.loads(default_path().read_text())[server_url]["token"])
    command = on_small_disks([FILECLI, "download", "-r", "tree", "-o", "small/"], {workdir / "small": "1m"})
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)

    assert done.returncode == 6
    assert done.stderr.count("\n") == 1
    assert "Not enough space for “small/tree/" in done.stderr


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_an_export_to_a_read_only_disk_ends_with_one_error(
    code: int, operator: Operator, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(source, "a", "b", "c/d")
    operator.run("files", "import", USERNAME, source)
    Fault(monkeypatch, "open", code, lambda path: path.name.endswith(".part"))
    done = operator.run("files", "export", USERNAME, tmp_path / "target", code=1)

    assert done.stderr.count(os.strerror(code)) == 1
    assert "this error affects all files" in done.stderr


def test_an_export_reports_an_unwritable_folder_once(
    operator: Operator, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(source, "closed/a", "closed/b", "closed/deep/c", "open/d")
    operator.run("files", "import", USERNAME, source)
    target = tmp_path / "target"
    make, access = os.open, os.access

    def is_closed(folder: int | None) -> bool:
        return folder is not None and Path(f"/proc/self/fd/{folder}").readlink().name == "closed"

    def make_or_refuse(path: Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if is_closed(dir_fd) and str(path).endswith(".part"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return make(path, flags, mode, dir_fd=dir_fd)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", make_or_refuse)
        patched.setattr(
            os,
            "access",
            lambda path, mode, *, dir_fd=None: not is_closed(dir_fd) and access(path, mode, dir_fd=dir_fd),
        )
        done = operator.run("files", "export", USERNAME, target, code=1)

    assert done.stderr.count("Permission denied") == 1
    assert f"{target}/source/closed: Permission denied." in done.stderr
    assert local_files(target) == ["source/closed/deep/c", "source/open/d"]
