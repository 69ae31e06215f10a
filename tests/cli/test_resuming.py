"""Large uploads: in parts, over lost connections, and resumed after an earlier run."""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cabinet.client.transfer import request_size, stream_upload
from cabinet.client.transfer.file_upload import LARGE
from cabinet.client.wire.tus import Tus, UploadStatus
from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from tests.cli.conftest import Filecli
from tests.cli.scripted import DEAF_ANSWER, Answer, Script, entry_of, json_answer, problem
from tests.support.contents import content_of
from tests.support.line import Cut, Line, close_abruptly

SIZE = LARGE + (5 << 20) + 3
CONTENT = content_of(SIZE)
FIRST_PART = request_size.FIRST_SIZE

# Includes the headers of requests: within a part in the middle, after the last byte.
MIDWAY = 11 << 20
AT_THE_END = SIZE - 100_000


@pytest.fixture
def big(workdir: Path) -> Path:
    """Return a large file in the working folder."""
    path = workdir / "big"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def interrupted(bob: Filecli, line: Line, big: Path) -> Filecli:
    """Run filecli after an upload of `big` that failed in its second part."""
    line.plan(Cut(MIDWAY, close_abruptly))
    assert bob("upload", "--retries", "0", "big").exit_code == 8
    return bob


def notes_in(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "state" / "filecli" / "uploads").iterdir())


def methods(said: str) -> list[str]:
    """Return the methods of the upload requests in the log of `-v`."""
    return [line.split()[0] for line in said.splitlines() if "/uploads" in line and "http://" in line]


def stored_hash(filecli: Filecli, path: str) -> str:
    done = filecli("download", "-o", "-", "--", path)
    assert done.exit_code == 0, done.stderr
    return hash_chunks([done.stdout_bytes])


@pytest.mark.parametrize("size", [LARGE, pytest.param(LARGE + 1, marks=pytest.mark.long), SIZE])
def test_a_large_file_is_sent_in_parts(size: int, bob: Filecli, workdir: Path, tmp_path: Path) -> None:
    (workdir / "big").write_bytes(content_of(size))
    done = bob("upload", "-v", "big", "--to", "in/Отчёты")

    assert done.exit_code == 0, done.stderr
    assert done.stdout == "in/Отчёты/big\n"
    assert methods(done.stderr)[0] == "POST"
    assert methods(done.stderr).count("PATCH") >= 2
    assert stored_hash(bob, "in/Отчёты/big") == hash_chunks([content_of(size)])
    assert notes_in(tmp_path) == []


def test_an_upload_survives_a_lost_connection(bob: Filecli, line: Line, big: Path) -> None:
    line.plan(Cut(MIDWAY, close_abruptly))
    done = bob("upload", "-v", "big")

    assert line.was_cut()
    assert done.exit_code == 0
    assert methods(done.stderr).count("POST") == 1
    assert "HEAD" in methods(done.stderr)
    assert stored_hash(bob, "big") == hash_chunks([CONTENT])


def test_the_same_command_resumes(interrupted: Filecli, tmp_path: Path) -> None:
    done = interrupted("upload", "-v", "big")

    assert done.exit_code == 0
    told = methods(done.stderr)
    assert (told[0], told[-1], set(told[1:-1])) == ("HEAD", "GET", {"PATCH"})
    assert stored_hash(interrupted, "big") == hash_chunks([CONTENT])
    assert notes_in(tmp_path) == []


def test_an_upload_with_a_lost_last_response_is_done(
    bob: Filecli, line: Line, big: Path, tmp_path: Path
) -> None:
    line.plan(Cut(AT_THE_END, close_abruptly, at_answer=True))
    done = bob("upload", "-v", "--retries", "1", "big")

    assert line.was_cut()
    assert done.exit_code == 0
    assert methods(done.stderr)[-2:] == ["HEAD", "GET"]
    assert notes_in(tmp_path) == []


