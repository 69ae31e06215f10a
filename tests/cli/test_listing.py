"""ls and rm."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.conftest import Filecli
from tests.cli.scripted import DEAF_ANSWER, Script, entry_of, folder_of, json_answer, page_of


@pytest.fixture
def stored(alice: Filecli) -> Filecli:
    """Run filecli as a user who has docs/a, docs/deep/b and report."""
    for path in ("docs/a", "docs/deep/b", "report"):
        assert alice("upload", "-", "--to", path, given=path).exit_code == 0
    return alice


def test_a_listing_shows_names_with_a_slash_behind_folders(stored: Filecli) -> None:
    assert stored("ls").stdout == "docs/\nreport\n"
    assert stored("ls", "docs").stdout == "deep/\na\n"
    assert stored("ls", "/docs/deep/").stdout == "b\n"


def test_nothing_is_listed_as_nothing(alice: Filecli) -> None:
    done = alice("ls")

    assert (done.exit_code, done.output) == (0, "")


def test_a_recursive_listing_shows_paths(stored: Filecli) -> None:
    assert set(stored("ls", "-r", "docs").stdout.splitlines()) == {"a", "deep/", "deep/b"}


def test_a_long_listing_shows_size_time_and_kind(stored: Filecli) -> None:
    lines = stored("ls", "-l").stdout.splitlines()

    assert re.fullmatch(r" 17 bytes  \d{4}-\d\d-\d\d \d\d:\d\d  folder  docs/", lines[0])
    assert re.fullmatch(r" +6 bytes  \d{4}-\d\d-\d\d \d\d:\d\d  file    report", lines[1])


def test_sizes_are_exact_where_that_is_wanted(scripted: Filecli, script: Script) -> None:
    script.will(page_of(folder_of("a"), entry_of("b", b"x" * 1234)))
    folder, file = scripted("ls", "-b").stdout.splitlines()

    assert folder.startswith(" " * 12 + "-  "), "a server that is too old to tell what is in a folder"
    assert re.match(r"1234  ", file.strip())
    assert folder.index("folder") == file.index("file")


def test_the_size_of_a_folder_is_that_of_all_in_it(scripted: Filecli, script: Script) -> None:
    script.will(page_of(folder_of("a") | {"tree_size": 98765, "tree_files": 3}))

    assert re.match(r" +98765  ", scripted("ls", "-b").stdout)


def test_a_folder_tells_how_much_is_in_it(stored: Filecli) -> None:
    told = stored("info", "docs").stdout

    assert re.search(r"^size: +17 bytes$", told, re.MULTILINE)
    assert re.search(r"^files: +2$", told, re.MULTILINE)


def test_a_listing_is_sorted_as_the_server_can(stored: Filecli) -> None:
    stored("upload", "-", "--to", "zero", given="")

    assert stored("ls", "--sort", "size").stdout == "docs/\nzero\nreport\n"
    assert stored("ls", "--sort", "size", "--order", "desc").stdout == "docs/\nreport\nzero\n"
    assert stored("ls", "--order", "desc").stdout == "docs/\nzero\nreport\n"


def test_a_recursive_listing_has_one_order_only(stored: Filecli) -> None:
    done = stored("ls", "-R", "--sort", "size")

    assert done.exit_code == 2
    assert "always in the order of names" in done.stderr


def test_a_pattern_lists_what_fits_it(stored: Filecli) -> None:
    assert stored("ls", "docs/*").stdout == "docs/deep/\ndocs/a\n"
    assert stored("ls", "do[a-c]s/*").stdout == "docs/deep/\ndocs/a\n"
    assert stored("ls", "nothing*").exit_code == 4


def test_pages_that_do_not_end_are_not_asked_for_for_ever(scripted: Filecli, script: Script) -> None:
    script.will(page_of(following="again"), page_of(following="again"))
    done = scripted("ls")

    assert done.exit_code == 1
    assert "its pages do not end" in done.stderr


def test_json_is_one_document(stored: Filecli) -> None:
    listing = json.loads(stored("ls", "--json", "docs").stdout)

    assert listing["path"] == "docs"
    assert [entry["path"] for entry in listing["entries"]] == ["docs/deep", "docs/a"]


def test_a_folder_that_is_not_there_is_not_found(stored: Filecli) -> None:
    done = stored("ls", "--json", "nowhere")

    assert done.exit_code == 4
    assert done.stdout == ""


def test_a_file_is_no_folder(stored: Filecli) -> None:
    assert stored("ls", "report").exit_code == 5


def test_a_name_that_steers_the_terminal_is_written_out(scripted: Filecli, script: Script) -> None:
    script.will(page_of(entry_of("a\x1b]0;x\x07", b""), folder_of("b\u202e")))

    assert scripted("ls", "-l").stdout.count("\\x1b]0;x\\x07") == 1
    assert "\x1b" not in scripted("ls").output


def test_a_time_that_cannot_be_read_is_shown_as_it_is(scripted: Filecli, script: Script) -> None:
    script.will(page_of(entry_of("a", b"") | {"modified_at": "once"}))

    assert scripted("ls", "-l").stdout == "  0 bytes  once              file    a\n"


@pytest.mark.parametrize(
    "page",
    [
        [],
        {},
        {"entries": {}},
        {"entries": [5]},
        {"entries": [{"kind": "file"}]},
        {"entries": [{"kind": "file", "path": "a", "size": "1", "content_hash": "0" * 64}]},
        {"entries": [{"kind": "file", "path": "a", "size": 1, "content_hash": "0"}]},
        {"entries": [{"kind": "file", "path": "a", "size": 1}]},
    ],
)
def test_a_listing_that_makes_no_sense_is_not_understood(
    page: object, scripted: Filecli, script: Script
) -> None:
    script.will(json_answer(page))
    done = scripted("ls")

    assert done.exit_code == 1
    assert "is not one of a Cabinet server" in done.stderr


def test_files_are_moved_to_the_trash(stored: Filecli) -> None:
    done = stored("rm", "report", "docs/a")

    assert done.exit_code == 0
    assert sorted(done.stderr.splitlines()) == ["“docs/a” is in the trash.", "“report” is in the trash."]
    assert stored("ls", "-r").stdout == "docs/\ndocs/deep/\ndocs/deep/b\n"


def test_a_folder_is_moved_with_leave_only(stored: Filecli) -> None:
    refused = stored("rm", "docs")
    assert refused.exit_code == 5
    assert "Hint: -r" in refused.stderr

    assert stored("rm", "-r", "docs").exit_code == 0
    assert stored("ls").stdout == "report\n"


@pytest.mark.parametrize("options", [[], ["-r"]])
def test_what_is_not_there_cannot_be_removed(options: list[str], stored: Filecli) -> None:
    done = stored("rm", *options, "nothing", "report")

    assert done.exit_code == 1
    assert "filecli: error: nothing: There is nothing here by that name." in done.stderr
    assert stored("ls").stdout == "docs/\n"


def test_everything_at_once_is_not_removed(stored: Filecli) -> None:
    assert stored("rm", "-r", "/").exit_code == 2
    assert stored("ls").stdout == "docs/\nreport\n"


def test_json_names_what_was_removed(stored: Filecli) -> None:
    assert json.loads(stored("rm", "--json", "report").stdout) == {"event": "removed", "path": "report"}


def test_a_removal_whose_answer_was_lost_is_not_repeated(scripted: Filecli, script: Script) -> None:
    script.will(DEAF_ANSWER)

    assert scripted("rm", "-r", "a").exit_code == 8
    assert len(script.seen) == 1
