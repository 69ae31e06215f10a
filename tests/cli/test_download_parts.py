"""Parts of downloads: how they resume, and that damaged bytes never become a file."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from cabinet.client.failures import LocalExists, PartInUse
from cabinet.client.transfer.sinks import hash_file_of, open_part, part_of
from cabinet.storage.content_hash import hash_chunks
from tests.cli.conftest import Filecli
from tests.cli.scripted import (
    Answer,
    Script,
    content_answer,
    problem,
)
from tests.support.contents import content_of

CONTENT = content_of(3 << 20)
HEAD, TAIL = CONTENT[: 1 << 20], CONTENT[1 << 20 :]


def names_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def leave_part(target: Path, content: bytes, whole: bytes = CONTENT) -> None:
    part_of(target).write_bytes(content)
    hash_file_of(part_of(target)).write_text(hash_chunks([whole]))


def test_a_part_resumes_on_the_real_server(alice: Filecli, workdir: Path) -> None:
    alice("upload", "-", "--to", "big", given=CONTENT)
    leave_part(workdir / "big", HEAD)
    done = alice("download", "-v", "big")

    assert done.exit_code == 0
    assert "/download/big 206 " in done.stderr
    assert (workdir / "big").read_bytes() == CONTENT
    assert names_in(workdir) == {"big"}


def test_a_part_of_a_changed_file_restarts_on_the_real_server(alice: Filecli, workdir: Path) -> None:
    alice("upload", "-", "--to", "big", given=CONTENT)
    leave_part(workdir / "big", b"older", whole=b"older and whole")
    done = alice("download", "-v", "big")

    assert "/download/big 200 " in done.stderr
    assert (workdir / "big").read_bytes() == CONTENT


def test_a_complete_part_needs_no_request_for_content(alice: Filecli, workdir: Path) -> None:
    alice("upload", "-", "--to", "big", given=CONTENT)
    leave_part(workdir / "big", CONTENT)
    done = alice("download", "-v", "big")

    assert "HEAD " in done.stderr
    assert "GET " not in done.stderr
    assert (workdir / "big").read_bytes() == CONTENT


def test_a_complete_part_of_an_old_version_restarts(alice: Filecli, workdir: Path) -> None:
    alice("upload", "-", "--to", "big", given=CONTENT)
    leave_part(workdir / "big", b"older", whole=b"older")

    assert alice("download", "big").exit_code == 0
    assert (workdir / "big").read_bytes() == CONTENT


def test_a_damaged_part_is_downloaded_again(alice: Filecli, workdir: Path) -> None:
    alice("upload", "-", "--to", "big", given=CONTENT)
    leave_part(workdir / "big", bytes(len(HEAD)))

    assert alice("download", "big").exit_code == 0
    assert (workdir / "big").read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_downloaded_again(alice: Filecli, workdir: Path) -> None:
    alice("upload", "-", "--to", "big", given=CONTENT)
    leave_part(workdir / "big", CONTENT + b"more")

    assert alice("download", "big").exit_code == 0
    assert (workdir / "big").read_bytes() == CONTENT


def test_a_truncated_response_is_resumed(scripted: Filecli, script: Script, workdir: Path) -> None:
    script.will(content_answer(CONTENT, cut=len(HEAD)), content_answer(CONTENT, len(HEAD)))

    assert scripted("download", "big").exit_code == 0
    assert (workdir / "big").read_bytes() == CONTENT
    assert script.seen[1].headers["Range"] == f"bytes={len(HEAD)}-"
    assert script.seen[1].headers["If-Range"] == f'"{hash_chunks([CONTENT])}"'


def test_retries_are_limited_only_without_progress(scripted: Filecli, script: Script, workdir: Path) -> None:
    step = 1 << 18
    script.will(*[content_answer(CONTENT, start, cut=step) for start in range(0, len(CONTENT), step)])

    assert scripted("--retries", "1", "download", "big").exit_code == 0
    assert (workdir / "big").read_bytes() == CONTENT


def test_a_stalled_download_keeps_its_part(scripted: Filecli, script: Script, workdir: Path) -> None:
    script.will(
        content_answer(CONTENT, cut=len(HEAD)), *[content_answer(CONTENT, len(HEAD), cut=0) for _ in range(9)]
    )
    done = scripted("--retries", "2", "download", "big")

    assert done.exit_code == 8
    assert len(script.seen) == 3
    assert names_in(workdir) == {"big.part", "big.part.hash"}
    assert (workdir / "big.part").read_bytes() == HEAD


def test_a_file_that_changes_during_the_download_is_restarted(
    scripted: Filecli, script: Script, workdir: Path
) -> None:
    changed = content_of(2 << 20, seed=1)
    script.will(content_answer(CONTENT, cut=len(HEAD)), content_answer(changed))

    assert scripted("download", "big").exit_code == 0
    assert (workdir / "big").read_bytes() == changed


def test_a_stream_is_resumed(scripted: Filecli, script: Script) -> None:
    script.will(content_answer(CONTENT, cut=len(HEAD)), content_answer(CONTENT, len(HEAD)))

    assert scripted("download", "-o", "-", "big").stdout_bytes == CONTENT


def test_a_stream_of_a_changed_file_fails(scripted: Filecli, script: Script) -> None:
    script.will(content_answer(CONTENT, cut=len(HEAD)), content_answer(content_of(9, seed=1)))
    done = scripted("download", "-o", "-", "big")

    assert done.exit_code == 7
    assert done.stdout_bytes == HEAD


def test_damaged_bytes_never_become_a_file(scripted: Filecli, script: Script, workdir: Path) -> None:
    good = content_answer(CONTENT)
    script.will(Answer(200, TAIL + HEAD, good.headers))
    done = scripted("download", "big")

    assert done.exit_code == 7
    assert "is damaged" in done.stderr
    assert names_in(workdir) == set()


def test_a_response_without_a_hash_is_rejected(scripted: Filecli, script: Script, workdir: Path) -> None:
    script.will(Answer(200, b"<html>", {"ETag": '"1"'}))

    assert scripted("download", "big").exit_code == 1
    assert names_in(workdir) == set()


@pytest.mark.parametrize("start", [0, 1, len(HEAD) + 1])
def test_an_unrequested_range_is_rejected(
    start: int, scripted: Filecli, script: Script, workdir: Path
) -> None:
    leave_part(workdir / "big", HEAD)
    good = content_answer(CONTENT, len(HEAD))
    script.will(Answer(206, TAIL, {**good.headers, "Content-Range": f"bytes {start}-{len(CONTENT) - 1}/*"}))

    assert scripted("download", "big").exit_code == 1
    assert (workdir / "big.part").read_bytes() == HEAD


def test_a_range_of_another_file_is_rejected(scripted: Filecli, script: Script, workdir: Path) -> None:
    leave_part(workdir / "big", HEAD)
    script.will(content_answer(content_of(3 << 20, seed=1), len(HEAD)))

    assert scripted("download", "big").exit_code == 1
    assert (workdir / "big.part").read_bytes() == HEAD


def test_a_weak_etag_has_the_same_hash(scripted: Filecli, script: Script, workdir: Path) -> None:
    weak = {"ETag": f'W/"{hash_chunks([CONTENT])}"'}
    script.will(Answer(200, CONTENT, weak))

    assert scripted("download", "big").exit_code == 0
    assert (workdir / "big").read_bytes() == CONTENT


def test_an_unsatisfiable_range_restarts(scripted: Filecli, script: Script, workdir: Path) -> None:
    leave_part(workdir / "big", HEAD)
    script.will(problem("range-not-satisfiable", 416), content_answer(CONTENT))

    assert scripted("download", "big").exit_code == 0
    assert (workdir / "big").read_bytes() == CONTENT


def test_downloads_to_one_name_at_once_never_mix(workdir: Path) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def fetch(number: int) -> None:
        content = bytes([number]) * 4096
        start.wait()
        try:
            with open_part(workdir / "one") as part:
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
    assert len(set((workdir / "one").read_bytes())) == 1