def test_a_run_killed_before_the_last_response_resumes(
    bob: Filecli, line: Line, big: Path, tmp_path: Path
) -> None:
    line.plan(Cut(AT_THE_END, close_abruptly, at_answer=True))
    assert bob("upload", "--retries", "0", "big").exit_code == 8
    done = bob("upload", "-v", "big")

    assert done.exit_code == 0
    assert methods(done.stderr) == ["HEAD", "GET"]
    assert stored_hash(bob, "big") == hash_chunks([CONTENT])


def test_a_changed_file_restarts(interrupted: Filecli, big: Path) -> None:
    content = content_of(SIZE, seed=1)
    big.write_bytes(content)
    os.utime(big, ns=(1, 1))
    done = interrupted("upload", "-v", "big")

    assert done.exit_code == 0
    assert methods(done.stderr)[:2] == ["DELETE", "POST"]
    assert stored_hash(interrupted, "big") == hash_chunks([content])
    assert interrupted("uploads").stdout == ""


def test_another_on_conflict_restarts(interrupted: Filecli) -> None:
    done = interrupted("upload", "-v", "--on-conflict", "rename", "big")

    assert done.exit_code == 0
    assert methods(done.stderr)[:2] == ["DELETE", "POST"]


def test_another_target_is_another_upload(interrupted: Filecli) -> None:
    done = interrupted("upload", "-v", "big", "--to", "elsewhere")

    assert done.exit_code == 0
    assert methods(done.stderr)[0] == "POST"
    assert len(interrupted("uploads", "-q").stdout.splitlines()) == 1


def test_an_expired_upload_restarts(interrupted: Filecli, tmp_path: Path) -> None:
    journal = notes_in(tmp_path)[0]
    content = journal.read_bytes()
    assert interrupted("uploads", "cancel", "--all").exit_code == 0
    journal.write_bytes(content)
    done = interrupted("upload", "-v", "big")

    assert done.exit_code == 0
    assert methods(done.stderr)[:2] == ["HEAD", "POST"]
    assert stored_hash(interrupted, "big") == hash_chunks([CONTENT])


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda text: text.split(b"\n")[0] + b"\n", id="killed before the first entry"),
        pytest.param(lambda text: text[:-7], id="half a line"),
        pytest.param(lambda text: b"", id="nothing", marks=pytest.mark.long),
        pytest.param(lambda text: b"{}\n[]\n", id="something else"),
        pytest.param(
            lambda text: text[: text.index(b"\n") // 2], id="half a first line", marks=pytest.mark.long
        ),
    ],
)
def test_a_damaged_journal_only_costs_time(
    damage: Callable[[bytes], bytes], interrupted: Filecli, tmp_path: Path
) -> None:
    journal = notes_in(tmp_path)[0]
    journal.write_bytes(damage(journal.read_bytes()))

    assert interrupted("upload", "big").exit_code == 0
    assert stored_hash(interrupted, "big") == hash_chunks([CONTENT])
    assert notes_in(tmp_path) == []


def test_journals_are_private(interrupted: Filecli, tmp_path: Path) -> None:
    journal = notes_in(tmp_path)[0]

    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.parent.stat().st_mode) == 0o700


def test_old_journals_are_removed(interrupted: Filecli, tmp_path: Path) -> None:
    os.utime(notes_in(tmp_path)[0], ns=(1, 1))
    assert interrupted("upload", "big", "--to", "elsewhere").exit_code == 0

    assert notes_in(tmp_path) == []


def test_an_upload_that_never_started_leaves_no_journal(
    scripted: Filecli, named: Script, big: Path, tmp_path: Path
) -> None:
    named.will(problem("quota-exceeded", 507))

    assert scripted("upload", "big").exit_code == 6
    assert notes_in(tmp_path) == []


def test_an_upload_in_use_by_another_process_is_refused(interrupted: Filecli, tmp_path: Path) -> None:
    with notes_in(tmp_path)[0].open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = interrupted("upload", "big")

        assert done.exit_code == 5
        assert "is being uploaded by another filecli" in done.stderr
    assert interrupted("upload", "big").exit_code == 0


