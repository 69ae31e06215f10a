"""Uploads: files, folders, standard input, conflicts."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Filecli
from tests.cli.scripted import DEAF_ANSWER, Script, entry_of, json_answer, problem
from tests.support.contents import SIZES, content_of


def fetched(alice: Filecli, path: str) -> bytes:
    done = alice("download", "-o", "-", "--", path)
    assert done.exit_code == 0, done.stderr
    return done.stdout_bytes


@pytest.mark.parametrize("size", SIZES)
def test_uploaded_bytes_download_unchanged(size: int, alice: Filecli, workdir: Path) -> None:
    content = content_of(size)
    (workdir / "file").write_bytes(content)
    done = alice("upload", "file")

    assert done.exit_code == 0, done.stderr
    assert done.stdout == "file\n"
    assert fetched(alice, "file") == content


@pytest.mark.parametrize(
    "name",
    [
        "Отчёт №5.pdf",
        "😀.txt",
        "日本語.txt",
        "-rf",
        "$(id)",
        "{{7*7}}",
        "%s",
        "%2e%2e",
        "a b",
        "a\"b;c'd%.txt",
        "я" * 127,
    ],
)
def test_any_name_round_trips(name: str, alice: Filecli, workdir: Path) -> None:
    (workdir / name).write_bytes(b"content")
    assert alice("upload", "--", name).stdout == f"{name}\n"
    (workdir / name).unlink()

    assert alice("download", "--", name).exit_code == 0
    assert (workdir / name).read_bytes() == b"content"
    assert [path.name for path in workdir.iterdir()] == [name]


def test_several_files_are_uploaded_into_a_new_folder(alice: Filecli, workdir: Path) -> None:
    for name in ("one", "two"):
        (workdir / name).write_text(name)
    done = alice("upload", "one", "two", "--to", "a/b")

    assert done.stdout == "a/b/one\na/b/two\n"
    assert done.stderr.startswith("Uploaded 2 files, 6 bytes in ")
    assert fetched(alice, "a/b/two") == b"two"


def test_a_folder_is_uploaded_with_its_contents(alice: Filecli, workdir: Path) -> None:
    for name in ("photos/2020/1", "photos/2021/1", "photos/index"):
        (workdir / name).parent.mkdir(parents=True, exist_ok=True)
        (workdir / name).write_text(name)
    (workdir / "photos" / "link").symlink_to("index")
    done = alice("upload", "-r", "photos/", "--to", "in")

    assert done.exit_code == 0
    assert done.stdout == "in/photos/2020/1\nin/photos/2021/1\nin/photos/index\n"
    assert "filecli: warning: “photos/link” is a link or a special file and was skipped." in done.stderr
    assert fetched(alice, "in/photos/2021/1") == b"photos/2021/1"


def test_a_folder_is_refused_without_recursive(alice: Filecli, workdir: Path) -> None:
    (workdir / "photos").mkdir()
    done = alice("upload", "photos")

    assert done.exit_code == 2
    assert done.stderr == (
        "filecli: error: “photos” is a folder. Hint: Use -r for a folder with its contents.\n"
    )


def test_a_missing_file_does_not_stop_the_others(alice: Filecli, workdir: Path) -> None:
    (workdir / "there").write_text("content")
    done = alice("upload", "nowhere", "there")

    assert done.exit_code == 1
    assert done.stdout == "there\n"
    assert "filecli: error: There is no “nowhere” on this machine.\n" in done.stderr
    assert "1 failed." in done.stderr


def test_a_common_failure_decides_the_exit_code(alice: Filecli) -> None:
    assert alice("upload", "nowhere", "here").exit_code == 4


def test_a_pipe_is_refused_as_a_file_and_accepted_as_stdin(alice: Filecli, workdir: Path) -> None:
    os.mkfifo(workdir / "pipe")
    done = alice("upload", "pipe")

    assert done.exit_code == 1
    assert "use “-” to upload from a pipe" in done.stderr


@pytest.mark.parametrize("size", [0, 1, 5 << 20])
def test_stdin_is_uploaded_to_the_given_path(size: int, alice: Filecli) -> None:
    content = content_of(size)
    done = alice("upload", "-", "--to", "backups/dump", given=content)

    assert done.exit_code == 0
    assert done.stdout == "backups/dump\n"
    assert fetched(alice, "backups/dump") == content


@pytest.mark.parametrize("arguments", [["-"], ["-", "--to", "folder/"], ["-", "a", "--to", "b"]])
def test_stdin_needs_a_path_and_cannot_be_combined_with_files(arguments: list[str], alice: Filecli) -> None:
    assert alice("upload", *arguments, given="content").exit_code == 2


def test_an_existing_file_is_replaced_by_default(alice: Filecli, workdir: Path) -> None:
    (workdir / "file.txt").write_text("old")
    alice("upload", "file.txt")
    (workdir / "file.txt").write_text("new")

    refused = alice("upload", "file.txt", "--on-conflict", "fail")
    assert refused.exit_code == 5
    assert "Hint: Use --on-conflict replace" in refused.stderr
    assert fetched(alice, "file.txt") == b"old"

    renamed = alice("upload", "file.txt", "--on-conflict", "rename")
    assert renamed.stdout == "file (2).txt\n"
    assert fetched(alice, "file (2).txt") == b"new"
    assert fetched(alice, "file.txt") == b"old"

    assert alice("upload", "file.txt").exit_code == 0
    assert fetched(alice, "file.txt") == b"new"


def test_a_refused_name_is_reported_with_the_reason(alice: Filecli, workdir: Path) -> None:
    (workdir / "a\\b").write_text("content")
    done = alice("upload", "a\\b")

    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1


def test_a_name_that_is_not_utf_8_is_refused_before_it_is_sent(alice: Filecli, workdir: Path) -> None:
    Path(os.fsdecode(os.fsencode(workdir) + b"/a\xff")).touch()
    done = alice("upload", "-r", ".")

    assert done.exit_code == 2
    assert "a\\udcff" in done.stderr


def test_dot_dot_in_a_target_is_refused(alice: Filecli, workdir: Path) -> None:
    (workdir / "file").touch()

    assert alice("upload", "file", "--to", "../other").exit_code == 2


def test_each_file_is_a_line_of_json(alice: Filecli, workdir: Path) -> None:
    (workdir / "file").write_text("content")
    done = alice("upload", "--json", "file", "nowhere")
    events = [json.loads(line) for line in done.stdout.splitlines()]

    assert [event["event"] for event in events] == ["failed", "uploaded", "summary"]
    assert events[0] | {"subject": "nowhere", "error": "local-missing", "exit_code": 4} == events[0]
    assert (events[1]["local"], events[1]["entry"]["path"]) == ("file", "file")
    assert events[2] | {"files": 1, "bytes": 7, "failed": 1} == events[2]


def test_a_quiet_upload_prints_nothing(alice: Filecli, workdir: Path) -> None:
    (workdir / "file").write_text("content")

    assert alice("-q", "upload", "file").output == ""


def test_verbose_logs_requests_without_secrets(alice: Filecli, workdir: Path) -> None:
    (workdir / "file").write_text("content")
    done = alice("upload", "-v", "file")

    assert "PUT http://127.0.0.1:" in done.stderr
    assert "/files/file?on_conflict=replace 201 " in done.stderr
    assert "Bearer" not in done.stderr


def test_a_wrong_stored_hash_is_detected(scripted: Filecli, script: Script, workdir: Path) -> None:
    (workdir / "file").write_text("content")
    script.will(json_answer(entry_of("file", b"c0ntent"), 201))
    done = scripted("upload", "file")

    assert done.exit_code == 7
    assert [seen.method for seen in script.seen] == ["PUT"]


def test_a_replacing_upload_is_retried_after_a_lost_connection(
    scripted: Filecli, script: Script, workdir: Path
) -> None:
    (workdir / "file").write_text("content")
    script.will(DEAF_ANSWER, json_answer(entry_of("file", b"content"), 201))

    assert scripted("upload", "file").exit_code == 0
    assert script.seen[1].body == b"content"


@pytest.mark.parametrize("on_conflict", ["rename", "fail"])
def test_a_renaming_upload_is_not_retried(
    on_conflict: str, scripted: Filecli, script: Script, workdir: Path
) -> None:
    (workdir / "file").write_text("content")
    script.will_at("/lookup", json_answer({"entries": [None]}))
    script.will(DEAF_ANSWER, json_answer(entry_of("file", b"content"), 201))

    assert scripted("upload", "file", "--on-conflict", on_conflict).exit_code == 8
    assert [seen.method for seen in script.seen if seen.target != "/lookup"] == ["PUT"]


@pytest.mark.parametrize(
    ("slug", "status", "code"),
    [("sign-in-required", 401, 3), ("storage-full", 507, 6), ("quota-exceeded", 507, 6)],
)
def test_a_fatal_error_ends_the_command(
    slug: str, status: int, code: int, scripted: Filecli, script: Script, workdir: Path
) -> None:
    for name in ("one", "two"):
        (workdir / name).write_text(name)
    script.will(problem(slug, status))

    assert scripted("upload", "one", "two").exit_code == code
    assert len(script.seen) == 1
