"""Failures of `flask files import`: a file is stored exactly or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cabinet.commands import _sources
from cabinet.storage.chunks import Reader, iter_exactly
from tests.cli.test_flask_import import fill
from tests.conftest import MakeApp
from tests.support.auth import USERNAME
from tests.support.faults import Fault
from tests.support.operators import Operator

Meddle = Callable[..., None]


@pytest.fixture
def staged(tmp_path: Path) -> Callable[[], list[str]]:
    """Return a function that lists the uploads left in staging."""
    return lambda: [path.name for path in (tmp_path / "instance" / "staging").iterdir()]


@pytest.fixture
def interfere(monkeypatch: pytest.MonkeyPatch) -> Meddle:
    """Return a function that sets actions before and after each file is read."""

    def arrange(before: Callable[[], object] = bool, after: Callable[[], object] = bool) -> None:
        def read(stream: Reader[bytes], length: int) -> Iterator[bytes]:
            before()
            yield from iter_exactly(stream, length)
            after()

        monkeypatch.setattr(_sources, "iter_exactly", read)

    return arrange


def exported(operator: Operator, tmp_path: Path, name: str) -> bytes:
    operator.run("files", "export", USERNAME, tmp_path / "exported")
    return (tmp_path / "exported" / name).read_bytes()


def after_the_look(monkeypatch: pytest.MonkeyPatch, name: str, swap: Callable[[], None]) -> None:
    """Call `swap` between the stat and the open of `name`."""
    look = os.stat

    def look_and_swap(path: Any, **options: Any) -> os.stat_result:
        status = look(path, **options)
        if path == name:
            swap()
        return status

    monkeypatch.setattr(os, "stat", look_and_swap)


def test_a_folder_replaced_by_a_link_is_not_followed(
    operator: Operator, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "folder").mkdir()
    (tmp_path / "private").mkdir()
    fill(tmp_path / "private", secret="not yours")

    def swap() -> None:
        (source / "folder").rmdir()
        (source / "folder").symlink_to(tmp_path / "private")

    after_the_look(monkeypatch, "folder", swap)
    told = operator.run("files", "import", USERNAME, source, code=1)

    assert f"{source}/folder: Not a directory." in told.stderr
    assert operator.paths() == ["source/", "source/folder/"]


def test_a_file_replaced_by_a_pipe_does_not_block(
    operator: Operator, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(source, file="1")

    def swap() -> None:
        (source / "file").unlink()
        os.mkfifo(source / "file")

    after_the_look(monkeypatch, "file", swap)
    told = operator.run("files", "import", USERNAME, source, code=1)

    assert f"{source}/file: not a regular file." in told.stderr
    assert operator.paths() == ["source/"]


def test_unreadable_files_are_reported_and_the_rest_is_stored(
    operator: Operator, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "closed folder").mkdir()
    fill(source, before="1", closed="2", later="3")
    Fault(monkeypatch, "open", errno.EACCES, lambda path: path.name in {"closed", "closed folder"})
    told = operator.run("files", "import", USERNAME, source, code=1)

    assert told.stdout == "Imported 2 files, 2 bytes. 2 failed.\n"
    assert told.stderr.splitlines() == [
        f"{source}/closed: Permission denied.",
        f"{source}/closed folder: Permission denied.",
    ]
    assert operator.paths() == ["source/", "source/closed folder/", "source/before", "source/later"]


def test_an_unreadable_folder_is_reported(
    operator: Operator, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fault(monkeypatch, "listdir", errno.EIO, lambda path: path == source)
    told = operator.run("files", "import", USERNAME, source, code=1)

    assert told.stderr == f"{source}: Input/output error.\n"


def test_a_growing_file_is_stored_in_its_first_state(
    operator: Operator, source: Path, interfere: Meddle, tmp_path: Path
) -> None:
    fill(source, log="first line\n")

    def append() -> None:
        with (source / "log").open("a") as log:
            log.write("another line\n")

    interfere(after=append)
    told = operator.run("files", "import", USERNAME, source / "log")

    assert told.stderr == f"{source}/log: it grew while it was read; its first state was stored.\n"
    assert told.stdout == "Imported 1 file, 11 bytes.\n"
    assert exported(operator, tmp_path, "log") == b"first line\n"


def test_a_file_that_grows_and_changes_is_stored_in_its_new_state(
    operator: Operator, source: Path, interfere: Meddle, tmp_path: Path
) -> None:
    fill(source, log="first line\n")
    changes = iter(["1st line\nsecond line\n"])
    interfere(after=lambda: [(source / "log").write_text(content) for content in changes])
    told = operator.run("files", "import", USERNAME, source / "log")

    assert told.stderr == ""
    assert exported(operator, tmp_path, "log") == b"1st line\nsecond line\n"


def test_a_file_that_shrinks_is_stored_in_its_new_state(
    operator: Operator, source: Path, interfere: Meddle, tmp_path: Path
) -> None:
    fill(source, log="first line\n")
    contents = iter(["fir"])
    interfere(before=lambda: [(source / "log").write_text(content) for content in contents])
    told = operator.run("files", "import", USERNAME, source / "log")

    assert told.stderr == ""
    assert exported(operator, tmp_path, "log") == b"fir"


@pytest.mark.parametrize("content", ["new", "newer"])
def test_a_constantly_changing_file_is_not_stored(
    content: str, operator: Operator, source: Path, interfere: Meddle, staged: Callable[[], list[str]]
) -> None:
    fill(source, log="old")
    numbers = iter(range(10))

    def rewrite() -> None:
        (source / "log").write_text(f"{next(numbers)} {content}")

    interfere(after=rewrite)
    told = operator.run("files", "import", USERNAME, source / "log", code=1)

    assert told.stderr == f"{source}/log: it changed while it was read and was not stored.\n"
    assert operator.paths() == []
    assert staged() == []


def test_a_replaced_file_is_not_stored(operator: Operator, source: Path, interfere: Meddle) -> None:
    fill(source, log="old")

    def replace() -> None:
        shutil.copy2(source / "log", source / "other")
        (source / "other").replace(source / "log")

    interfere(after=replace)
    operator.run("files", "import", USERNAME, source / "log", code=1)

    assert operator.paths() == []


@pytest.mark.parametrize("path", ["/proc/version", "/sys/kernel/mm/transparent_hugepage/enabled"])
def test_a_file_of_unknown_size_is_read_to_its_end(path: str, operator: Operator, tmp_path: Path) -> None:
    content = Path(path).read_bytes()
    told = operator.run("files", "import", USERNAME, path)

    assert told.stdout == f"Imported 1 file, {len(content)} bytes.\n"
    assert exported(operator, tmp_path, Path(path).name) == content


def test_a_full_disk_ends_the_import_and_leaves_nothing_in_staging(
    operator: Operator,
    source: Path,
    tmp_path: Path,
    staged: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(source, a="1", b="2", c="3")
    with monkeypatch.context() as patched:
        staging = tmp_path / "instance" / "staging"
        Fault(patched, "pwritev", errno.ENOSPC, lambda path: path.parent == staging)
        told = operator.run("files", "import", USERNAME, source, code=1)

    assert told.stderr.splitlines() == [
        f"{source}/a: There is no space left on the server; nothing was stored.",
        "Error: Stopped: this error affects all files. Fix it and run the command again.",
    ]
    assert operator.paths() == []
    assert staged() == []
    assert operator.run("files", "import", USERNAME, source).stdout == "Imported 3 files, 3 bytes.\n"


def test_an_import_never_exceeds_the_quota(make_app: MakeApp, source: Path) -> None:
    operator = Operator(make_app(USER_QUOTA=10))
    operator.create()
    fill(source, a="1234", b="5678", c="9012")
    told = operator.run("files", "import", USERNAME, source, code=1)

    assert f"{source}/c: Not enough space: needs 4 bytes, 2 bytes free." in told.stderr
    assert operator.paths() == ["source/", "source/a", "source/b"]
    assert operator.document("users", "list")["users"][0]["usage"] == 8


def test_a_file_over_the_limit_is_reported_and_the_rest_is_stored(make_app: MakeApp, source: Path) -> None:
    operator = Operator(make_app(MAX_UPLOAD_SIZE=4))
    operator.create()
    fill(source, large="12345", small="1234")
    told = operator.run("files", "import", USERNAME, source, code=1)

    assert f"{source}/large: Too large: the limit is 4 bytes" in told.stderr
    assert operator.paths() == ["source/", "source/small"]


def test_an_interrupted_import_leaves_nothing_in_staging(
    operator: Operator, source: Path, interfere: Meddle, staged: Callable[[], list[str]]
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    fill(source, a="1")
    interfere(before=interrupt)
    told = operator.run("files", "import", USERNAME, source, code=1)

    assert told.stdout == "Imported 0 files, 0 bytes.\n"
    assert "Aborted!" in told.stderr
    assert staged() == []
