"""Uploads of many small files in one request."""

from __future__ import annotations

from pathlib import Path

import pytest

from cabinet.client.transfer import request_size
from cabinet.client.transfer.batches import MOST_BYTES, MOST_FILES, SMALL
from tests.cli.conftest import Filecli
from tests.cli.scripted import DEAF_ANSWER, Script, entry_of, json_answer, problem
from tests.support.contents import content_of


@pytest.fixture
def many(workdir: Path) -> Path:
    """Return a folder with more files than a batch holds."""
    root = workdir / "many"
    root.mkdir()
    for number in range(MOST_FILES + 5):
        (root / f"{number:04}").write_text(f"content {number}")
    return root


def write(workdir: Path, *names: str) -> None:
    for name in names:
        (workdir / name).write_text(name)


def requests(said: str) -> list[str]:
    return [" ".join(line.split()[:1]) for line in said.splitlines() if "http://" in line]


def test_many_small_files_are_uploaded_in_few_requests(alice: Filecli, many: Path) -> None:
    done = alice("upload", "-v", "-r", "many")

    assert done.exit_code == 0, done.stderr
    assert requests(done.stderr) == ["POST", "POST"]
    assert sorted(done.stdout.split()) == [f"many/{path.name}" for path in sorted(many.iterdir())]
    assert f"Uploaded {MOST_FILES + 5} files" in done.stderr
    assert alice("download", "-o", "-", "many/0007").stdout == "content 7"


def test_the_size_of_a_batch_is_limited(
    alice: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_size, "FIRST_SIZE", request_size.MAX_SIZE)
    names = [f"{number}" for number in range(MOST_BYTES // SMALL + 1)]
    for name in names:
        (workdir / name).write_bytes(content_of(SMALL, seed=int(name)))
    done = alice("upload", "-v", *names)

    assert sorted(requests(done.stderr)) == ["POST", "PUT"]
    assert alice("download", "-o", "-", names[-1]).stdout_bytes == content_of(SMALL, seed=int(names[-1]))


def test_files_of_every_size_are_uploaded_together(alice: Filecli, workdir: Path) -> None:
    sizes = [0, 1, SMALL - 1, SMALL, SMALL + 1, 5 << 20]
    for size in sizes:
        (workdir / f"{size}").write_bytes(content_of(size))
    assert alice("upload", *map(str, sizes)).exit_code == 0
    for size in sizes:
        assert alice("download", "-o", "-", f"{size}").stdout_bytes == content_of(size)


def test_a_refused_file_does_not_stop_the_others(alice: Filecli, workdir: Path) -> None:
    good = [f"{number}" for number in range(9)]
    write(workdir, *good, "bad\\name")
    done = alice("upload", *good[:5], "bad\\name", *good[5:])

    assert done.exit_code == 1
    assert done.stderr.count("filecli: error:") == 1
    assert "bad\\name" in done.stderr
    assert sorted(done.stdout.split()) == good


def test_a_clashing_folder_does_not_stop_the_others(alice: Filecli, workdir: Path) -> None:
    write(workdir, "one", "two", "three")
    assert alice("upload", "one", "--to", "in/two").exit_code == 0
    done = alice("upload", "one", "two", "three", "--to", "in")

    assert done.exit_code == 1
    assert sorted(done.stdout.split()) == ["in/one", "in/three"]


def test_a_wrong_hash_in_a_batch_is_detected(scripted: Filecli, script: Script, workdir: Path) -> None:
    write(workdir, "one", "two")
    script.will(json_answer({"files": [entry_of("one", b"one"), entry_of("two", b"2")]}, 201))
    done = scripted("upload", "one", "two")

    assert done.exit_code == 1
    assert done.stdout == "one\n"
    assert "“two” is damaged" in done.stderr


def test_a_replacing_batch_is_retried_after_a_lost_connection(
    scripted: Filecli, script: Script, workdir: Path
) -> None:
    write(workdir, "one", "two")
    script.will(DEAF_ANSWER)
    script.will(json_answer({"files": [entry_of("one", b"one"), entry_of("two", b"two")]}, 201))

    assert scripted("upload", "one", "two").exit_code == 0


def test_a_renaming_batch_is_not_retried(scripted: Filecli, script: Script, workdir: Path) -> None:
    write(workdir, "one", "two")
    script.will(DEAF_ANSWER, problem("error", 500))

    assert scripted("upload", "--on-conflict", "rename", "one", "two").exit_code == 8
    assert len(script.seen) == 1


def test_a_response_about_other_files_is_rejected(scripted: Filecli, script: Script, workdir: Path) -> None:
    write(workdir, "one", "two")
    script.will(json_answer({"files": [entry_of("one", b"one")]}, 201))

    assert scripted("upload", "one", "two").exit_code == 1


def test_two_files_with_one_target_conflict(alice: Filecli, workdir: Path) -> None:
    for folder in ("one", "two"):
        (workdir / folder).mkdir()
        (workdir / folder / "file").write_text(folder)
    done = alice("upload", "one/file", "two/file")

    assert done.exit_code == 1
    assert "Another file of this command has the same target “file”." in done.stderr
    assert alice("download", "-o", "-", "file").stdout == "one"
