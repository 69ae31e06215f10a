"""Downloads: targets, and files that are never overwritten."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Filecli
from tests.cli.scripted import (
    Script,
    content_answer,
    entry_of,
    folder_of,
    page_of,
    problem,
)
from tests.support.contents import content_of
from tests.support.faults import Fault

CONTENT = content_of(3 << 20)
HEAD, TAIL = CONTENT[: 1 << 20], CONTENT[1 << 20 :]


def names_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def stored(alice: Filecli) -> Filecli:
    """Run filecli as a user with docs/a, docs/deep/b and report."""
    for path in ("docs/a", "docs/deep/b", "report"):
        assert alice("upload", "-", "--to", path, given=path).exit_code == 0
    return alice


def test_a_download_keeps_the_last_name(stored: Filecli, workdir: Path) -> None:
    done = stored("download", "docs/deep/b", "report")

    assert done.exit_code == 0
    assert sorted(done.stdout.split()) == ["b", "report"]
    assert done.stderr.startswith("Downloaded 2 files, 17 bytes in ")
    assert (workdir / "b").read_text() == "docs/deep/b"
    assert names_in(workdir) == {"b", "report"}


@pytest.mark.parametrize(
    ("output", "target"),
    [("other", "other"), ("there", "there/report"), ("new/folder/", "new/folder/report")],
)
def test_output_is_a_file_or_a_folder(output: str, target: str, stored: Filecli, workdir: Path) -> None:
    (workdir / "there").mkdir()

    assert stored("download", "report", "-o", output).stdout == f"{target}\n"
    assert (workdir / target).read_text() == "report"


def test_several_files_need_a_folder(stored: Filecli) -> None:
    assert stored("download", "report", "docs/a", "-o", "other").exit_code == 2


def test_a_missing_output_folder_is_reported(stored: Filecli) -> None:
    done = stored("download", "report", "-o", "nowhere/report")

    assert done.exit_code == 4
    assert "There is no “nowhere” on this machine." in done.stderr


def test_stdout_gets_only_the_content(stored: Filecli, workdir: Path) -> None:
    done = stored("download", "-o", "-", "report", "docs/a")

    assert done.stdout_bytes == b"reportdocs/a"
    assert names_in(workdir) == set()


def test_json_and_stdout_cannot_be_combined(stored: Filecli) -> None:
    done = stored("download", "--json", "-o", "-", "report")

    assert done.exit_code == 2
    assert done.stdout == ""


def test_a_download_to_a_device_has_no_part(stored: Filecli) -> None:
    assert stored("download", "-o", "/dev/null", "report").exit_code == 0


def test_an_unwritable_folder_is_reported(
    stored: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fault(monkeypatch, "open", errno.EROFS, lambda path: path.name == "report.part")
    done = stored("download", "report")

    assert done.exit_code == 1
    assert done.stderr == "filecli: error: “report.part” cannot be written: the file system is read-only.\n"


def test_a_folder_is_downloaded_with_its_contents(stored: Filecli, workdir: Path) -> None:
    done = stored("download", "-r", "docs")

    assert done.exit_code == 0
    assert names_in(workdir) == {"docs", "docs/a", "docs/deep", "docs/deep/b"}
    assert (workdir / "docs" / "deep" / "b").read_text() == "docs/deep/b"


def test_an_incomplete_folder_download_is_completed(stored: Filecli, workdir: Path) -> None:
    (workdir / "docs").mkdir()
    (workdir / "docs" / "a").write_text("docs/a")
    done = stored("download", "-r", "docs", "-v")

    assert done.exit_code == 0
    assert done.stdout == "docs/deep/b\n"
    assert done.stderr.endswith(" 1 unchanged.\n")
    assert "/download/docs/a " not in done.stderr


def test_a_folder_download_keeps_local_files_with_other_content(stored: Filecli, workdir: Path) -> None:
    (workdir / "docs").mkdir()
    (workdir / "docs" / "a").write_text("mine!!")

    assert stored("download", "-r", "docs").exit_code == 1
    assert (workdir / "docs" / "a").read_text() == "mine!!"
    assert (workdir / "docs" / "deep" / "b").exists()


def test_the_root_folder_can_be_downloaded(stored: Filecli, workdir: Path) -> None:
    assert stored("download", "-r", "/", "-o", "all/").exit_code == 0

    assert names_in(workdir / "all") == {"docs", "docs/a", "docs/deep", "docs/deep/b", "report"}


def test_recursive_downloads_a_single_file(stored: Filecli, workdir: Path) -> None:
    assert stored("download", "-r", "report").exit_code == 0
    assert (workdir / "report").read_text() == "report"


def test_a_folder_is_refused_without_recursive(stored: Filecli, workdir: Path) -> None:
    done = stored("download", "docs")

    assert done.exit_code == 5
    assert "Hint: Use -r for a folder with its contents." in done.stderr
    assert names_in(workdir) == set()


def test_a_folder_cannot_be_downloaded_to_stdout(stored: Filecli) -> None:
    assert stored("download", "-r", "docs", "-o", "-").exit_code == 2


def test_a_missing_file_leaves_no_part(stored: Filecli, workdir: Path) -> None:
    done = stored("download", "nothing")

    assert done.exit_code == 4
    assert done.stderr == (
        "filecli: error: nothing: This item does not exist. Hint: filecli ls lists the files.\n"
    )
    assert names_in(workdir) == set()


def test_a_local_file_is_kept_without_force(stored: Filecli, workdir: Path) -> None:
    (workdir / "report").write_text("mine")
    done = stored("download", "report")

    assert done.exit_code == 5
    assert (workdir / "report").read_text() == "mine"
    assert stored("download", "--force", "report").exit_code == 0
    assert (workdir / "report").read_text() == "report"


def test_a_dangling_link_is_kept_too(stored: Filecli, workdir: Path) -> None:
    (workdir / "report").symlink_to("nowhere")

    assert stored("download", "report").exit_code == 5
    assert not (workdir / "nowhere").exists()


def test_a_local_folder_is_never_replaced(stored: Filecli, workdir: Path) -> None:
    (workdir / "report").mkdir()

    assert stored("download", "--force", "report").exit_code == 1
    assert (workdir / "report").is_dir()


def test_json_events_have_the_local_path(stored: Filecli) -> None:
    done = stored("download", "--json", "-j", "1", "report", "nothing")
    events = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.exit_code == 1
    assert events[0] == {"event": "downloaded", "path": "report", "local": "report", "size": 6}
    assert events[1] | {"event": "failed", "subject": "nothing", "exit_code": 4} == events[1]
    assert events[2] | {"event": "summary", "files": 1, "failed": 1} == events[2]


def test_a_foreign_part_file_is_kept(stored: Filecli, workdir: Path) -> None:
    (workdir / "report.part").write_text("mine")

    assert stored("download", "report").exit_code == 5
    assert (workdir / "report.part").read_text() == "mine"


@pytest.mark.parametrize(
    "path",
    [
        "docs/../../evil",
        "docs/..",
        "../evil",
        "/tmp/evil",
        "docs/a\\..\\evil",
        "docs/a\0b",
        "other/a",
        "docs/\ud800",
    ],
)
def test_a_name_that_leaves_the_target_is_refused(
    path: str, scripted: Filecli, script: Script, workdir: Path, tmp_path: Path
) -> None:
    before = names_in(tmp_path)
    script.will(page_of(folder_of("docs/ok")), page_of(entry_of(path, b"x"), folder_of(path)))
    script.will(content_answer(b"x"))
    done = scripted("download", "-r", "docs")

    assert done.exit_code == 7
    assert names_in(tmp_path) - before == {"desk/docs"}
    assert len(script.seen) == 2


def test_control_characters_in_names_are_escaped(scripted: Filecli, script: Script, workdir: Path) -> None:
    name = "docs/\x1b[2Ja"
    script.will(page_of(), page_of(entry_of(name, b"x")), content_answer(b"x"))
    done = scripted("download", "-r", "docs")

    assert done.stdout == "docs/\\x1b[2Ja\n"
    assert "\x1b" not in done.output


def test_a_long_listing_is_followed_page_by_page(scripted: Filecli, script: Script, workdir: Path) -> None:
    script.will(page_of(), page_of(entry_of("docs/a", b"a"), following="after a&b"))
    script.will(page_of(entry_of("docs/b", b"b")))
    script.will_at("/download/docs/a", content_answer(b"a"))
    script.will_at("/download/docs/b", content_answer(b"b"))

    assert scripted("download", "-r", "docs").exit_code == 0
    assert any("after=after+a%26b" in seen.target for seen in script.seen)
    assert names_in(workdir) == {"docs", "docs/a", "docs/b"}


def test_a_failed_download_does_not_stop_the_others(scripted: Filecli, script: Script, workdir: Path) -> None:
    script.will(page_of(), page_of(entry_of("docs/a", b"a"), entry_of("docs/b", b"b")))
    script.will_at("/download/docs/a", problem("not-found", 404))
    script.will_at("/download/docs/b", content_answer(b"b"))

    assert scripted("download", "-r", "docs").exit_code == 1
    assert names_in(workdir) == {"docs", "docs/b"}
