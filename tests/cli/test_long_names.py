"""Names that the server accepts and the local disk does not: 255 characters of more than 255 bytes.

Rule: the tests use the real file system of the machine.
"""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tests.cli.conftest import Filecli

NAME = (
    "Постановление Правительства Российской Федерации «О внесении изменений в Правила предоставления и "
    "распределения субсидий из федерального бюджета бюджетам субъектов Российской Федерации»"
).ljust(196, "…") + ".pdf"
LONG_FOLDER = "П" * 200


@pytest.fixture(autouse=True)
def narrow_disk(workdir: Path) -> None:
    """Check that the file system limits names to 255 bytes."""
    with pytest.raises(OSError, match="File name too long") as caught:
        (workdir / NAME).lstat()
    assert caught.value.errno == errno.ENAMETOOLONG
    assert len(NAME) == 200


@pytest.fixture
def stored(alice: Filecli) -> Filecli:
    """Run filecli as a user with a file and a folder of such names, and some others."""
    for path in (f"docs/{NAME}", f"docs/{LONG_FOLDER}/inside.txt", "docs/short.txt", "docs/sub/deep.txt"):
        done = alice("upload", "-", "--to", path, given=f"content of {path[-10:]}")
        assert done.exit_code == 0, done.stderr
    return alice


def tree_of(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def paths_of(user: Filecli) -> set[str]:
    return set(user("ls", "-r").stdout.splitlines())


def test_long_names_work_on_the_server(stored: Filecli, workdir: Path) -> None:
    path = f"docs/{NAME}"
    assert path in paths_of(stored)

    assert stored("download", path, "-o", "short.pdf").exit_code == 0
    assert stored("download", path, "-o", "-").stdout == f"content of {NAME[-10:]}"
    assert (workdir / "short.pdf").read_text() == f"content of {NAME[-10:]}"
    for line in (
        ("cp", path, f"copies/{NAME}"),
        ("mv", f"copies/{NAME}", f"copies/ё{NAME}"),
        ("versions", path),
        ("info", path),
        ("search", NAME[:190]),
        ("rm", path),
        ("trash", "restore", path),
    ):
        done = stored(*line)
        assert done.exit_code == 0, (line, done.stderr)
    assert {path, f"copies/ё{NAME}"} <= paths_of(stored)


@pytest.mark.parametrize("more", [(), ("--force",), ("-o", "into/"), ("--dry-run",)], ids=str)
def test_a_download_to_an_unsupported_name_fails_and_leaves_nothing(
    stored: Filecli, workdir: Path, more: tuple[str, ...]
) -> None:
    done = stored("download", f"docs/{NAME}", *more)

    assert done.exit_code == 1
    assert NAME in done.stderr
    assert "File name too long" in done.stderr
    assert "-o OTHER" in done.stderr
    assert tree_of(workdir) <= {"into"}


def test_an_unsupported_output_name_is_refused_before_any_request(stored: Filecli, workdir: Path) -> None:
    for names in (("docs/short.txt",), ("docs/short.txt", "docs/sub/deep.txt")):
        done = stored("download", *names, "-o", NAME)
        assert (done.exit_code, "File name too long" in done.stderr) == (1, True), done.stderr
    assert tree_of(workdir) == set()


def test_a_folder_is_downloaded_except_unsupported_names(stored: Filecli, workdir: Path) -> None:
    done = stored("download", "-r", "docs")

    assert done.exit_code == 1
    assert tree_of(workdir) == {"docs", "docs/short.txt", "docs/sub", "docs/sub/deep.txt"}
    for path in (f"docs/{NAME}", f"docs/{LONG_FOLDER}", f"docs/{LONG_FOLDER}/inside.txt"):
        assert path in done.stderr


def test_several_files_are_downloaded_except_unsupported_names(stored: Filecli, workdir: Path) -> None:
    done = stored("download", "docs/short.txt", f"docs/{NAME}", "docs/sub/deep.txt")

    assert done.exit_code == 1
    assert tree_of(workdir) == {"short.txt", "deep.txt"}


def test_sync_down_skips_unsupported_names(stored: Filecli, workdir: Path) -> None:
    (workdir / "here").mkdir()
    (workdir / "here" / "surplus").write_text("x")
    for _ in range(2):
        done = stored("sync", "--delete", ":docs", "here")
        assert done.exit_code == 1
        assert NAME in done.stderr
        # Unsupported names do not prevent the deletion of surplus files.
        assert tree_of(workdir / "here") == {"short.txt", "sub", "sub/deep.txt"}


def test_sync_up_never_deletes_unsupported_names(stored: Filecli, workdir: Path) -> None:
    stored("sync", ":docs", "here")
    (workdir / "here" / "short.txt").unlink()
    (workdir / "here" / "new.txt").write_text("new")

    done = stored("sync", "--delete", "here", ":docs")

    assert done.exit_code == 0, done.stderr
    assert f"“docs/{NAME}” stays on the server" in done.stderr
    assert paths_of(stored) == {
        "docs/", "docs/new.txt", "docs/sub/", "docs/sub/deep.txt", f"docs/{NAME}",
        f"docs/{LONG_FOLDER}/", f"docs/{LONG_FOLDER}/inside.txt",
    }  # fmt: skip
    # Also without a local folder that could contain it.
    (workdir / "empty").mkdir()
    assert stored("sync", "--delete", "empty", ":docs").exit_code == 0
    assert paths_of(stored) == {
        "docs/", f"docs/{NAME}", f"docs/{LONG_FOLDER}/", f"docs/{LONG_FOLDER}/inside.txt",
    }  # fmt: skip


@pytest.mark.parametrize("letters", [134, 138, 200, 251, 255])
def test_the_part_of_a_long_name_is_shortened(alice: Filecli, workdir: Path, letters: int) -> None:
    name = "x" * letters
    assert alice("upload", "-", "--to", name, given="content").exit_code == 0

    assert alice("download", name).exit_code == 0

    assert tree_of(workdir) == {name}


def test_direction_marks_in_names_are_not_escaped(alice: Filecli, workdir: Path) -> None:
    name = "\u200fשלום\u200e 1.txt"
    (workdir / name).write_text("content")

    assert alice("upload", name).exit_code == 0
    assert alice("ls").stdout.splitlines() == [name]
    (workdir / name).unlink()
    assert alice("download", alice("ls").stdout.splitlines()[0]).exit_code == 0
    assert (workdir / name).read_text() == "content"
