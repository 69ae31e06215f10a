"""Upload journals that are damaged or cannot be written: a warning, and never a failed upload."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cabinet.client.failures import UploadInUse
from cabinet.client.local import stat_source
from cabinet.client.transfer.parts import Span
from cabinet.client.transfer.upload_journal import (
    JournalKey,
    Piece,
    UploadJournal,
    default_folder,
    delete_journal_of,
    local_files,
    open_journal,
    sibling_ids,
)
from tests.cli.conftest import Filecli
from tests.support.contents import content_of
from tests.support.faults import Fault

SUBJECT = JournalKey("http://here", "alice", "/file", "file")
DIGEST = bytes(range(32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the missing folder of journals."""
    return tmp_path / "state" / "filecli" / "uploads"


def begin(journal: UploadJournal, workdir: Path, size: int = 8 << 20) -> Piece:
    file = workdir / "file"
    file.touch()
    os.truncate(file, size)
    piece = Piece("an-id", Span(0, size))
    journal.begin(SUBJECT, stat_source(file), "replace", [piece])
    return piece


def in_the_way(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file")


def a_folder_in_place_of_the_file(folder: Path) -> None:
    (folder / SUBJECT.file_name).mkdir(parents=True)


def a_pipe_in_place_of_the_file(folder: Path) -> None:
    folder.mkdir(parents=True)
    os.mkfifo(folder / SUBJECT.file_name)


def a_link_to_itself(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.symlink_to(folder)


@pytest.mark.parametrize(
    "spoil", [in_the_way, a_folder_in_place_of_the_file, a_pipe_in_place_of_the_file, a_link_to_itself]
)
def test_an_upload_continues_without_a_journal(
    spoil: Callable[[Path], None], folder: Path, workdir: Path
) -> None:
    spoil(folder)
    warnings: list[str] = []
    with open_journal(folder, SUBJECT, warnings.append) as journal:
        piece = begin(journal, workdir)
        journal.add(piece, 0, DIGEST)
        assert piece.digests == DIGEST
        assert journal.matches(stat_source(workdir / "file"), "replace")
        journal.delete()
        assert not journal.pieces

    assert len(warnings) == 1
    assert "An interrupted upload will start again from the beginning." in warnings[0]
    assert local_files(folder) == {}
    assert sibling_ids(folder, "an-id") == ["an-id"]
    delete_journal_of(folder, "an-id")


@pytest.mark.parametrize("function", ["open", "mkdir"])
@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_any_error_of_the_disk_is_a_warning(
    function: str, code: int, folder: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    Fault(monkeypatch, function, code, lambda path: "state" in path.parts)
    with open_journal(folder, SUBJECT, warnings.append) as journal:
        begin(journal, workdir)

    assert len(warnings) == 1
    assert f"“{folder}”" in warnings[0]


@pytest.mark.parametrize("after", [0, 1])
def test_a_disk_that_fills_up_keeps_the_complete_lines(
    after: int, folder: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    with open_journal(folder, SUBJECT, warnings.append) as journal:
        with monkeypatch.context() as patched:
            Fault(patched, "write", errno.ENOSPC, lambda path: path.parent == folder, after=after)
            piece = begin(journal, workdir)
            journal.add(piece, 0, DIGEST)
        journal.add(piece, 1, DIGEST)
        assert piece.digests == DIGEST * 2
    assert len(warnings) == 1

    with open_journal(folder, SUBJECT, warnings.append) as journal:
        assert [piece.digests for piece in journal.pieces] == [b""] * after


def test_an_incomplete_line_does_not_affect_the_next_run(
    folder: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    warnings: list[str] = []
    with open_journal(folder, SUBJECT, warnings.append) as journal:
        piece = begin(journal, workdir)
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:10]))
            journal.add(piece, 0, DIGEST)
    assert len(warnings) == 1

    with open_journal(folder, SUBJECT, warnings.append) as journal:
        journal.add(journal.pieces[0], 0, DIGEST)
    with open_journal(folder, SUBJECT, warnings.append) as journal:
        assert journal.pieces[0].digests == DIGEST


HEADER = {"local": "/file", "size": 8 << 20, "mtime_ns": 1, "on_conflict": "replace"}
LINE = {"piece": 0, "block": 0, "digests": DIGEST.hex()}


@pytest.mark.parametrize(
    "header",
    [
        b"\x00\xff\xfe", b"[1, 2]", b"17", b"[" * 100_000, b"{}", b'{"pieces": 5}', b'{"pieces": [[1, 2, 3]]}',
        *(json.dumps({**HEADER, "pieces": pieces}).encode()
          for pieces in ([], [["a", 0, 5]], [["a", 1, 8 << 20]], [["a", "0", 8 << 20]], [["a", 0, 9 << 20]],
                         [["a", 0, 8 << 20], ["b", 0, 1]], [[0, 0, 8 << 20]], [["a", 0]])),
    ],
)  # fmt: skip
def test_an_invalid_journal_is_ignored(header: bytes, folder: Path, workdir: Path) -> None:
    folder.mkdir(parents=True)
    (folder / SUBJECT.file_name).write_bytes(header + b"\n" + json.dumps(LINE).encode() + b"\n")
    assert local_files(folder) == {}
    warnings: list[str] = []
    with open_journal(folder, SUBJECT, warnings.append) as journal:
        assert journal.pieces == []
        begin(journal, workdir)

    assert len(warnings) == 1
    assert "is damaged" in warnings[0]
    with open_journal(folder, SUBJECT, warnings.append) as journal:
        assert len(journal.pieces) == 1


@pytest.mark.parametrize(
    "change",
    [{"block": 1}, {"block": -1}, {"block": "0"}, {"piece": 1}, {"digests": "00"}, {"digests": "zz"},
     {"digests": DIGEST.hex() * 3}, {"block": None}],
)  # fmt: skip
def test_invalid_digests_are_ignored(change: dict[str, object], folder: Path) -> None:
    folder.mkdir(parents=True)
    lines = [{**HEADER, "pieces": [["a", 0, 8 << 20]]}, {**LINE, **change}, LINE]
    (folder / SUBJECT.file_name).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with open_journal(folder, SUBJECT, pytest.fail) as journal:
        assert [piece.digests for piece in journal.pieces] == [b""]


def test_a_journal_is_locked(folder: Path, workdir: Path) -> None:
    with (
        open_journal(folder, SUBJECT, pytest.fail),
        pytest.raises(UploadInUse),
        open_journal(folder, SUBJECT, pytest.fail),
    ):
        pass


def test_a_large_upload_needs_no_home(alice: Filecli, workdir: Path, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    for name in ("one", "two"):
        (workdir / name).write_bytes(content_of(16 << 20))
    done = alice("upload", "one", "two")

    assert (done.exit_code, sorted(done.stdout.split())) == (0, ["one", "two"])
    assert done.stderr.count("filecli: warning: ") == 1
    assert "cannot be used: Not a directory." in done.stderr
    assert alice("uploads").exit_code == 0


def test_without_a_home_folder_nothing_is_created_in_the_working_folder(
    alice: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setattr("os.path.expanduser", str)
    assert not default_folder().is_absolute()
    warnings: list[str] = []
    with open_journal(default_folder(), SUBJECT, warnings.append):
        pass
    assert len(warnings) == 1
    done = alice("login", given="a\nb\n")

    assert alice("ls").exit_code == 3
    assert done.exit_code == 3
    assert list(workdir.iterdir()) == []
