"""Small files, many in one request."""

from __future__ import annotations

from pathlib import Path

import pytest

from cabinet.client.transfer import request_size
from cabinet.client.transfer.batches import MOST_BYTES, MOST_FILES, SMALL
from tests.cli.conftest import Filecli
from tests.cli.scripted import DEAF_ANSWER, Script, entry_of, json_answer, problem
from tests.support.contents import content_of


@pytest.fixture
def many(desk: Path) -> Path:
    """Return a folder with some more files than go together."""
    root = desk / "many"
    root.mkdir()
    for number in range(MOST_FILES + 5):
        (root / f"{number:04}").write_text(f"content {number}")
    return root


def write(desk: Path, *names: str) -> None:
    for name in names:
        (desk / name).write_text(name)


def requests(said: str) -> list[str]:
    return [" ".join(line.split()[:1]) for line in said.splitlines() if "http://" in line]


def test_many_small_files_take_few_requests(alice: Filecli, many: Path) -> None:
    done = alice("upload", "-v", "-r", "many")

    assert done.exit_code == 0, done.stderr
    assert requests(done.stderr) == ["POST", "POST"]
    assert sorted(done.stdout.split()) == [f"many/{path.name}" for path in sorted(many.iterdir())]
    assert f"Uploaded {MOST_FILES + 5} files" in done.stderr
    assert alice("download", "-o", "-", "many/0007").stdout == "content 7"


def test_a_batch_has_no_more_bytes_than_are_held_in_memory(
    alice: Filecli, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_size, "FIRST_SIZE", request_size.MAX_SIZE)
    names = [f"{number}" for number in range(MOST_BYTES // SMALL + 1)]
    for name in names:
        (desk / name).write_bytes(content_of(SMALL, seed=int(name)))
    done = alice("upload", "-v", *names)

    assert sorted(requests(done.stderr)) == ["POST", "PUT"]
    assert alice("download", "-o", "-", names[-1]).stdout_bytes == content_of(SMALL, seed=int(names[-1]))


def test_files_of_every_size_go_together_with_others(alice: Filecli, desk: Path) -> None:
    sizes = [0, 1, SMALL - 1, SMALL, SMALL + 1, 5 << 20]
    for size in sizes:
        (desk / f"{size}").write_bytes(content_of(size))
    assert alice("upload", *map(str, sizes)).exit_code == 0
    for size in sizes:
        assert alice("download", "-o", "-", f"{size}").stdout_bytes == content_of(size)


def test_one_file_that_is_refused_keeps_no_other_back(alice: Filecli, desk: Path) -> None:
    good = [f"{number}" for number in range(9)]
    write(desk, *good, "bad\\name")
    done = alice("upload", *good[:5], "bad\\name", *good[5:])

    assert done.exit_code == 1
    assert done.stderr.count("filecli: error:") == 1
    assert "bad\\name" in done.stderr
    assert sorted(done.stdout.split()) == good


def test_a_folder_in_the_way_of_one_file_keeps_no_other_back(alice: Filecli, desk: Path) -> None:
    write(desk, "one", "two", "three")
    assert alice("upload", "one", "--to", "in/two").exit_code == 0
    done = alice("upload", "one", "two", "three", "--to", "in")

    assert done.exit_code == 1
    assert sorted(done.stdout.split()) == ["in/one", "in/three"]


def test_a_file_that_was_stored_otherwise_is_found_out(scripted: Filecli, script: Script, desk: Path) -> None:
    write(desk, "one", "two")
    script.will(json_answer({"files": [entry_of("one", b"one"), entry_of("two", b"2")]}, 201))
    done = scripted("upload", "one", "two")

    assert done.exit_code == 1
    assert done.stdout == "one\n"
    assert "“two” arrived damaged" in done.stderr


def test_a_batch_that_replaces_is_repeated_after_a_lost_connection(
    scripted: Filecli, script: Script, desk: Path
) -> None:
    write(desk, "one", "two")
    script.will(DEAF_ANSWER)
    script.will(json_answer({"files": [entry_of("one", b"one"), entry_of("two", b"two")]}, 201))

    assert scripted("upload", "one", "two").exit_code == 0


def test_a_batch_that_renames_is_not(scripted: Filecli, script: Script, desk: Path) -> None:
    write(desk, "one", "two")
    script.will(DEAF_ANSWER, problem("error", 500))

    assert scripted("upload", "--on-conflict", "rename", "one", "two").exit_code == 8
    assert len(script.seen) == 1


def test_an_answer_about_other_files_makes_no_sense(scripted: Filecli, script: Script, desk: Path) -> None:
    write(desk, "one", "two")
    script.will(json_answer({"files": [entry_of("one", b"one")]}, 201))

    assert scripted("upload", "one", "two").exit_code == 1


def test_two_files_for_one_path_are_not_both_sent(alice: Filecli, desk: Path) -> None:
    for folder in ("one", "two"):
        (desk / folder).mkdir()
        (desk / folder / "file").write_text(folder)
    done = alice("upload", "one/file", "two/file")

    assert done.exit_code == 1
    assert "“file” is where another file of this command goes." in done.stderr
    assert alice("download", "-o", "-", "file").stdout == "one"
