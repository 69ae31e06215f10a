"""Downloading: where it goes, how it is resumed, and what is never overwritten."""

from __future__ import annotations

import errno
import json
import threading
from pathlib import Path

import pytest

from cabinet.client.failures import LocalExists, PartInUse
from cabinet.client.sinks import mark_of, open_part, part_of
from cabinet.storage.content_hash import hash_chunks
from tests.cli.conftest import Filecli
from tests.cli.scripted import (
    Answer,
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


def leave_part(target: Path, content: bytes, whole: bytes = CONTENT) -> None:
    part_of(target).write_bytes(content)
    mark_of(part_of(target)).write_text(hash_chunks([whole]))


@pytest.fixture
def stored(alice: Filecli) -> Filecli:
    """Run filecli as a user who has docs/a, docs/deep/b and report."""
    for path in ("docs/a", "docs/deep/b", "report"):
        assert alice("upload", "-", "--to", path, given=path).exit_code == 0
    return alice


def test_a_download_keeps_the_last_name(stored: Filecli, desk: Path) -> None:
    done = stored("download", "docs/deep/b", "report")

    assert done.exit_code == 0
    assert sorted(done.stdout.split()) == ["b", "report"]
    assert done.stderr.startswith("Downloaded 2 files, 17 B in ")
    assert (desk / "b").read_text() == "docs/deep/b"
    assert names_in(desk) == {"b", "report"}


@pytest.mark.parametrize(
    ("output", "target"),
    [("other", "other"), ("there", "there/report"), ("new/folder/", "new/folder/report")],
)
def test_an_output_names_the_file_or_the_folder(
    output: str, target: str, stored: Filecli, desk: Path
) -> None:
    (desk / "there").mkdir()

    assert stored("download", "report", "-o", output).stdout == f"{target}\n"
    assert (desk / target).read_text() == "report"


def test_several_files_need_a_folder(stored: Filecli) -> None:
    assert stored("download", "report", "docs/a", "-o", "other").exit_code == 2


def test_a_folder_that_is_missing_is_named(stored: Filecli) -> None:
    done = stored("download", "report", "-o", "nowhere/report")

    assert done.exit_code == 4
    assert "There is no “nowhere” on this machine." in done.stderr


def test_standard_output_gets_the_bytes_and_nothing_else(stored: Filecli, desk: Path) -> None:
    done = stored("download", "-o", "-", "report", "docs/a")

    assert done.stdout_bytes == b"reportdocs/a"
    assert names_in(desk) == set()


def test_json_and_standard_output_do_not_mix(stored: Filecli) -> None:
    done = stored("download", "--json", "-o", "-", "report")

    assert done.exit_code == 2
    assert done.stdout == ""


def test_a_device_takes_the_bytes_without_a_part(stored: Filecli) -> None:
    assert stored("download", "-o", "/dev/null", "report").exit_code == 0


def test_a_folder_that_cannot_be_written_to_is_reported(
    stored: Filecli, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fault(monkeypatch, "open", errno.EROFS, lambda path: path.name == "report.part")
    done = stored("download", "report")

    assert done.exit_code == 1
    assert done.stderr == "filecli: error: report: “report.part” cannot be used: Read-only file system.\n"


def test_a_folder_comes_down_with_all_that_is_in_it(stored: Filecli, desk: Path) -> None:
    done = stored("download", "-r", "docs")

    assert done.exit_code == 0
    assert names_in(desk) == {"docs", "docs/a", "docs/deep", "docs/deep/b"}
    assert (desk / "docs" / "deep" / "b").read_text() == "docs/deep/b"


def test_a_folder_that_came_down_in_part_is_completed_by_the_same_command(
    stored: Filecli, desk: Path
) -> None:
    (desk / "docs").mkdir()
    (desk / "docs" / "a").write_text("docs/a")
    done = stored("download", "-r", "docs", "-v")

    assert done.exit_code == 0
    assert done.stdout == "docs/deep/b\n"
    assert done.stderr.endswith(" 1 unchanged.\n")
    assert "/download/docs/a " not in done.stderr


def test_in_a_folder_too_a_local_file_of_other_content_is_kept(stored: Filecli, desk: Path) -> None:
    (desk / "docs").mkdir()
    (desk / "docs" / "a").write_text("mine!!")

    assert stored("download", "-r", "docs").exit_code == 1
    assert (desk / "docs" / "a").read_text() == "mine!!"
    assert (desk / "docs" / "deep" / "b").exists()


def test_everything_comes_down_at_once(stored: Filecli, desk: Path) -> None:
    assert stored("download", "-r", "/", "-o", "all/").exit_code == 0

    assert names_in(desk / "all") == {"docs", "docs/a", "docs/deep", "docs/deep/b", "report"}


def test_leave_to_take_folders_does_no_harm_to_a_file(stored: Filecli, desk: Path) -> None:
    assert stored("download", "-r", "report").exit_code == 0
    assert (desk / "report").read_text() == "report"


def test_a_folder_is_refused_without_leave(stored: Filecli, desk: Path) -> None:
    done = stored("download", "docs")

    assert done.exit_code == 5
    assert "Hint: -r takes a folder with all that is in it." in done.stderr
    assert names_in(desk) == set()


def test_a_folder_cannot_go_to_standard_output(stored: Filecli) -> None:
    assert stored("download", "-r", "docs", "-o", "-").exit_code == 2


def test_what_is_not_there_leaves_nothing(stored: Filecli, desk: Path) -> None:
    done = stored("download", "nothing")

    assert done.exit_code == 4
    assert done.stderr == (
        "filecli: error: nothing: There is nothing here by that name. Hint: filecli ls shows what is there.\n"
    )
    assert names_in(desk) == set()


def test_a_local_file_is_kept_unless_otherwise_wanted(stored: Filecli, desk: Path) -> None:
    (desk / "report").write_text("mine")
    done = stored("download", "report")

    assert done.exit_code == 5
    assert (desk / "report").read_text() == "mine"
    assert stored("download", "--force", "report").exit_code == 0
    assert (desk / "report").read_text() == "report"


def test_a_dangling_link_is_kept_too(stored: Filecli, desk: Path) -> None:
    (desk / "report").symlink_to("nowhere")

    assert stored("download", "report").exit_code == 5
    assert not (desk / "nowhere").exists()


def test_a_local_folder_is_never_replaced(stored: Filecli, desk: Path) -> None:
    (desk / "report").mkdir()

    assert stored("download", "--force", "report").exit_code == 1
    assert (desk / "report").is_dir()


def test_events_tell_where_each_file_went(stored: Filecli) -> None:
    done = stored("download", "--json", "-j", "1", "report", "nothing")
    events = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.exit_code == 1
    assert events[0] == {"event": "downloaded", "path": "report", "local": "report", "size": 6}
    assert events[1] | {"event": "failed", "subject": "nothing", "exit_code": 4} == events[1]
    assert events[2] | {"event": "summary", "files": 1, "failed": 1} == events[2]


def test_a_part_is_gone_on_from_on_the_real_server(alice: Filecli, desk: Path) -> None:
    alice("upload", "-", "--to", "big", given=CONTENT)
    leave_part(desk / "big", HEAD)
    done = alice("download", "-v", "big")

    assert done.exit_code == 0
    assert "/download/big 206 " in done.stderr
    assert (desk / "big").read_bytes() == CONTENT
    assert names_in(desk) == {"big"}


def test_a_part_of_a_file_that_changed_is_dropped_on_the_real_server(alice: Filecli, desk: Path) -> None:
    alice("upload", "-", "--to", "big", given=CONTENT)
    leave_part(desk / "big", b"older", whole=b"older and whole")
    done = alice("download", "-v", "big")

    assert "/download/big 200 " in done.stderr
    assert (desk / "big").read_bytes() == CONTENT


def test_a_part_that_is_whole_needs_no_bytes(alice: Filecli, desk: Path) -> None:
    alice("upload", "-", "--to", "big", given=CONTENT)
    leave_part(desk / "big", CONTENT)
    done = alice("download", "-v", "big")

    assert "HEAD " in done.stderr
    assert "GET " not in done.stderr
    assert (desk / "big").read_bytes() == CONTENT


def test_a_part_that_is_whole_but_older_is_dropped(alice: Filecli, desk: Path) -> None:
    alice("upload", "-", "--to", "big", given=CONTENT)
    leave_part(desk / "big", b"older", whole=b"older")

    assert alice("download", "big").exit_code == 0
    assert (desk / "big").read_bytes() == CONTENT


def test_a_part_that_the_disk_spoiled_is_fetched_anew(alice: Filecli, desk: Path) -> None:
    alice("upload", "-", "--to", "big", given=CONTENT)
    leave_part(desk / "big", bytes(len(HEAD)))

    assert alice("download", "big").exit_code == 0
    assert (desk / "big").read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_fetched_anew(alice: Filecli, desk: Path) -> None:
    alice("upload", "-", "--to", "big", given=CONTENT)
    leave_part(desk / "big", CONTENT + b"more")

    assert alice("download", "big").exit_code == 0
    assert (desk / "big").read_bytes() == CONTENT


def test_a_file_called_like_the_part_is_kept(stored: Filecli, desk: Path) -> None:
    (desk / "report.part").write_text("mine")

    assert stored("download", "report").exit_code == 5
    assert (desk / "report.part").read_text() == "mine"


def test_an_answer_that_ends_too_early_is_continued(scripted: Filecli, script: Script, desk: Path) -> None:
    script.will(content_answer(CONTENT, cut=len(HEAD)), content_answer(CONTENT, len(HEAD)))

    assert scripted("download", "big").exit_code == 0
    assert (desk / "big").read_bytes() == CONTENT
    assert script.seen[1].headers["Range"] == f"bytes={len(HEAD)}-"
    assert script.seen[1].headers["If-Range"] == f'"{hash_chunks([CONTENT])}"'


def test_patience_is_for_a_server_that_gives_nothing(scripted: Filecli, script: Script, desk: Path) -> None:
    step = 1 << 18
    script.will(*[content_answer(CONTENT, start, cut=step) for start in range(0, len(CONTENT), step)])

    assert scripted("--retries", "1", "download", "big").exit_code == 0
    assert (desk / "big").read_bytes() == CONTENT


def test_a_server_that_gives_nothing_more_is_left_with_the_part(
    scripted: Filecli, script: Script, desk: Path
) -> None:
    script.will(
        content_answer(CONTENT, cut=len(HEAD)), *[content_answer(CONTENT, len(HEAD), cut=0) for _ in range(9)]
    )
    done = scripted("--retries", "2", "download", "big")

    assert done.exit_code == 8
    assert len(script.seen) == 3
    assert names_in(desk) == {"big.part", "big.part.hash"}
    assert (desk / "big.part").read_bytes() == HEAD


def test_a_file_that_changes_during_the_download_comes_whole(
    scripted: Filecli, script: Script, desk: Path
) -> None:
    changed = content_of(2 << 20, seed=1)
    script.will(content_answer(CONTENT, cut=len(HEAD)), content_answer(changed))

    assert scripted("download", "big").exit_code == 0
    assert (desk / "big").read_bytes() == changed


def test_a_stream_is_continued_too(scripted: Filecli, script: Script) -> None:
    script.will(content_answer(CONTENT, cut=len(HEAD)), content_answer(CONTENT, len(HEAD)))

    assert scripted("download", "-o", "-", "big").stdout_bytes == CONTENT


def test_a_stream_of_a_file_that_changes_is_given_up(scripted: Filecli, script: Script) -> None:
    script.will(content_answer(CONTENT, cut=len(HEAD)), content_answer(content_of(9, seed=1)))
    done = scripted("download", "-o", "-", "big")

    assert done.exit_code == 7
    assert done.stdout_bytes == HEAD


def test_damaged_bytes_never_become_a_file(scripted: Filecli, script: Script, desk: Path) -> None:
    good = content_answer(CONTENT)
    script.will(Answer(200, TAIL + HEAD, good.headers))
    done = scripted("download", "big")

    assert done.exit_code == 7
    assert "arrived damaged" in done.stderr
    assert names_in(desk) == set()


def test_an_answer_without_a_hash_is_not_understood(scripted: Filecli, script: Script, desk: Path) -> None:
    script.will(Answer(200, b"<html>", {"ETag": '"1"'}))

    assert scripted("download", "big").exit_code == 1
    assert names_in(desk) == set()


@pytest.mark.parametrize("start", [0, 1, len(HEAD) + 1])
def test_a_range_that_nobody_asked_for_is_not_understood(
    start: int, scripted: Filecli, script: Script, desk: Path
) -> None:
    leave_part(desk / "big", HEAD)
    good = content_answer(CONTENT, len(HEAD))
    script.will(Answer(206, TAIL, {**good.headers, "Content-Range": f"bytes {start}-{len(CONTENT) - 1}/*"}))

    assert scripted("download", "big").exit_code == 1
    assert (desk / "big.part").read_bytes() == HEAD


def test_a_range_of_another_file_is_not_understood(scripted: Filecli, script: Script, desk: Path) -> None:
    leave_part(desk / "big", HEAD)
    script.will(content_answer(content_of(3 << 20, seed=1), len(HEAD)))

    assert scripted("download", "big").exit_code == 1
    assert (desk / "big.part").read_bytes() == HEAD


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
def test_a_name_that_leads_out_of_the_target_is_not_taken(
    path: str, scripted: Filecli, script: Script, desk: Path, tmp_path: Path
) -> None:
    before = names_in(tmp_path)
    script.will(page_of(folder_of("docs/ok")), page_of(entry_of(path, b"x"), folder_of(path)))
    script.will(content_answer(b"x"))
    done = scripted("download", "-r", "docs")

    assert done.exit_code == 7
    assert names_in(tmp_path) - before == {"desk/docs"}
    assert len(script.seen) == 2


def test_a_name_that_steers_the_terminal_is_written_out(
    scripted: Filecli, script: Script, desk: Path
) -> None:
    name = "docs/\x1b[2Ja"
    script.will(page_of(), page_of(entry_of(name, b"x")), content_answer(b"x"))
    done = scripted("download", "-r", "docs")

    assert done.stdout == "docs/\\x1b[2Ja\n"
    assert "\x1b" not in done.output


def test_a_long_listing_is_followed_page_by_page(scripted: Filecli, script: Script, desk: Path) -> None:
    script.will(page_of(), page_of(entry_of("docs/a", b"a"), following="after a&b"))
    script.will(page_of(entry_of("docs/b", b"b")))
    script.will_at("/download/docs/a", content_answer(b"a"))
    script.will_at("/download/docs/b", content_answer(b"b"))

    assert scripted("download", "-r", "docs").exit_code == 0
    assert any("after=after+a%26b" in seen.target for seen in script.seen)
    assert names_in(desk) == {"docs", "docs/a", "docs/b"}


def test_one_file_that_fails_keeps_no_other_back(scripted: Filecli, script: Script, desk: Path) -> None:
    script.will(page_of(), page_of(entry_of("docs/a", b"a"), entry_of("docs/b", b"b")))
    script.will_at("/download/docs/a", problem("not-found", 404))
    script.will_at("/download/docs/b", content_answer(b"b"))

    assert scripted("download", "-r", "docs").exit_code == 1
    assert names_in(desk) == {"docs", "docs/b"}


def test_a_tag_that_a_proxy_weakened_names_the_same_content(
    scripted: Filecli, script: Script, desk: Path
) -> None:
    weak = {"ETag": f'W/"{hash_chunks([CONTENT])}"'}
    script.will(Answer(200, CONTENT, weak))

    assert scripted("download", "big").exit_code == 0
    assert (desk / "big").read_bytes() == CONTENT


def test_a_range_behind_the_end_starts_over(scripted: Filecli, script: Script, desk: Path) -> None:
    leave_part(desk / "big", HEAD)
    script.will(problem("range-not-satisfiable", 416), content_answer(CONTENT))

    assert scripted("download", "big").exit_code == 0
    assert (desk / "big").read_bytes() == CONTENT


def test_downloads_to_one_name_at_once_never_mix(desk: Path) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def fetch(number: int) -> None:
        content = bytes([number]) * 4096
        start.wait()
        try:
            with open_part(desk / "one") as part:
                part.restart(hash_chunks([content]))
                part.write(content)
                part.finish()
            outcomes.append("done")
        except (LocalExists, PartInUse) as error:
            outcomes.append(error.slug)

    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("done") == 1
    assert len(set((desk / "one").read_bytes())) == 1
