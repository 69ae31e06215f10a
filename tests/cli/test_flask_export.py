"""`flask files export` and `flask files list`."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from cabinet.commands import _exporting, files
from cabinet.extensions import db
from cabinet.models import Node
from cabinet.services.kernel.database import writing
from cabinet.storage.chunks import Reader, iter_stream
from tests.support.auth import USERNAME
from tests.support.contents import content_of
from tests.support.faults import Fault
from tests.support.operators import Operator

TREE = {
    "Отчёты/Отчёт №5.txt": b"report",
    "Отчёты/a.part": b"not a part of a",
    "Отчёты/a": b"a",
    "😀/日本語/глубоко.bin": content_of(5 << 20),
    "😀/" + "ы" * 127: b"as long as a name can be",
    "-rf": b"",
    "{{7*7}} $(id) %s": b"inert",
}
EMPTY_FOLDERS = {"пустая", "пустая/и ещё пустая"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return an empty folder to import from."""
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return the missing target folder of exports."""
    return tmp_path / "target"


def fill(folder: Path, **contents: str) -> None:
    for name, content in contents.items():
        (folder / name).write_text(content)


def store(operator: Operator, source: Path, **contents: str) -> None:
    """Store files in the user's root folder."""
    fill(source, **contents)
    operator.run("files", "import", USERNAME, *(source / name for name in contents))


def blob_of(operator: Operator, instance: Path, path: str) -> Path:
    entries = operator.document("files", "list", USERNAME, "--recursive")["entries"]
    (content_hash,) = (entry["content_hash"] for entry in entries if entry["path"] == path)
    return instance / "blobs" / str(content_hash)[:2] / str(content_hash)


def tree_of(folder: Path) -> dict[str, bytes | None]:
    """Return every path below a folder with its content, None for a folder."""
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
    }


def rename_in_the_database(app: Flask, name: str, to: str) -> None:
    with app.app_context(), writing(db.session()):
        db.session.execute(update(Node).where(Node.name == name).values(name=to))


