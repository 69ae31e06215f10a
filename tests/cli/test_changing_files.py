"""Local files that change during the upload: the stored content is a state that the file had."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from cabinet.client import local
from cabinet.client.failures import SourceChanged
from cabinet.client.local import Source, stat_source
from cabinet.client.transfer import batches, change_detection, file_upload, request_size, uploading
from cabinet.client.transfer.change_detection import ChangeDetector, VerifiedBody
from cabinet.client.wire.tus import Tus
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from tests.cli.conftest import Filecli
from tests.support.contents import content_of
from tests.support.line import Cut, Line, close_abruptly

Change = Callable[[], object]
Meddle = Callable[..., list[Source]]

# Every kind of upload, with a file size and arguments that select it: in a batch, in one request, in
# parts, and in parallel pieces.
SMALL, WHOLE, PARTS = 1000, 5 << 20, (17 << 20) + 3
WAYS = [
    pytest.param(SMALL, ["other"], id="together"),
    pytest.param(WHOLE, [], id="whole"),
    pytest.param(PARTS, ["-j", "1"], id="parts"),
    pytest.param(33 << 20, [], id="pieces", marks=pytest.mark.long),
]
ONE_STREAM = WAYS[:3]


@pytest.fixture
def file(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of the file that changes; filecli sees a high latency."""
    (workdir / "other").write_bytes(b"other")
    monkeypatch.setattr(Tus, "round_trip", lambda _: 1.0)
    return workdir / "file"


@pytest.fixture
def interfere(file: Path, monkeypatch: pytest.MonkeyPatch) -> Meddle:
    """Return a function that changes the file between reading and verification, `times` times."""
    verify = ChangeDetector.verify

    def arrange(change: Change, times: int) -> list[Source]:
        changed: list[Source] = []

        def change_and_verify(self: ChangeDetector, content_hash: str) -> Iterator[None]:
            if self.source.path == Path("file") and len(changed) < times:
                changed.append(self.source)
                change()
            return verify(self, content_hash)

        monkeypatch.setattr(ChangeDetector, "verify", change_and_verify)
        return changed

    return arrange


def stored(filecli: Filecli, path: str = "file") -> str:
    done = filecli("download", "-o", "-", path)
    assert done.exit_code == 0, done.stderr
    return hash_chunks([done.stdout_bytes])


