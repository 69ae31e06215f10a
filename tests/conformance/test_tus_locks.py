"""One writer per tus upload: a later request takes over, across processes.

Rule: two servers with one worker each stand for two workers of one, so that a test knows which one it asks.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.contents import content_of
from tests.support.raw_http import RawConnection
from tests.support.servers import Server, production_command, running
from tests.support.tus import (
    Tus,
    Upload,
    check_finished,
    check_refused,
    checksum,
    new_account,
    once_free,
    part,
    staged,
    wait_until_read,
)
from tests.support.waiting import wait_until

MIB = 1 << 20
CONTENT = content_of((9 << 20) + 11)
HALF = 3 * MIB

Pair = tuple[Server, Server]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Return two servers of one instance, with one worker each."""
    folder = tmp_path_factory.mktemp("pair")
    with running(production_command(1), folder, {}) as one, running(production_command(1), folder, {}) as two:
        yield one, two


@pytest.fixture(scope="module")
def impatient(pair: Pair) -> Iterator[Server]:
    """Return a server of the same instance that disconnects a client after a second of silence.

    Only for deliberate stalls: on a busy machine any client may be silent that long.
    """
    with running(production_command(1), pair[0].folder, {"STALL_SECONDS": 1}) as started:
        yield started


@pytest.fixture(params=["the same process", "another process"])
def both(pair: Pair, request: pytest.FixtureRequest) -> Pair:
    """Return where a request runs, and where the next one comes."""
    return pair if request.param == "another process" else (pair[0], pair[0])