def test_a_long_pipe_survives_a_lost_connection(bob: Filecli, line: Line) -> None:
    line.plan(Cut(MIDWAY, close_abruptly))
    done = bob("upload", "-", "--to", "dump", given=CONTENT)

    assert line.was_cut()
    assert done.exit_code == 0, done.stderr
    assert stored_hash(bob, "dump") == hash_chunks([CONTENT])


@pytest.mark.parametrize(
    "size", [stream_upload.PART - 1, stream_upload.PART, stream_upload.PART + 1, 2 * stream_upload.PART]
)
def test_pipes_of_any_length_are_uploaded(size: int, bob: Filecli) -> None:
    done = bob("upload", "-", "--to", "dump", given=content_of(size))

    assert done.exit_code == 0, done.stderr
    assert stored_hash(bob, "dump") == hash_chunks([content_of(size)])


CREATED = Answer(201, b"", {"Location": "http://elsewhere.example/uploads/abc"})


def status(offset: int, content_hash: str = "") -> Answer:
    """Return the response with the status of an upload."""
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(SIZE)}
    return Answer(204, b"", {**headers, **({"X-Content-Hash": content_hash} if content_hash else {})})


@pytest.fixture
def named(script: Script) -> Script:
    """Return the scripted server, which knows the user of the token."""
    script.will_at("/me", json_answer({"username": "alice"}))
    return script


def test_a_damaged_upload_is_sent_once_more(
    scripted: Filecli, named: Script, big: Path, tmp_path: Path
) -> None:
    damaged = (CREATED, status(SIZE - 1000), problem("checksum-mismatch", 460), Answer(204))
    named.will(*damaged, *damaged)

    assert scripted("upload", "big").exit_code == 7
    assert [seen.method for seen in named.seen] == ["GET", *("POST", "PATCH", "PATCH", "DELETE") * 2]
    assert notes_in(tmp_path) == []


def test_an_upload_damaged_once_is_stored(scripted: Filecli, named: Script, big: Path) -> None:
    named.will(CREATED, status(SIZE - 1000), problem("checksum-mismatch", 460), Answer(204))
    named.will(CREATED, status(SIZE, hash_chunks([CONTENT])), json_answer(entry_of("big", CONTENT)))

    assert scripted("upload", "big").exit_code == 0


def test_a_lost_part_is_resent_from_the_offset_of_the_server(
    scripted: Filecli, named: Script, big: Path, pauses: list[float]
) -> None:
    cut_at = FIRST_PART + 12345
    named.will(CREATED, DEAF_ANSWER, status(0), DEAF_ANSWER, status(cut_at), problem("storage-full", 507))
    assert scripted("upload", "big").exit_code == 6
    onward = named.seen[6]

    assert onward.headers["Upload-Offset"] == str(cut_at)
    assert onward.body == CONTENT[cut_at : cut_at + FIRST_PART]


def test_a_wrong_final_hash_is_detected(scripted: Filecli, named: Script, big: Path, tmp_path: Path) -> None:
    named.will(CREATED, status(SIZE, "0" * 64))
    done = scripted("upload", "big")

    assert done.exit_code == 7
    assert "is damaged" in done.stderr
    assert notes_in(tmp_path) == []


def test_a_location_on_another_server_is_not_followed(scripted: Filecli, named: Script, big: Path) -> None:
    named.will(CREATED, status(SIZE, hash_chunks([CONTENT])), json_answer(entry_of("big", CONTENT)))

    assert scripted("upload", "big").exit_code == 0
    assert [seen.target for seen in named.seen] == ["/me", "/uploads", "/uploads/abc", "/uploads/abc"]