def test_export_restores_imported_files_exactly(operator: Operator, source: Path, target: Path) -> None:
    for name, content in TREE.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    for name in EMPTY_FOLDERS:
        (source / name).mkdir(parents=True, exist_ok=True)
    operator.run("files", "import", USERNAME, source)
    told = operator.run("files", "export", USERNAME, target)

    assert told.stdout == f"Exported {len(TREE)} files, 5.2 MB.\n"
    assert tree_of(target / "source") == tree_of(source)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_times_survive_import_and_export(
    zone: str, operator: Operator, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {"0001": -62_135_596_800 * 10**9, "1969": -1500, "2009": 1_234_567_890_123_456_789,
             "9999": 253_402_300_799_999_999_000}  # fmt: skip
    for name, moment in times.items():
        (source / name).write_text(name)
        os.utime(source / name, ns=(moment, moment))
    operator.run("files", "import", USERNAME, source)
    operator.run("files", "export", USERNAME, target)

    kept = {path.name: path.stat().st_mtime_ns for path in (target / "source").iterdir()}
    assert kept == {name: moment // 1000 * 1000 for name, moment in times.items()}
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    listed = operator.run("files", "list", USERNAME, "--path", "source").stdout.splitlines()
    monkeypatch.undo()
    time.tzset()
    assert [line.split()[2][:4] for line in listed] in (["0001", *years, "9999"] for years in YEARS)


YEARS = [["1969", "2009"], ["1970", "2009"]]


def test_exported_files_are_private(operator: Operator, source: Path, target: Path) -> None:
    store(operator, source, file="1")
    operator.run("files", "import", USERNAME, source)
    operator.run("files", "export", USERNAME, target)
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (target, target / "file", target / "source")
    }

    assert modes == {"target": 0o700, "file": 0o600, "source": 0o700}


def test_a_repeated_export_adds_missing_files(operator: Operator, source: Path, target: Path) -> None:
    store(operator, source, a="1", b="2")
    operator.run("files", "export", USERNAME, target)
    (target / "a").unlink()
    kept = (target / "b").stat().st_ino
    told = operator.run("files", "export", USERNAME, target)

    assert told.stdout == "Exported 2 files, 2 bytes.\n"
    assert (target / "a").read_text() == "1"
    assert (target / "b").stat().st_ino == kept


def test_local_files_are_kept_without_force(operator: Operator, source: Path, target: Path) -> None:
    store(operator, source, a="stored", b="stored")
    target.mkdir()
    fill(target, a="local", own="own")
    kept = operator.run("files", "export", USERNAME, target, code=1)
    after_kept = tree_of(target)
    operator.run("files", "export", USERNAME, target, "--force")

    assert kept.stderr == "a: a different item has this name and was kept; --force replaces it.\n"
    assert after_kept == {"a": b"local", "b": b"stored", "own": b"own"}
    assert tree_of(target) == {"a": b"stored", "b": b"stored", "own": b"own"}


def test_a_file_created_during_the_export_is_kept(
    operator: Operator, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_slowly(stream: Reader[bytes]) -> Iterator[bytes]:
        fill(target, a="local")
        yield from iter_stream(stream)

    store(operator, source, a="stored")
    monkeypatch.setattr(_exporting, "iter_stream", read_slowly)
    operator.run("files", "export", USERNAME, target, code=1)

    assert tree_of(target) == {"a": b"local"}


@pytest.mark.parametrize("is_there", [False, True])
def test_export_works_without_hard_links(
    operator: Operator, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    def read_slowly(stream: Reader[bytes]) -> Iterator[bytes]:
        if is_there:
            fill(target, a="local")
        yield from iter_stream(stream)

    store(operator, source, a="stored")
    monkeypatch.setattr(_exporting, "iter_stream", read_slowly)
    Fault(monkeypatch, "link", errno.EPERM, lambda path: path.suffix == ".part")
    operator.run("files", "export", USERNAME, target, code=1 if is_there else 0)

    assert tree_of(target) == {"a": b"local" if is_there else b"stored"}


def test_a_link_in_the_place_of_an_export_folder_is_not_followed(
    operator: Operator, source: Path, target: Path, tmp_path: Path
) -> None:
    (source / "folder").mkdir()
    fill(source / "folder", file="1")
    operator.run("files", "import", USERNAME, source / "folder")
    outside = tmp_path / "outside"
    outside.mkdir()
    target.mkdir()
    (target / "folder").symlink_to(outside)
    told = operator.run("files", "export", USERNAME, target, "--force", code=1)

    assert told.stderr.splitlines() == ["folder: Not a directory.", "folder/file: Not a directory."]
    assert list(outside.iterdir()) == []


def test_a_link_in_the_place_of_a_file_is_replaced(
    operator: Operator, source: Path, target: Path, tmp_path: Path
) -> None:
    store(operator, source, file="stored")
    fill(tmp_path, outside="outside")
    target.mkdir()
    (target / "file").symlink_to(tmp_path / "outside")
    kept = operator.run("files", "export", USERNAME, target, code=1)
    operator.run("files", "export", USERNAME, target, "--force")

    assert "was kept" in kept.stderr
    assert not (target / "file").is_symlink()
    assert (target / "file").read_text() == "stored"
    assert (tmp_path / "outside").read_text() == "outside"


def test_a_folder_in_the_place_of_a_file_is_kept_with_force(
    operator: Operator, source: Path, target: Path
) -> None:
    store(operator, source, file="stored", other="stored")
    (target / "file").mkdir(parents=True)
    kept = operator.run("files", "export", USERNAME, target, code=1)
    forced = operator.run("files", "export", USERNAME, target, "--force", code=1)

    assert "file: a different item has this name and was kept" in kept.stderr
    assert forced.stderr == "file: Is a directory.\n"
    assert tree_of(target) == {"file": None, "other": b"stored"}


@pytest.mark.parametrize("name", ["../escaped", "..", "a/../../escaped", "/escaped"])
def test_an_unsafe_name_from_the_database_is_refused(
    operator: Operator, source: Path, target: Path, name: str
) -> None:
    store(operator, source, hostile="1", other="2")
    rename_in_the_database(operator.app, "hostile", name)
    before = {path.name for path in target.parent.iterdir()}
    told = operator.run("files", "export", USERNAME, target, code=1)

    assert "cannot be used: " in told.stderr
    assert {path.name for path in target.parent.iterdir()} == before | {"target"}
    assert tree_of(target) == {"other": b"2"}


def test_missing_or_damaged_content_is_reported_and_not_exported(
    operator: Operator, source: Path, target: Path, tmp_path: Path
) -> None:
    store(operator, source, missing="missing", damaged="damaged", whole="whole")
    instance = tmp_path / "instance"
    blob_of(operator, instance, "missing").unlink()
    blob_of(operator, instance, "damaged").write_text("DAMAGED")
    told = operator.run("files", "export", USERNAME, target, code=1)

    assert told.stdout == "Exported 1 file, 5 bytes. 2 failed.\n"
    assert "missing: The stored content of this file is missing." in told.stderr
    assert "damaged: Expected " in told.stderr
    assert tree_of(target) == {"whole": b"whole"}


@pytest.mark.parametrize("function", ["open", "fsync"])
def test_a_full_local_disk_ends_the_export_and_leaves_no_part(
    operator: Operator, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    store(operator, source, a="1", b="2")
    fault = Fault(monkeypatch, function, errno.ENOSPC, lambda path: path.suffix == ".part")
    told = operator.run("files", "export", USERNAME, target, code=1)

    assert told.stderr.splitlines() == [
        "a: No space left on device.",
        "Error: Stopped: this error affects all files. Fix it and run the command again.",
    ]
    assert fault.calls == 1
    assert tree_of(target) == {}


def test_a_folder_that_cannot_be_created_is_reported(
    operator: Operator, source: Path, tmp_path: Path
) -> None:
    store(operator, source, a="1")
    told = operator.run("files", "export", USERNAME, source / "a" / "below", code=1)

    assert told.stderr == f"{source}/a/below: Not a directory.\n"


def test_export_and_list_read_several_pages(
    operator: Operator, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (_exporting, files):
        monkeypatch.setattr(module, "MAX_LIMIT", 2)
    names = [str(number) for number in range(5)]
    store(operator, source, **dict.fromkeys(names, "1"))
    operator.run("files", "export", USERNAME, target)
    listed = operator.document("files", "list", USERNAME)["entries"]

    assert sorted(path.name for path in target.iterdir()) == names
    assert [entry["name"] for entry in listed] == names


def test_export_json_has_an_event_per_file(operator: Operator, source: Path, target: Path) -> None:
    store(operator, source, file="1")
    done, summary = operator.events("files", "export", USERNAME, target)

    assert (done["event"], done["entry"]["path"]) == ("done", "file")
    assert summary == {"event": "summary", "files": 1, "bytes": 1, "left_out": 0, "failed": 0}


def test_files_list_shows_a_folder_or_the_whole_tree(operator: Operator, source: Path) -> None:
    (source / "folder").mkdir()
    fill(source / "folder", inside="1")
    operator.run("files", "import", USERNAME, source)
    top = operator.run("files", "list", USERNAME).stdout
    below = operator.run("files", "list", USERNAME, "--path", "/source/folder").stdout
    everything = operator.run("files", "list", USERNAME, "-r", "--path", "source").stdout

    assert [line.split()[0] for line in top.splitlines()] == ["-"]
    assert top.endswith("  source/\n")
    assert below.startswith("   1 byte  ")
    assert below.endswith("  source/folder/inside\n")
    assert [line.split()[-1] for line in everything.splitlines()] == [
        "source/folder/",
        "source/folder/inside",
    ]


def test_files_list_json_matches_http_entries(operator: Operator, source: Path) -> None:
    store(operator, source, **{"note.txt": "1"})
    (entry,) = operator.document("files", "list", USERNAME)["entries"]

    assert (entry["kind"], entry["name"], entry["path"]) == ("file", "note.txt", "note.txt")
    assert (entry["size"], entry["media_type"]) == (1, "text/plain")
    assert len(entry["content_hash"]) == 64
    assert entry["created_at"].endswith("Z")


@pytest.mark.parametrize("path", ["nowhere", "file", "../.."])
def test_listing_a_missing_folder_or_a_file_is_an_error(operator: Operator, source: Path, path: str) -> None:
    store(operator, source, file="1")
    refused = operator.run("files", "list", USERNAME, "--path", path, "--json", code=1)

    assert refused.stdout == ""
    assert refused.stderr.startswith("Error: ")


@pytest.mark.parametrize("force", [(), ("--force",)], ids=str)
def test_names_the_disk_cannot_hold_are_reported_and_the_rest_is_written(
    operator: Operator, app: Flask, source: Path, target: Path, force: tuple[str, ...]
) -> None:
    fill(source, a="1", long="2", z="3")
    (source / "folder").mkdir()
    fill(source / "folder", inside="4")
    operator.run("files", "import", USERNAME, source / "a", source / "long", source / "z", source / "folder")
    rename_in_the_database(app, "long", "я" * 200)
    rename_in_the_database(app, "folder", "Я" * 200)

    for _ in range(2):
        told = operator.run("files", "export", USERNAME, target, *force, code=1)

        for path in ("я" * 200, "Я" * 200, "Я" * 200 + "/inside"):
            assert f"{path}: File name too long." in told.stderr.splitlines()
        assert tree_of(target) == {"a": b"1", "z": b"3"}
