"""Parts of downloads: what is kept, what is taken up again, and what is never touched."""

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
from cabinet.client.transfer.sinks import LONGEST_NAME, StreamSink, mark_of, open_part, part_of
from cabinet.storage.content_hash import hash_chunks

CONTENT = b"the whole content"
HASH = hash_chunks([CONTENT])


@pytest.fixture
def target(desk: Path) -> Path:
    return desk / "file"


def leave_part(target: Path, content: bytes, content_hash: str = HASH) -> None:
    with open_part(target) as part:
        part.restart(content_hash)
        part.write(content)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_whole_part_takes_the_name_of_the_file(target: Path) -> None:
    with open_part(target) as part:
        part.restart(HASH)
        part.write(CONTENT)
        assert not target.exists()
        part.finish()

    assert target.read_bytes() == CONTENT
    assert names_in(target.parent) == {"file"}


def test_an_empty_file_is_a_file(target: Path) -> None:
    with open_part(target) as part:
        part.restart(hash_chunks([]))
        part.finish()

    assert target.read_bytes() == b""
    assert names_in(target.parent) == {"file"}


def test_a_part_outlives_what_interrupts_it_and_is_taken_up(target: Path) -> None:
    leave_part(target, CONTENT[:5])

    assert names_in(target.parent) == {"file.part", "file.part.hash"}
    with open_part(target) as part:
        assert (part.offset, part.content_hash, part.is_whole) == (5, HASH, False)
        part.write(CONTENT[5:])
        part.finish()
    assert target.read_bytes() == CONTENT


def test_a_part_in_which_nothing_came_is_removed(target: Path) -> None:
    with open_part(target) as part:
        part.restart(HASH)

    assert names_in(target.parent) == set()


def test_a_part_starts_over_for_another_content(target: Path) -> None:
    leave_part(target, b"the old content, which was longer")
    with open_part(target) as part:
        part.restart(HASH)
        part.write(CONTENT)
        part.finish()

    assert target.read_bytes() == CONTENT


def test_a_part_whose_mark_was_lost_half_written_starts_over(target: Path) -> None:
    leave_part(target, CONTENT[:5])
    mark_of(part_of(target)).write_text("")

    with open_part(target) as part:
        assert part.offset == 0


def test_a_damaged_part_never_takes_the_name(target: Path) -> None:
    with open_part(target) as part:
        part.restart(HASH)
        part.write(b"something else")
        with pytest.raises(Damaged):
            part.finish()

    assert names_in(target.parent) == set()


def test_a_file_called_like_a_part_is_not_ours_to_write_to(target: Path) -> None:
    part_of(target).write_bytes(b"precious")

    with pytest.raises(ForeignPart), open_part(target):
        pytest.fail("it was opened")
    assert part_of(target).read_bytes() == b"precious"


def test_a_file_called_like_a_part_can_be_given_up(target: Path) -> None:
    part_of(target).write_bytes(b"precious")
    with open_part(target, adopt=True) as part:
        assert part.offset == 0
        part.restart(HASH)
        part.write(CONTENT)
        part.finish()

    assert names_in(target.parent) == {"file"}


def test_two_cannot_write_one_part(target: Path) -> None:
    with open_part(target), pytest.raises(PartInUse), open_part(target):
        pytest.fail("it was opened")


def test_a_file_whose_part_was_not_cleared_away_is_never_written_to_again(target: Path) -> None:
    leave_part(target, CONTENT)
    os.link(part_of(target), target)
    kept = target.rename(target.with_name("kept"))

    with open_part(target) as part:
        assert part.offset == 0
        part.restart(HASH)
        part.write(b"something else")
    assert kept.read_bytes() == CONTENT


def test_an_interruption_behind_the_write_loses_nothing(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def interrupted(descriptor: int, data: bytes) -> int:
        write(descriptor, data)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        leave_part(target, CONTENT[:5])

    assert part_of(target).read_bytes() == CONTENT[:5]


def test_a_link_called_like_a_part_is_not_followed(target: Path, tmp_path: Path) -> None:
    (tmp_path / "canary").write_bytes(b"precious")
    part_of(target).symlink_to(tmp_path / "canary")

    with pytest.raises(LocalFault), open_part(target, adopt=True):
        pytest.fail("it was opened")
    assert (tmp_path / "canary").read_bytes() == b"precious"


def test_a_link_called_like_a_mark_is_not_followed(target: Path, tmp_path: Path) -> None:
    (tmp_path / "canary").write_bytes(b"precious")
    mark_of(part_of(target)).symlink_to(tmp_path / "canary")

    with pytest.raises(LocalFault):
        leave_part(target, CONTENT)
    assert (tmp_path / "canary").read_bytes() == b"precious"


def test_a_pipe_called_like_a_part_is_refused(target: Path) -> None:
    os.mkfifo(part_of(target))

    with pytest.raises(LocalFault), open_part(target, adopt=True):
        pytest.fail("it was opened")


@pytest.mark.parametrize("can_link", [True, False])
def test_a_file_that_appeared_meanwhile_is_kept(
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


def test_where_there_are_no_hard_links_a_part_is_renamed(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refuse_links)
    with open_part(target) as part:
        part.restart(HASH)
        part.write(CONTENT)
        part.finish()

    assert names_in(target.parent) == {"file"}


def refuse_links(*_: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_with_leave_a_file_is_replaced(target: Path) -> None:
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
def test_a_full_disk_has_a_name_and_keeps_what_came(
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


def test_a_disk_that_cannot_sync_gives_no_file(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with open_part(target) as part:
        part.restart(HASH)
        part.write(CONTENT)
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(LocalFault):
            part.finish()

    assert not target.exists()


def test_the_part_is_synced_before_it_takes_the_name(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_the_longest_names_have_a_part_of_their_own(letter: str, desk: Path) -> None:
    length = LONGEST_NAME // len(letter.encode())
    longest, other = desk / (letter * length), desk / (letter * (length - 1))
    parts = {part_of(longest), part_of(other)}

    assert len(parts) == 2
    for part in parts:
        assert len(os.fsencode(mark_of(part).name)) <= LONGEST_NAME
        part.name.encode()
    leave_part(longest, CONTENT)
    with open_part(longest) as whole:
        whole.finish()
    assert names_in(desk) == {longest.name}


def test_a_stream_is_verified_once_it_is_written() -> None:
    stream = io.BytesIO()
    sink = StreamSink(stream, "file")
    sink.restart(HASH)
    sink.write(CONTENT)
    sink.finish()

    assert stream.getvalue() == CONTENT


def test_a_stream_that_took_other_bytes_is_reported() -> None:
    sink = StreamSink(io.BytesIO(), "file")
    sink.restart(HASH)
    sink.write(b"something else")

    with pytest.raises(Damaged):
        sink.finish()


def test_a_stream_cannot_start_over() -> None:
    sink = StreamSink(io.BytesIO(), "file")
    sink.restart(hash_chunks([b"old"]))
    sink.restart(HASH)
    sink.write(CONTENT[:1])

    with pytest.raises(ChangedMeanwhile):
        sink.restart(hash_chunks([b"new"]))