def test_the_last_part_has_the_hash_of_the_whole_file(scripted: Filecli, named: Script, big: Path) -> None:
    content_hash = hash_chunks([CONTENT])
    named.will(CREATED, status(SIZE - 1000), status(SIZE, content_hash))
    named.will(json_answer(entry_of("big", CONTENT)))
    assert scripted("upload", "big").exit_code == 0
    first, last = named.seen[2:4]

    assert (first.body, last.body) == (CONTENT[:FIRST_PART], CONTENT[-1000:])
    assert "Upload-Content-Hash" not in first.headers
    assert last.headers["Upload-Content-Hash"] == content_hash


def test_the_last_part_of_a_pipe_has_the_hash_of_the_whole_content(scripted: Filecli, named: Script) -> None:
    content, content_hash = (
        CONTENT[: stream_upload.PART + 10],
        hash_chunks([CONTENT[: stream_upload.PART + 10]]),
    )
    named.will(CREATED, status(stream_upload.PART), status(len(content), content_hash))
    named.will(json_answer(entry_of("dump", content)))
    assert scripted("upload", "-", "--to", "dump", given=content).exit_code == 0

    assert [seen.headers.get("Upload-Content-Hash") for seen in named.seen[-3:-1]] == [None, content_hash]


def test_a_resumed_upload_reads_only_the_rest(
    interrupted: Filecli, reads_of: Callable[[str], list[int]]
) -> None:
    reads = reads_of("big")
    assert interrupted("upload", "big").exit_code == 0

    assert SIZE - MIDWAY < sum(reads) <= SIZE - MIDWAY + 2 * BLOCK_SIZE


def test_unfinished_uploads_are_listed(interrupted: Filecli, big: Path) -> None:
    done = interrupted("uploads")

    assert done.exit_code == 0
    # How much of the part that was cut arrived depends on the moment.
    assert re.search(r" [1-9][0-9.]* MB / 22 MB ", done.stdout)
    assert done.stdout.endswith("  big\n")
    head, line = done.stdout.splitlines()
    assert head.split("  ")[0] == "ID"
    assert head.index("PATH") == line.index("big")
    assert head.index("SENT") + 4 == line.index("22 MB") + 5


def test_an_unfinished_upload_can_be_cancelled(interrupted: Filecli, tmp_path: Path) -> None:
    upload_id = interrupted("uploads", "-q").stdout.split()[0]

    assert interrupted("uploads", "cancel", upload_id).exit_code == 0
    assert interrupted("uploads").stdout == ""
    assert notes_in(tmp_path) == []
    assert interrupted("uploads", "cancel", upload_id).exit_code == 4


def test_cancel_needs_ids_or_all(bob: Filecli) -> None:
    assert bob("uploads", "cancel").exit_code == 2
    assert bob("uploads", "cancel", "--all", "abc").exit_code == 2


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server tell its offset, the first time, before it has stored the end of an interrupted request."""
    asked: list[str] = []

    def get_status(tus: Tus, upload_id: str) -> UploadStatus:
        status = told(tus, upload_id)
        asked.append(upload_id)
        return replace(status, offset=status.offset - 1000) if len(asked) == 1 else status

    told = Tus.get_status
    monkeypatch.setattr(Tus, "get_status", get_status)


@pytest.mark.usefixtures("early")
def test_an_offset_that_moves_on_is_no_failed_attempt(interrupted: Filecli) -> None:
    done = interrupted("upload", "--retries", "0", "big")

    assert done.exit_code == 0, done.stderr
    assert stored_hash(interrupted, "big") == hash_chunks([CONTENT])


@pytest.mark.usefixtures("early")
def test_an_offset_that_moves_on_is_no_failed_attempt_of_a_stream(bob: Filecli, line: Line) -> None:
    line.plan(Cut(MIDWAY, close_abruptly))

    done = bob("upload", "--retries", "1", "-", "--to", "dump", given=CONTENT)

    assert done.exit_code == 0, done.stderr
    assert stored_hash(bob, "dump") == hash_chunks([CONTENT])
