"""The .part files of downloads: which are kept, resumed, or never changed."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import pytest

from cabinet.client.failures import (
    ChangedMeanwhile,
    ClientFailure,
    Damaged,
    ForeignPart,
    LocalDiskFull,
    LocalExists,
    LocalFault,
    PartInUse,
)
from cabinet.client.local_failures import LocalTooLarge
from cabinet.client.transfer.sinks import LONGEST_NAME, StreamSink, hash_file_of, open_part, part_of
from cabinet.storage.content_hash import hash_chunks

CONTENT = b"the whole content"
HASH = hash_chunks([CONTENT])


@pytest.fixture
def target(workdir: Path) -> Path:
    return workdir / "file"


def leave_part(target: Path, content: bytes, content_hash: str = HASH) -> None:
    with open_part(target) as part:
        part.restart(content_hash)
        part.write(content)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_complete_part_is_renamed_to_the_target(target: Path) -> None:
    with open_part(target) as part:
        part.restart(HASH)
        part.write(CONTENT)
        assert not target.exists()
        part.finish()

    assert target.read_bytes() == CONTENT
    assert names_in(target.parent) == {"file"}


def test_an_empty_file_is_downloaded(target: Path) -> None:
    with open_part(target) as part:
        part.restart(hash_chunks([]))
        part.finish()

    assert target.read_bytes() == b""
    assert names_in(target.parent) == {"file"}


def test_an_interrupted_part_is_kept_and_resumed(target: Path) -> None:
    leave_part(target, CONTENT[:5])

    assert names_in(target.parent) == {"file.part", "file.part.hash"}
    with open_part(target) as part:
        assert (part.offset, part.content_hash, part.is_whole) == (5, HASH, False)
        part.write(CONTENT[5:])
        part.finish()
    assert target.read_bytes() == CONTENT


def test_an_empty_part_is_removed(target: Path) -> None:
    with open_part(target) as part:
        part.restart(HASH)

    assert names_in(target.parent) == set()


def test_a_part_restarts_for_another_content(target: Path) -> None:
    leave_part(target, b"the old content, which was longer")
    with open_part(target) as part:
        part.restart(HASH)
        part.write(CONTENT)
        part.finish()

    assert target.read_bytes() == CONTENT


def test_a_part_with_a_truncated_hash_file_restarts(target: Path) -> None:
    leave_part(target, CONTENT[:5])
    hash_file_of(part_of(target)).write_text("")

    with open_part(target) as part:
        assert part.offset == 0


def test_a_damaged_part_is_never_renamed(target: Path) -> None:
    with open_part(target) as part:
        part.restart(HASH)
        part.write(b"something else")
        with pytest.raises(Damaged):
            part.finish()

    assert names_in(target.parent) == set()


def test_a_foreign_part_file_is_not_overwritten(target: Path) -> None:
    part_of(target).write_bytes(b"precious")

    with pytest.raises(ForeignPart), open_part(target):
        pytest.fail("it was opened")
    assert part_of(target).read_bytes() == b"precious"


def test_a_foreign_part_file_can_be_adopted(target: Path) -> None:
    part_of(target).write_bytes(b"precious")
    with open_part(target, adopt=True) as part:
        assert part.offset == 0
        part.restart(HASH)
        part.write(CONTENT)
        part.finish()

    assert names_in(target.parent) == {"file"}


def test_a_part_is_locked(target: Path) -> None:
    with open_part(target), pytest.raises(PartInUse), open_part(target):
        pytest.fail("it was opened")


def test_a_part_hard_linked_to_its_target_is_not_written(target: Path) -> None:
    leave_part(target, CONTENT)
    os.link(part_of(target), target)
    kept = target.rename(target.with_name("kept"))

    with open_part(target) as part:
        assert part.offset == 0
        part.restart(HASH)
        part.write(b"something else")
    assert kept.read_bytes() == CONTENT


def test_an_interruption_after_a_write_loses_nothing(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def interrupted(descriptor: int, data: bytes) -> int:
        write(descriptor, data)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        leave_part(target, CONTENT[:5])

    assert part_of(target).read_bytes() == CONTENT[:5]


def test_a_link_in_the_place_of_a_part_is_not_followed(target: Path, tmp_path: Path) -> None:
    (tmp_path / "canary").write_bytes(b"precious")
    part_of(target).symlink_to(tmp_path / "canary")

    with pytest.raises(LocalFault), open_part(target, adopt=True):
        pytest.fail("it was opened")
    assert (tmp_path / "canary").read_bytes() == b"precious"


def test_a_link_in_the_place_of_a_hash_file_is_not_followed(target: Path, tmp_path: Path) -> None:
    (tmp_path / "canary").write_bytes(b"precious")
    hash_file_of(part_of(target)).symlink_to(tmp_path / "canary")

    with pytest.raises(LocalFault):
        leave_part(target, CONTENT)
    assert (tmp_path / "canary").read_bytes() == b"precious"


def test_a_pipe_in_the_place_of_a_part_is_refused(target: Path) -> None:
    os.mkfifo(part_of(target))

    with pytest.raises(LocalFault), open_part(target, adopt=True):
        pytest.fail("it was opened")


@pytest.mark.parametrize("can_link", [True, False])
def test_a_file_created_during_the_download_is_kept(
    can_link: bool, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_link:
        monkeypatch.setattr(os, "link", refuse_links)
    with open_part(target) as part:
        part.restart(HASH)
        part.write(CONTENT)
        target.write_bytes(b"precious")
        with pytest.raises(LocalExists):
            part.finish()

    assert target.read_bytes() == b"precious"
    assert part_of(target).read_bytes() == CONTENT


def test_a_part_is_renamed_without_hard_links(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", refuse_links)
    with open_part(target) as part:
        part.restart(HASH)
        part.write(CONTENT)
        part.finish()

    assert names_in(target.parent) == {"file"}


def refuse_links(*_: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_replace_replaces_the_target(target: Path) -> None:
    target.write_bytes(b"old")
    with open_part(target, replace=True) as part:
        part.restart(HASH)
        part.write(CONTENT)
        part.finish()

    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, LocalDiskFull), (errno.EDQUOT, LocalDiskFull), (errno.EFBIG, LocalTooLarge)],
)
def test_a_full_disk_keeps_the_part(
    number: int, kind: type[ClientFailure], target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with open_part(target) as part:
        part.restart(HASH)
        part.write(CONTENT[:5])
        with monkeypatch.context() as broken:
            broken.setattr(os, "write", fail)
            with pytest.raises(kind):
                part.write(CONTENT[5:])

    assert part_of(target).read_bytes() == CONTENT[:5]


def test_a_failed_sync_creates_no_file(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with open_part(target) as part:
        part.restart(HASH)
        part.write(CONTENT)
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(LocalFault):
            part.finish()

    assert not target.exists()


def test_the_part_is_synced_before_the_rename(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    sync, link = os.fsync, os.link

    def watch_sync(descriptor: int) -> None:
        calls.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        sync(descriptor)

    def watch_link(source: Path, name: Path) -> None:
        calls.append(f"name {name.name}")
        link(source, name)

    monkeypatch.setattr(os, "fsync", watch_sync)
    monkeypatch.setattr(os, "link", watch_link)
    with open_part(target) as part:
        part.restart(HASH)
        part.write(CONTENT)
        part.finish()

    assert calls == ["sync file.part", "name file", f"sync {target.parent.name}"]


@pytest.mark.parametrize("letter", ["a", "Ж", "😀"])
def test_long_names_have_unique_parts(letter: str, workdir: Path) -> None:
    length = LONGEST_NAME // len(letter.encode())
    longest, other = workdir / (letter * length), workdir / (letter * (length - 1))
    parts = {part_of(longest), part_of(other)}

    assert len(parts) == 2
    for part in parts:
        assert len(os.fsencode(hash_file_of(part).name)) <= LONGEST_NAME
        part.name.encode()
    leave_part(longest, CONTENT)
    with open_part(longest) as whole:
        whole.finish()
    assert names_in(workdir) == {longest.name}


def test_a_stream_is_verified_after_writing() -> None:
    stream = io.BytesIO()
    sink = StreamSink(stream, "file")
    sink.restart(HASH)
    sink.write(CONTENT)
    sink.finish()

    assert stream.getvalue() == CONTENT


def test_a_damaged_stream_is_reported() -> None:
    sink = StreamSink(io.BytesIO(), "file")
    sink.restart(HASH)
    sink.write(b"something else")

    with pytest.raises(Damaged):
        sink.finish()


def test_a_stream_cannot_restart() -> None:
    sink = StreamSink(io.BytesIO(), "file")
    sink.restart(hash_chunks([b"old"]))
    sink.restart(HASH)
    sink.write(CONTENT[:1])

    with pytest.raises(ChangedMeanwhile):
        sink.restart(hash_chunks([b"new"]))
