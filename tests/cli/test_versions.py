"""versions, info and search."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cabinet.storage.content_hash import hash_chunks
from tests.cli.conftest import Filecli
from tests.cli.scripted import Script, entry_of, folder_of, json_answer, page_of


@pytest.fixture
def written(alice: Filecli) -> Filecli:
    """Run filecli as a user with three versions of report, the last one with "three"."""
    for content in ("one", "two", "three"):
        assert alice("upload", "-", "--to", "docs/report", given=content).exit_code == 0
    return alice


def test_versions_are_listed_newest_first(written: Filecli) -> None:
    head, *lines = written("versions", "list", "docs/report").stdout.splitlines()

    assert len(lines) == 3
    assert written("versions", "docs/report").stdout.splitlines() == [head, *lines]
    assert written("versions", "docs/report", "-q").stdout.splitlines() == lines
    assert head.split() == ["NUMBER", "SIZE", "STORED", "CONTENT", "HASH"]
    assert head.index("CONTENT HASH") == lines[0].index(hash_chunks([b"three"]))
    content_hash = hash_chunks([b"three"])
    assert re.fullmatch(rf" +3 +5 bytes  \d{{4}}-\d\d-\d\d \d\d:\d\d  {content_hash}  current", lines[0])
    assert re.fullmatch(r" +1 +3 bytes  .*[0-9a-f]{64}", lines[2])


def test_json_is_the_response_of_the_server(written: Filecli) -> None:
    document = json.loads(written("versions", "docs/report", "--json").stdout)

    assert document["path"] == "docs/report"
    assert [version["number"] for version in document["versions"]] == [3, 2, 1]


def test_a_version_is_downloaded(written: Filecli, workdir: Path) -> None:
    assert written("versions", "get", "docs/report", "1").stdout == "report\n"
    assert (workdir / "report").read_text() == "one"
    assert written("versions", "get", "docs/report", "2").exit_code == 5
    assert written("versions", "get", "docs/report", "2", "-o", "old").stdout == "old\n"
    assert written("versions", "get", "docs/report", "2", "-o", "-").stdout == "two"
    assert written("versions", "get", "docs/report", "9", "-o", "x").exit_code == 4


def test_stdout_gets_only_the_version(written: Filecli) -> None:
    assert written("versions", "get", "--json", "docs/report", "1", "-o", "-").exit_code == 2


def test_a_version_is_restored_as_a_new_one(written: Filecli) -> None:
    done = written("versions", "restore", "docs/report", "1")

    assert (done.exit_code, done.stderr) == (0, "Restored version 1 of “docs/report”.\n")
    assert written("download", "docs/report", "-o", "-").stdout == "one"
    assert len(written("versions", "docs/report", "-q").stdout.splitlines()) == 4


def test_versions_are_deleted_permanently_except_the_current_one(written: Filecli) -> None:
    done = written("versions", "rm", "docs/report", "3", "1", "-y")

    assert done.exit_code == 1
    assert "filecli: error: version 3: " in done.stderr
    assert "Version 1 of “docs/report” was permanently deleted." in done.stderr
    assert len(written("versions", "docs/report", "-q").stdout.splitlines()) == 2


@pytest.mark.parametrize("number", ["0", "-1", "x"])
def test_a_version_number_starts_at_one(number: str, scripted: Filecli) -> None:
    assert scripted("versions", "get", "docs/report", number).exit_code == 2


def test_only_files_have_versions(written: Filecli) -> None:
    assert written("versions", "nothing").exit_code == 4
    assert written("versions", "docs").exit_code == 5


def test_a_file_named_like_a_subcommand_has_versions(alice: Filecli) -> None:
    alice("upload", "-", "--to", "get", given="x")

    assert len(alice("versions", "list", "get", "-q").stdout.splitlines()) == 1


@pytest.mark.parametrize(
    "version", [{"number": "1", "size": 1, "content_hash": "0"}, {"number": 1, "content_hash": "0"}, {}, 5]
)
def test_invalid_versions_are_rejected(version: object, scripted: Filecli, script: Script) -> None:
    script.will(json_answer({"path": "a", "versions": [version]}))

    assert scripted("versions", "a").exit_code == 1


def test_info_shows_a_file(written: Filecli) -> None:
    lines = written("info", "docs/report").stdout.splitlines()
    facts = dict(line.split(maxsplit=1) for line in lines)

    assert facts["path:"] == "docs/report"
    assert facts["kind:"] == "file"
    assert facts["size:"] == "5 bytes"
    assert facts["hash:"] == hash_chunks([b"three"])
    assert facts["versions:"] == "3"
    assert {"type:", "created:", "modified:"} <= facts.keys()
    document = json.loads(written("info", "--json", "docs/report").stdout)
    assert (document["versions"], document["size"]) == (3, 5)


def test_info_shows_a_folder(written: Filecli) -> None:
    assert [line.split()[0] for line in written("info", "docs").stdout.splitlines()] == [
        "path:",
        "kind:",
        "size:",
        "files:",
        "created:",
        "modified:",
    ]
    assert written("info", "nothing").exit_code == 4


def test_search_finds_parts_of_names(written: Filecli) -> None:
    written("upload", "-", "--to", "Отчёт за год.pdf", given="x")

    assert written("search", "отчёт", "за").stdout == "Отчёт за год.pdf\n"
    assert written("search", "REPO").stdout == "docs/report\n"
    assert written("search", "port", "--in", "docs", "-l").stdout.endswith("file    docs/report\n")
    found = json.loads(written("search", "report", "--json").stdout)
    assert [entry["path"] for entry in found["entries"]] == ["docs/report"]


def test_an_empty_search_is_no_error_and_a_missing_folder_is_one(alice: Filecli) -> None:
    done = alice("search", "nowhere")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "No names match.\n")
    assert alice("search", "report", "--in", "nowhere").exit_code == 4


def test_search_continues_after_an_empty_page(scripted: Filecli, script: Script) -> None:
    script.will(page_of(following="1"), page_of(folder_of("a"), following="2"), page_of(entry_of("b", b"")))

    assert scripted("search", "x y", "--in", "d").stdout == "a/\nb\n"
    assert script.seen[0].target == "/search?q=x+y&path=d&limit=1000"
    assert script.seen[2].target.endswith("&after=2")


def test_search_limit_limits_output_and_requests(scripted: Filecli, script: Script) -> None:
    script.will(page_of(folder_of("a"), folder_of("b"), following="1"))

    assert scripted("search", "x", "--limit", "1").stdout == "a/\n"
    assert [seen.target for seen in script.seen] == ["/search?q=x&limit=1"]