def rewrite(file: Path, content: bytes) -> Change:
    """Return a function that overwrites bytes in the middle and restores the time."""

    def change() -> None:
        times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
        with file.open("r+b") as stream:
            stream.seek(len(content) // 2)
            stream.write(b"new")
        os.utime(file, ns=times)

    return change


def append(file: Path) -> Change:
    def change() -> None:
        with file.open("ab") as stream:
            stream.write(b"one more line\n")

    return change


def with_new(content: bytes) -> str:
    middle = len(content) // 2
    return hash_chunks([content[:middle], b"new", content[middle + 3 :]])


@pytest.mark.parametrize(("size", "others"), WAYS)
def test_a_file_that_changes_once_is_stored_in_its_new_state(
    size: int, others: list[str], alice: Filecli, file: Path, interfere: Meddle
) -> None:
    content = content_of(size)
    file.write_bytes(content)
    changed = interfere(rewrite(file, content), 1)
    done = alice("upload", *others, "file")

    assert done.exit_code == 0, done.stderr
    assert len(changed) == 1
    assert stored(alice) == with_new(content)
    assert "grew" not in done.stderr
    assert alice("uploads").stdout == ""


@pytest.mark.parametrize(("size", "others"), WAYS)
def test_a_constantly_changing_file_is_refused(
    size: int, others: list[str], alice: Filecli, file: Path, interfere: Meddle
) -> None:
    content = content_of(size)
    file.write_bytes(content)
    changed = interfere(rewrite(file, content), 1000)
    done = alice("upload", *others, "file")

    assert done.exit_code == (1 if others == ["other"] else 7)
    assert "“file” changed while it was read; nothing of it was stored." in done.stderr
    assert done.stdout.split() == [name for name in others if name == "other"]
    assert alice("download", "-o", "-", "file").exit_code == 4
    assert alice("uploads").stdout == ""
    assert len(changed) == 2


@pytest.mark.parametrize("times", [1, 1000])
@pytest.mark.parametrize(("size", "others"), WAYS)
def test_a_growing_file_is_stored_in_its_first_state(
    size: int, others: list[str], times: int, alice: Filecli, file: Path, interfere: Meddle
) -> None:
    content = content_of(size)
    file.write_bytes(content)
    interfere(append(file), times)
    done = alice("upload", *others, "file")

    assert done.exit_code == 0, done.stderr
    assert (
        f"filecli: warning: “file” grew while it was read; its first {size} bytes were stored" in done.stderr
    )
    assert stored(alice) == hash_chunks([content])


@pytest.mark.parametrize(("size", "others"), WAYS)
def test_a_file_that_grows_and_changes_is_not_stored_as_a_mixture(
    size: int, others: list[str], alice: Filecli, file: Path, interfere: Meddle
) -> None:
    content = content_of(size)
    file.write_bytes(content)

    def change() -> None:
        rewrite(file, content)()
        append(file)()

    interfere(change, 1)
    done = alice("upload", *others, "file")

    assert done.exit_code == 0, done.stderr
    assert stored(alice) == hash_chunks([file.read_bytes()])


@pytest.mark.parametrize(("size", "others"), ONE_STREAM)
def test_a_replaced_file_is_stored_as_its_replacement(
    size: int, others: list[str], alice: Filecli, file: Path, interfere: Meddle
) -> None:
    file.write_bytes(content_of(size))
    replacement = file.with_name("replacement")
    replacement.write_bytes(content_of(size, seed=1))
    os.utime(replacement, ns=(0, file.stat().st_mtime_ns))
    interfere(lambda: replacement.exists() and replacement.rename(file), 1)

    assert alice("upload", *others, "file").exit_code == 0
    assert stored(alice) == hash_chunks([content_of(size, seed=1)])


@pytest.mark.parametrize(("size", "others"), ONE_STREAM)
def test_a_file_deleted_meanwhile_is_reported_as_missing(
    size: int, others: list[str], alice: Filecli, file: Path, interfere: Meddle
) -> None:
    file.write_bytes(content_of(size))
    interfere(lambda: file.unlink(missing_ok=True), 1)
    done = alice("upload", *others, "file")

    assert done.exit_code == (1 if others == ["other"] else 4)
    assert "There is no “file” on this machine." in done.stderr
    assert alice("uploads").stdout == ""


def test_a_batch_is_stored_without_its_changed_files(
    alice: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{number}" for number in range(20)]
    for name in names:
        (workdir / name).write_text(f"old {name}")
    changing = {Path("3"), Path("17")}
    changed: set[Path] = set()

    def look(path: Path) -> Source:
        if path in changing - changed:
            changed.add(path)
            path.write_text(f"new {path}")
        return stat_source(path)

    monkeypatch.setattr("cabinet.client.transfer.change_detection.stat_source", look)
    done = alice("upload", "-v", *names)

    assert done.exit_code == 0, done.stderr
    assert sorted(done.stdout.split()) == sorted(names)
    assert [line.split()[0] for line in done.stderr.splitlines() if "http://" in line] == [
        "POST",
        "PUT",
        "PUT",
    ]
    assert stored(alice, "2") == hash_chunks([b"old 2"])
    assert stored(alice, "17") == hash_chunks([b"new 17"])


def test_a_file_changed_after_the_scan_is_sent_in_its_new_state(
    alice: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workdir / "file").write_bytes(content_of(WHOLE))
    found = stat_source(Path("file"))
    (workdir / "file").write_bytes(content_of(WHOLE + 1))
    monkeypatch.setattr("cabinet.client.transfer.uploading.stat_source", lambda _: found)
    done = alice("upload", "file")

    assert done.exit_code == 0, done.stderr
    assert "warning" not in done.stderr
    assert stored(alice) == hash_chunks([content_of(WHOLE + 1)])


@pytest.mark.parametrize("broken_at", [request_size.FIRST_SIZE, 10 << 20, 16 << 20])
def test_another_file_of_the_same_size_and_time_restarts(
    broken_at: int, bob: Filecli, line: Line, workdir: Path
) -> None:
    file = workdir / "file"
    file.write_bytes(content_of(PARTS))
    status = file.stat()
    line.plan(Cut(broken_at, close_abruptly))
    assert bob("upload", "--retries", "0", "file").exit_code == 8
    file.write_bytes(content_of(PARTS, seed=1))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert bob("upload", "file").exit_code == 0
    assert stored(bob) == hash_chunks([content_of(PARTS, seed=1)])
    assert bob("uploads").stdout == ""


def test_another_file_with_the_same_beginning_restarts(bob: Filecli, line: Line, workdir: Path) -> None:
    file, content = workdir / "file", content_of(PARTS)
    file.write_bytes(content)
    status = file.stat()
    # In the middle of a block, of which no digest can be recorded.
    line.plan(Cut(BLOCK_SIZE + 1000_000, close_abruptly))
    assert bob("upload", "--retries", "0", "file").exit_code == 8
    changed = content[: BLOCK_SIZE + 1000] + b"new" + content[BLOCK_SIZE + 1003 :]
    file.write_bytes(changed)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    done = bob("upload", "-v", "file")

    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("DELETE") == 1
    assert stored(bob) == hash_chunks([changed])


@pytest.mark.parametrize(("size", "others"), WAYS)
def test_a_file_is_read_once(
    size: int,
    others: list[str],
    alice: Filecli,
    file: Path,
    reads_of: Callable[[str], list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file.write_bytes(content_of(size))
    monkeypatch.setattr(change_detection, "_TICK", 0)
    reads = reads_of("file")
    done = alice("upload", *others, "file")

    assert done.exit_code == 0, done.stderr
    assert sum(reads) == size


def test_the_same_content_in_another_inode_resumes(
    bob: Filecli, line: Line, workdir: Path, tmp_path: Path
) -> None:
    file = workdir / "file"
    file.write_bytes(content_of(PARTS))
    line.plan(Cut(PARTS - 1000, close_abruptly))
    assert bob("upload", "--retries", "0", "file").exit_code == 8
    shutil.copy2(file, tmp_path / "copy")
    (tmp_path / "copy").rename(file)
    done = bob("upload", "-v", "file")

    assert done.exit_code == 0
    assert "DELETE" not in done.stderr
    assert stored(bob) == hash_chunks([content_of(PARTS)])


@pytest.mark.parametrize("arguments", [["/proc/version"], ["other", "/proc/version", "/sys/kernel/notes"]])
def test_a_file_of_unknown_size_is_read_to_its_end(arguments: list[str], alice: Filecli, file: Path) -> None:
    done = alice("upload", *arguments)

    assert done.exit_code == 0, done.stderr
    assert stored(alice, "version") == hash_chunks([Path("/proc/version").read_bytes()])


def test_system_files_are_uploaded_as_read(alice: Filecli) -> None:
    folder = Path("/sys/kernel/mm/transparent_hugepage")
    names = [path.name for path in folder.iterdir() if path.is_file()]
    assert names
    assert {path.stat().st_size for path in folder.iterdir() if path.is_file()} == {4096}
    done = alice("upload", "-r", str(folder), "/proc/version", "--to", "in")

    assert done.exit_code == 0, done.stderr
    for name in names:
        content = (folder / name).read_bytes()
        assert stored(alice, f"in/transparent_hugepage/{name}") == hash_chunks([content] if content else [])


@pytest.mark.parametrize(
    ("says", "holds"), [(4096, 10), (5 << 20, 5 << 20 | 1), (17 << 20, 18 << 20), (0, 9 << 20)]
)
@pytest.mark.parametrize("others", [[], pytest.param(["other"], marks=pytest.mark.long)])
def test_a_wrong_reported_size_is_not_trusted(
    says: int, holds: int, others: list[str], alice: Filecli, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(content_of(holds))

    def look(path: Path) -> Source:
        source = stat_source(path)
        return source if path != Path("file") else Source(path, says, source.mtime_ns)

    # All modules are imported before the first is patched: a later import would keep the patched name.
    for module in (local, change_detection, file_upload, batches, uploading):
        monkeypatch.setattr(module, "stat_source", look)
    done = alice("upload", *others, "file")

    assert done.exit_code == 0, done.stderr
    assert stored(alice) == hash_chunks([content_of(holds)])
    assert alice("uploads").stdout == ""


def test_a_long_verification_keeps_the_connection_alive() -> None:
    class Whole:
        length = 10

        def chunks(self) -> list[bytes]:
            return [b"01234", b"56789"]

    ticks = iter(range(0, 1000, 3))
    body = VerifiedBody(Whole(), lambda: iter([None] * 4), clock=lambda: float(next(ticks)))  # type: ignore[arg-type]
    chunks = list(body.chunks())

    assert b"".join(chunks) == b"0123456789"
    assert chunks == [b"01234", b"5", b"6", b"789"]


SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("ctime_ns", "age_ns", "is_noticed"),
    [
        (1700 * SECOND + 5, 1_000_000, True),
        (1700 * SECOND + 5, SECOND, False),
        (1700 * SECOND, SECOND, True),
        (1700 * SECOND, 3 * SECOND, False),
        (1700 * SECOND + 5, -SECOND, True),
    ],
    ids=["this tick", "an older one", "this tick of FAT", "an older one of FAT", "a clock ahead of ours"],
)
def test_a_change_within_a_clock_tick_is_detected(
    ctime_ns: int, age_ns: int, is_noticed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    source = replace(stat_source(file), ctime_ns=ctime_ns)
    monkeypatch.setattr(change_detection, "stat_source", lambda _: source)
    attempt = ChangeDetector(source, now_ns=lambda: ctime_ns + age_ns)
    file.write_bytes(b"new")

    with pytest.raises(SourceChanged) if is_noticed else nullcontext():
        list(attempt.verify(hash_chunks([b"old"])))
    assert not attempt.has_grown
