"""Downloads of many small files in one archive: every file is verified before it is renamed and reported."""

from __future__ import annotations

import errno
import json
import os
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cabinet.client.transfer.bundles import MOST_FILES, SMALL
from cabinet.services.archives.zip_format import Archive
from tests.cli.conftest import Filecli
from tests.cli.scripted import Answer, Script, content_answer, entry_of, page_of, problem
from tests.support.contents import content_of
from tests.support.faults import Fault

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AWKWARD = ["nul", "a:b?.txt", "trailing. ", "Case", "case", "é", "я" * 100, "-rf", "%2e%2e", "a&b=c+d"]

FILES = {f"docs/{name}": name.encode() * 50_000 for name in ("one", "two", "three", "four")}


def requests(said: str) -> list[str]:
    return [line.split("http://")[0].strip() for line in said.splitlines() if "http://" in line]


def archive_of(files: Sequence[tuple[str, bytes]]) -> bytes:
    archive = Archive()
    pieces: list[bytes] = []
    for name, content in files:
        pieces.extend(archive.small_file(name, MOMENT, content))
    pieces.extend(archive.end())
    archive.close()
    return b"".join(pieces)


def zip_answer(content: bytes, cut: int | None = None) -> Answer:
    return Answer(200, content, {"Content-Type": "application/zip"}, cut)


@pytest.fixture
def listed(script: Script) -> Script:
    """Return a server that lists `FILES` and serves each of them alone."""
    page = page_of(*(entry_of(path, content) for path, content in FILES.items()))
    script.will_at("/files?path=docs&limit=1", page_of())
    script.will_at("/files?path=docs&recursive=1&limit=1000", page)
    for path, content in FILES.items():
        script.will_at(f"/download/{path}", content_answer(content))
    return script


def asked(script: Script) -> list[str]:
    return [seen.target for seen in script.seen if not seen.target.startswith("/files?")]


def all_there(workdir: Path) -> bool:
    found = {
        str(path.relative_to(workdir)): path.read_bytes() for path in workdir.rglob("*") if path.is_file()
    }
    return found == FILES


@pytest.fixture
def stored(alice: Filecli, workdir: Path) -> Filecli:
    """Run filecli as a user with a folder of many files."""
    folder = workdir / "up" / "docs"
    for name in [*AWKWARD, "deep/er/nul", "empty", *(f"{number}" for number in range(MOST_FILES))]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("" if name == "empty" else f"content of {name}")
        os.utime(folder / name, ns=(1_500_000_000_123_456_000, 1_500_000_000_123_456_000))
    (folder / "large").write_bytes(content_of(SMALL + 1))
    (folder / "just").write_bytes(content_of(SMALL))
    assert alice("upload", "-r", "up/docs").exit_code == 0
    return alice


def same(one: Path, other: Path) -> bool:
    def content(folder: Path) -> dict[str, tuple[bytes, int]]:
        return {
            str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns // 1000)
            for path in folder.rglob("*")
            if path.is_file()
        }

    return content(one) == content(other)


def test_many_small_files_are_downloaded_in_few_requests(stored: Filecli, workdir: Path) -> None:
    done = stored("download", "-v", "-r", "docs")

    assert done.exit_code == 0, done.stderr
    assert requests(done.stderr).count("POST") == 2
    assert requests(done.stderr).count("GET") == 3
    assert same(workdir / "docs", workdir / "up" / "docs")
    assert len(done.stdout.splitlines()) == MOST_FILES + len(AWKWARD) + 4
    assert f"Downloaded {MOST_FILES + len(AWKWARD) + 4} files" in done.stderr


def test_sync_downloads_small_files_in_few_requests(stored: Filecli, workdir: Path) -> None:
    done = stored("sync", "-v", ":docs", "docs")

    assert done.exit_code == 0, done.stderr
    assert requests(done.stderr).count("POST") == 2
    assert same(workdir / "docs", workdir / "up" / "docs")
    assert " 0 files" in stored("sync", ":docs", "docs").stderr


def test_bundles_print_an_event_per_file_and_keep_existing_files(stored: Filecli, workdir: Path) -> None:
    (workdir / "docs").mkdir()
    (workdir / "docs" / "7").write_text("mine")
    (workdir / "docs" / "8").write_text("content of 8")
    done = stored("download", "--json", "-r", "docs")
    events = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.exit_code == 1
    assert (workdir / "docs" / "7").read_text() == "mine"
    assert [event["subject"] for event in events if event["event"] == "failed"] == ["docs/7"]
    assert [event["path"] for event in events if event["event"] == "unchanged"] == ["docs/8"]
    named = {event["path"]: event["size"] for event in events if event["event"] == "downloaded"}
    assert named["docs/nul"] == len("content of nul")
    assert len(named) == MOST_FILES + len(AWKWARD) + 2

    assert stored("download", "--force", "-r", "docs").exit_code == 0
    assert (workdir / "docs" / "7").read_text() == "content of 7"


def test_old_versions_are_not_downloaded_in_bundles(alice: Filecli, workdir: Path) -> None:
    for text in ("old", "new"):
        for name in ("a", "b"):
            (workdir / name).write_text(text)
        assert alice("upload", "a", "b", "--to", "in").exit_code == 0
    done = alice("versions", "get", "in/a", "1", "-o", "fetched")

    assert done.exit_code == 0, done.stderr
    assert (workdir / "fetched").read_text() == "old"


