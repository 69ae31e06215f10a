"""ls and rm."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.conftest import Filecli
from tests.cli.scripted import DEAF_ANSWER, Script, entry_of, folder_of, json_answer, page_of


@pytest.fixture
def stored(alice: Filecli) -> Filecli:
    """Run filecli as a user with docs/a, docs/deep/b and report."""
    for path in ("docs/a", "docs/deep/b", "report"):
        assert alice("upload", "-", "--to", path, given=path).exit_code == 0
    return alice


def test_a_listing_shows_names_with_a_slash_behind_folders(stored: Filecli) -> None:
    assert stored("ls").stdout == "docs/\nreport\n"
    assert stored("ls", "docs").stdout == "deep/\na\n"
    assert stored("ls", "/docs/deep/").stdout == "b\n"


def test_an_empty_folder_lists_nothing(alice: Filecli) -> None:
    done = alice("ls")

    assert (done.exit_code, done.output) == (0, "")


def test_a_recursive_listing_shows_paths(stored: Filecli) -> None:
    assert set(stored("ls", "-r", "docs").stdout.splitlines()) == {"a", "deep/", "deep/b"}


def test_a_long_listing_shows_size_time_and_kind(stored: Filecli) -> None:
    lines = stored("ls", "-l").stdout.splitlines()

    assert re.fullmatch(r" 17 bytes  \d{4}-\d\d-\d\d \d\d:\d\d  folder  docs/", lines[0])
    assert re.fullmatch(r" +6 bytes  \d{4}-\d\d-\d\d \d\d:\d\d  file    report", lines[1])


def test_bytes_option_shows_exact_sizes(scripted: Filecli, script: Script) -> None:
    script.will(page_of(folder_of("a"), entry_of("b", b"x" * 1234)))
    folder, file = scripted("ls", "-b").stdout.splitlines()

    assert folder.startswith(" " * 12 + "-  "), "a server that is too old to tell what is in a folder"
    assert re.match(r"1234  ", file.strip())
    assert folder.index("folder") == file.index("file")


def test_a_folder_shows_the_size_of_its_tree(scripted: Filecli, script: Script) -> None:
    script.will(page_of(folder_of("a") | {"tree_size": 98765, "tree_files": 3}))

    assert re.match(r" +98765  ", scripted("ls", "-b").stdout)


def test_info_of_a_folder_shows_size_and_files(stored: Filecli) -> None:
    told = stored("info", "docs").stdout

    assert re.search(r"^size: +17 bytes$", told, re.MULTILINE)
    assert re.search(r"^files: +2$", told, re.MULTILINE)


def test_ls_sorts_by_name_size_and_time(stored: Filecli) -> None:
    stored("upload", "-", "--to", "zero", given="")

    assert stored("ls", "--sort", "size").stdout == "docs/\nzero\nreport\n"
    assert stored("ls", "--sort", "size", "--order", "desc").stdout == "docs/\nreport\nzero\n"
    assert stored("ls", "--order", "desc").stdout == "docs/\nzero\nreport\n"


def test_a_recursive_listing_cannot_be_sorted(stored: Filecli) -> None:
    done = stored("ls", "-R", "--sort", "size")

    assert done.exit_code == 2
    assert "always sorted by name" in done.stderr


def test_a_pattern_lists_matching_entries(stored: Filecli) -> None:
    assert stored("ls", "docs/*").stdout == "docs/deep/\ndocs/a\n"
    assert stored("ls", "do[a-c]s/*").stdout == "docs/deep/\ndocs/a\n"
    assert stored("ls", "nothing*").exit_code == 4


def test_endless_pages_are_rejected(scripted: Filecli, script: Script) -> None:
    script.will(page_of(following="again"), page_of(following="again"))
    done = scripted("ls")

    assert done.exit_code == 1
    assert "the list of pages does not end" in done.stderr


def test_json_is_one_document(stored: Filecli) -> None:
    listing = json.loads(stored("ls", "--json", "docs").stdout)

    assert listing["path"] == "docs"
    assert [entry["path"] for entry in listing["entries"]] == ["docs/deep", "docs/a"]


def test_a_missing_folder_is_not_found(stored: Filecli) -> None:
    done = stored("ls", "--json", "nowhere")

    assert done.exit_code == 4
    assert done.stdout == ""


def test_listing_a_file_is_an_error(stored: Filecli) -> None:
    assert stored("ls", "report").exit_code == 5


def test_control_characters_in_names_are_escaped(scripted: Filecli, script: Script) -> None:
    script.will(page_of(entry_of("a\x1b]0;x\x07", b""), folder_of("b\u202e")))

    assert scripted("ls", "-l").stdout.count("\\x1b]0;x\\x07") == 1
    assert "\x1b" not in scripted("ls").output


def test_an_invalid_time_is_shown_unchanged(scripted: Filecli, script: Script) -> None:
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
def test_an_invalid_listing_is_rejected(page: object, scripted: Filecli, script: Script) -> None:
    script.will(json_answer(page))
    done = scripted("ls")

    assert done.exit_code == 1
    assert "is not one of a Cabinet server" in done.stderr


def test_rm_moves_files_to_the_trash(stored: Filecli) -> None:
    done = stored("rm", "report", "docs/a")

    assert done.exit_code == 0
    assert sorted(done.stderr.splitlines()) == [
        "“docs/a” was moved to the trash.",
        "“report” was moved to the trash.",
    ]
    assert stored("ls", "-r").stdout == "docs/\ndocs/deep/\ndocs/deep/b\n"


def test_rm_of_a_folder_needs_recursive(stored: Filecli) -> None:
    refused = stored("rm", "docs")
    assert refused.exit_code == 5
    assert "Hint: Use -r" in refused.stderr

    assert stored("rm", "-r", "docs").exit_code == 0
    assert stored("ls").stdout == "report\n"


@pytest.mark.parametrize("options", [[], ["-r"]])
def test_rm_of_a_missing_name_is_an_error(options: list[str], stored: Filecli) -> None:
    done = stored("rm", *options, "nothing", "report")

    assert done.exit_code == 1
    assert "filecli: error: nothing: This item does not exist." in done.stderr
    assert stored("ls").stdout == "docs/\n"


def test_rm_refuses_the_root_folder(stored: Filecli) -> None:
    assert stored("rm", "-r", "/").exit_code == 2
    assert stored("ls").stdout == "docs/\nreport\n"


def test_rm_json_has_the_removed_paths(stored: Filecli) -> None:
    assert json.loads(stored("rm", "--json", "report").stdout) == {"event": "removed", "path": "report"}


def test_a_removal_with_a_lost_response_is_not_retried(scripted: Filecli, script: Script) -> None:
    script.will(DEAF_ANSWER)

    assert scripted("rm", "-r", "d/a").exit_code == 8
    assert len(script.seen) == 1