def worker_of(server: Server) -> int:
    """Return the only worker of a server."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    [worker] = children
    return int(worker)


def test_a_head_takes_over_from_a_stalled_part(both: Pair) -> None:
    holder, newcomer = both
    upload = new_account(holder).create(len(CONTENT))

    with upload.sending(0, len(CONTENT), CONTENT[:HALF]) as stalled:
        offset = upload.at(newcomer).offset()
        assert 0 < offset <= HALF
        answer = upload.at(newcomer).append(offset, CONTENT[offset:])
        check_finished(upload.tus, answer, CONTENT)
        stalled.send(CONTENT[HALF:])
        late = stalled.read_response("PATCH")
        assert late is None or late.status != 204
    check_finished(upload.tus, upload.get_status(), CONTENT)


def test_a_part_takes_over_from_a_stalled_part(both: Pair) -> None:
    holder, newcomer = both
    upload = new_account(holder).create(len(CONTENT))
    upload.append(0, CONTENT[:1000])

    with upload.sending(1000, len(CONTENT) - 1000, b"") as stalled:
        answer = upload.at(newcomer).append(1000, CONTENT[1000:])
        check_finished(upload.tus, answer, CONTENT)
        stalled.send(b"late")
    assert upload.offset() == len(CONTENT)


def test_a_part_at_an_outdated_offset_is_refused_after_taking_over(both: Pair) -> None:
    holder, newcomer = both
    upload = new_account(holder).create(len(CONTENT))

    with upload.sending(0, len(CONTENT), CONTENT[:HALF]):
        answer = once_free(lambda: upload.at(newcomer).patch(0, CONTENT))

    check_refused(answer, 409)
    assert 0 < upload.offset() <= HALF
    upload.finish(CONTENT)


@contextmanager
def trickling(connection: RawConnection, content: bytes) -> Iterator[None]:
    """Send `content` little by little for as long as the context lasts: all of it would take minutes."""
    over = threading.Event()

    def send() -> None:
        for start in range(0, len(content), 1000):
            if over.wait(0.02):
                return
            connection.send(content[start : start + 1000])

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_head_takes_over_from_a_running_part(both: Pair) -> None:
    holder, newcomer = both
    upload = new_account(holder).create(len(CONTENT))

    with (
        upload.sending(0, len(CONTENT), CONTENT[:HALF]) as running_part,
        trickling(running_part, CONTENT[HALF:]),
    ):
        later = upload.at(newcomer)
        offset = later.offset()
        assert 0 < offset < len(CONTENT)
        piece = CONTENT[offset : offset + MIB]
        later.append(offset, piece)
        assert later.offset() == offset + len(piece)

    upload.finish(CONTENT)


def test_a_part_with_a_checksum_that_is_taken_over_is_discarded(both: Pair) -> None:
    holder, newcomer = both
    upload = new_account(holder).create(len(CONTENT))
    upload.append(0, CONTENT[:1000])
    rest = CONTENT[1000:]

    with upload.sending(1000, len(rest), rest[:HALF], checksum(rest)):
        assert upload.at(newcomer).offset() == 1000

    check_finished(upload.tus, upload.append(1000, rest, checksum(rest)), CONTENT)


def test_an_upload_can_be_cancelled_during_a_part(both: Pair) -> None:
    holder, newcomer = both
    before = staged(holder)
    upload = new_account(holder).create(len(CONTENT))

    with upload.sending(0, len(CONTENT), CONTENT[:HALF]) as stalled:
        assert upload.at(newcomer).send("DELETE").status == 204
        stalled.send(CONTENT[HALF:])
        late = stalled.read_response("PATCH")
        assert late is None or late.status != 204

    assert upload.get_status().status == 410
    wait_until(lambda: staged(holder) <= before, what="an empty staging folder")
    assert upload.tus.usage() == 0
    assert upload.tus.person.hashes() == {}


def test_a_process_that_does_not_release_the_lock_is_reported(pair: Pair) -> None:
    holder, newcomer = pair
    upload = new_account(holder).create(len(CONTENT))
    later = upload.at(newcomer)

    with upload.sending(0, len(CONTENT), CONTENT[:HALF]) as running_part:
        worker = worker_of(holder)
        os.kill(worker, signal.SIGSTOP)
        try:
            # Together, for each of them is kept waiting for some seconds.
            with ThreadPoolExecutor(2) as threads:
                asked = [threads.submit(later.get_status), threads.submit(later.patch, 0, CONTENT)]
                answers = [answer.result() for answer in asked]
        finally:
            os.kill(worker, signal.SIGCONT)
        for answer in answers:
            check_refused(answer, 423)
            assert int(answer.headers["Retry-After"]) >= 1
            assert "Upload-Offset" not in answer.headers
        running_part.send(CONTENT[HALF:])
        running_part.read_response("PATCH")

    upload.finish(CONTENT)


def test_a_killed_worker_holds_no_lock(pair: Pair) -> None:
    holder, newcomer = pair
    upload = new_account(holder).create(len(CONTENT))
    upload.append(0, CONTENT[:1000])

    with upload.sending(1000, len(CONTENT) - 1000, CONTENT[1000:HALF]):
        os.kill(worker_of(holder), signal.SIGKILL)
        offset = upload.at(newcomer).offset()

    assert 1000 <= offset <= HALF
    upload.at(newcomer).finish(CONTENT)


def test_a_stalled_body_times_out_and_keeps_received_bytes(pair: Pair, impatient: Server) -> None:
    upload = new_account(pair[0]).create(len(CONTENT))

    with upload.at(impatient).sending(0, len(CONTENT), CONTENT[:HALF]) as stalled:
        answer = stalled.read_response("PATCH")

    assert answer is None or 400 <= answer.status < 500
    assert 0 < upload.offset() <= HALF
    upload.finish(CONTENT)


def test_a_stalled_creation_can_be_resumed_or_leaves_nothing(pair: Pair, impatient: Server) -> None:
    before = staged(impatient)
    tus = new_account(pair[0])
    headers = {**part(None), "Upload-Length": len(CONTENT), "Content-Length": len(CONTENT)}

    with tus.at(impatient).sending("POST", "/uploads", headers, CONTENT[:HALF]) as stalled:
        wait_until_read(stalled)
        stalled.read_response("POST")

    found = tus.unfinished()
    if found:
        assert 0 < found[0]["offset"] <= HALF
        Upload(tus, found[0]["url"]).finish(CONTENT)
    assert staged(impatient) <= before
    assert tus.usage() == (len(CONTENT) if found else 0)


def test_a_running_creation_can_be_cancelled(both: Pair) -> None:
    creator, other = both
    before = staged(creator)
    tus = new_account(creator)
    headers = {**part(None), "Upload-Length": len(CONTENT), "Content-Length": len(CONTENT)}

    with tus.sending("POST", "/uploads", headers, CONTENT[:HALF]) as stalled:
        wait_until_read(stalled)
        for found in tus.at(other).unfinished():
            # 410: the creation stopped first, and cleaned up after itself.
            assert Upload(tus.at(other), found["url"]).send("DELETE").status in {204, 410}
        assert tus.unfinished() == []

    wait_until(lambda: staged(creator) <= before, what="an empty staging folder")
    assert tus.usage() == 0


def test_two_processes_serve_one_upload_in_turn(pair: Pair) -> None:
    upload = new_account(pair[0]).create(len(CONTENT))
    offset, turn = 0, 0

    while offset < len(CONTENT):
        piece = CONTENT[offset : offset + 700_001]
        headers = checksum(piece) if turn % 3 == 0 else {}
        answer = upload.at(pair[turn % 2]).append(offset, piece, headers)
        offset += len(piece)
        turn += 1
        assert upload.at(pair[turn % 2]).offset() == offset

    check_finished(upload.tus, answer, CONTENT)


def test_concurrent_parts_are_never_mixed(pair: Pair) -> None:
    tus = new_account(pair[0])
    upload = tus.create(len(CONTENT))
    together = threading.Barrier(6)

    def send(number: int) -> int:
        together.wait(60)
        return upload.at(pair[number % 2]).patch(0, CONTENT[: HALF + number]).status

    with ThreadPoolExecutor(6) as threads:
        statuses = list(threads.map(send, range(6)))

    assert all(status == 204 or 400 <= status < 500 for status in statuses), statuses
    assert statuses.count(204) <= 1
    upload.finish(CONTENT)


def test_of_concurrent_last_parts_one_finishes(pair: Pair) -> None:
    tus = new_account(pair[0])
    before = staged(pair[0])
    upload = tus.create(len(CONTENT))
    upload.append(0, CONTENT[:HALF])
    together = threading.Barrier(6)

    def send(number: int) -> int:
        together.wait(60)
        rest = CONTENT[HALF:]
        return upload.at(pair[number % 2]).patch(HALF, rest, checksum(rest)).status

    with ThreadPoolExecutor(6) as threads:
        statuses = list(threads.map(send, range(6)))

    assert statuses.count(204) <= 1
    assert all(status == 204 or 400 <= status < 500 for status in statuses), statuses
    upload.finish(CONTENT)
    assert tus.person.hashes().keys() == {"file.bin"}
    assert tus.usage() == len(CONTENT)
    assert staged(pair[0]) <= before


def test_uploads_of_one_user_do_not_wait_for_each_other(pair: Pair) -> None:
    tus = new_account(pair[0])
    one, two = tus.create(len(CONTENT), filename="one"), tus.create(len(CONTENT), filename="two")

    with one.sending(0, len(CONTENT), CONTENT[:HALF]) as stalled:
        for server in pair:
            assert two.at(server).offset() == 0
        two.append(0, CONTENT)
        assert {each["id"] for each in tus.unfinished()} == {one.id}
        stalled.send(CONTENT[HALF:])
        answer = stalled.read_response("PATCH")

    assert answer is not None
    check_finished(tus, answer, CONTENT)


def test_another_user_cannot_take_over(pair: Pair) -> None:
    upload = new_account(pair[0]).create(len(CONTENT))
    stranger: Tus = new_account(pair[0])

    with upload.sending(0, len(CONTENT), CONTENT[:HALF]) as running_part:
        for server in pair:
            theirs = Upload(stranger, upload.target).at(server)
            assert theirs.get_status().status == 404
            assert theirs.patch(0, b"x").status == 404
            assert theirs.send("DELETE").status == 404
        running_part.send(CONTENT[HALF:])
        answer = running_part.read_response("PATCH")

    assert answer is not None
    check_finished(upload.tus, answer, CONTENT)