def test_files_received_before_a_lost_connection_are_kept(
    scripted: Filecli, listed: Script, workdir: Path
) -> None:
    files = list(FILES.items())
    cut = len(files[0][1]) + len(files[1][1]) // 2
    listed.will(zip_answer(archive_of(files), cut), zip_answer(archive_of(files[1:])))
    done = scripted("download", "-r", "docs")

    assert done.exit_code == 0, done.stderr
    assert asked(listed) == ["/zip", "/zip"]
    assert b"names=exact" in listed.seen[-1].body
    assert b"docs%2Fone" not in listed.seen[-1].body
    assert all_there(workdir)


def test_retries_of_an_empty_bundle_end(scripted: Filecli, listed: Script, workdir: Path) -> None:
    listed.will_at("/zip", *[zip_answer(archive_of(list(FILES.items())), cut=10) for _ in range(9)])
    done = scripted("download", "--retries", "2", "-r", "docs")

    assert done.exit_code == 8
    assert asked(listed) == ["/zip"] * 3
    assert not any(path.is_file() for path in workdir.rglob("*"))


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "docs/other", "docs/three", "one", ""])
def test_an_unrequested_name_is_rejected(name: str, scripted: Filecli, listed: Script, workdir: Path) -> None:
    files = [*FILES.items()]
    listed.will(zip_answer(archive_of([files[0], (name, files[1][1]), *files[2:]])))
    done = scripted("download", "-r", "docs")

    assert done.exit_code == 0, done.stderr
    assert asked(listed) == ["/zip", "/download/docs/two", "/download/docs/three", "/download/docs/four"]
    assert all_there(workdir)
    assert not (workdir.parent / "evil").exists()


def test_a_file_with_another_hash_is_fetched_alone(scripted: Filecli, listed: Script, workdir: Path) -> None:
    files = dict(FILES)
    files["docs/two"] = b"changed since"
    listed.will(zip_answer(archive_of(list(files.items()))))

    assert scripted("download", "-r", "docs").exit_code == 0
    assert asked(listed) == ["/zip", "/download/docs/two"]
    assert all_there(workdir)


def damaged(archive: bytes) -> bytes:
    at = archive.index(FILES["docs/two"])
    return archive[:at] + b"!" + archive[at + 1 :]


def too_long(archive: bytes) -> bytes:
    at = archive.index(b"docs/two") - 30
    return archive[: at + 18] + struct.pack("<2L", 1 << 31, 1 << 31) + archive[at + 26 :]


def size_behind(archive: bytes) -> bytes:
    at = archive.index(b"docs/two") - 30
    return archive[: at + 6] + struct.pack("<H", 8) + archive[at + 8 :]


def compressed(archive: bytes) -> bytes:
    at = archive.index(b"docs/two") - 30
    return archive[: at + 8] + struct.pack("<H", 8) + archive[at + 10 :]


@pytest.mark.parametrize("spoil", [damaged, too_long, size_behind, compressed])
def test_a_file_in_another_format_is_fetched_alone(
    spoil: Callable[[bytes], bytes], scripted: Filecli, listed: Script, workdir: Path
) -> None:
    files = list(FILES.items())
    listed.will(zip_answer(spoil(archive_of(files))), zip_answer(archive_of(files[2:])))

    assert scripted("download", "-r", "docs").exit_code == 0
    assert asked(listed) == ["/zip", "/zip", "/download/docs/two"]
    assert all_there(workdir)


def test_a_deleted_file_does_not_stop_the_others(scripted: Filecli, listed: Script, workdir: Path) -> None:
    files = list(FILES.items())
    listed.routes["/download/docs/three"].clear()
    listed.will_at("/download/docs/three", problem("not-found", 404))
    gone = problem("not-found", 404)
    listed.will(gone, zip_answer(archive_of(files[:2])), gone, gone, zip_answer(archive_of(files[3:])))
    done = scripted("download", "-r", "docs")

    assert done.exit_code == 1
    assert done.stderr.count("filecli: error: docs/three") == 1
    assert sorted(done.stdout.split()) == ["docs/four", "docs/one", "docs/two"]


@pytest.mark.parametrize("status", [404, 405, 413])
def test_files_are_fetched_alone_without_archive_support(
    status: int, scripted: Filecli, listed: Script, workdir: Path
) -> None:
    listed.will_at("/zip", *[Answer(status, b"<h1>No</h1>") for _ in range(20)])

    assert scripted("download", "-r", "docs").exit_code == 0
    assert all_there(workdir)


def test_an_unwritable_target_does_not_stop_the_others(
    scripted: Filecli, listed: Script, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed.will(zip_answer(archive_of(list(FILES.items()))))
    Fault(monkeypatch, "open", errno.EACCES, lambda path: path.name.startswith("two"))
    done = scripted("download", "-r", "docs")

    assert done.exit_code == 1
    assert sorted(done.stdout.split()) == ["docs/four", "docs/one", "docs/three"]
    assert done.stderr.count("filecli: error:") == 1


def test_files_are_reported_and_renamed_only_when_durable(
    scripted: Filecli, listed: Script, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed.will(zip_answer(archive_of(list(FILES.items()))))
    synced: list[str] = []
    sync, rename = os.fsync, os.link

    def note_sync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        sync(descriptor)

    def check_link(source: Path, target: Path) -> None:
        assert Path(source).name in synced
        rename(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "link", check_link)

    assert scripted("download", "-r", "docs").exit_code == 0
    assert all_there(workdir)
    assert synced[-1] == "docs"


def test_leftovers_of_an_interruption_are_overwritten(
    scripted: Filecli, listed: Script, workdir: Path
) -> None:
    listed.will(zip_answer(archive_of(list(FILES.items()))))
    (workdir / "docs").mkdir()
    (workdir / "docs" / "two.part").write_bytes(b"half")
    (workdir / "docs" / "two.part.hash").write_text("0" * 64)

    assert scripted("download", "-r", "docs").exit_code == 0
    assert all_there(workdir)
