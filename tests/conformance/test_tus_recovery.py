"""tus recovery: lost connections, killed servers, full disks.

Rule: everything acknowledged is kept; bytes received without a checksum are kept as far as they are durable; every
upload can be completed with the right bytes.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import StartProduction
from tests.support.contents import content_of
from tests.support.faults import on_small_disks
from tests.support.people import Person
from tests.support.raw_http import RawConnection
from tests.support.servers import production_command, running
from tests.support.tus import (
    Tus,
    Upload,
    check_finished,
    check_refused,
    checksum,
    new_account,
    part,
    staged,
    wait_until_read,
)

MIB = 1 << 20
CONTENT = content_of(4 * MIB)
LARGE = content_of(12 * MIB + 5, seed=1)


def by_fin(connection: RawConnection) -> None:
    connection.half_close()
    connection.read_response("PATCH")


def by_close(connection: RawConnection) -> None:
    connection.socket.close()


ENDINGS: dict[str, Callable[[RawConnection], None]] = {
    "FIN": by_fin,
    "FIN and gone": by_close,
    "RST": RawConnection.reset,
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_truncated_part_keeps_received_bytes(either: Tus, ending: str) -> None:
    upload = either.create(len(CONTENT))

    with upload.sending(0, len(CONTENT), CONTENT[: 2 * MIB]) as connection:
        ENDINGS[ending](connection)

    assert 0 < upload.offset() <= 2 * MIB
    assert either.usage() == upload.offset()
    upload.finish(CONTENT)
    assert either.usage() == len(CONTENT)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_repeatedly_interrupted_upload_completes(either: Tus, ending: str) -> None:
    before = staged(either.server)
    upload = either.create(len(LARGE))
    chance = random.Random(ending)
    offset, cuts = 0, 0

    while offset < len(LARGE) and cuts < 12:
        beginning = LARGE[offset : offset + chance.choice([0, 1, 5000, MIB, MIB + 1, 5 * MIB])]
        with upload.sending(offset, len(LARGE) - offset, beginning) as connection:
            ENDINGS[ending](connection)
        now = upload.offset()
        assert offset <= now <= offset + len(beginning)
        offset, cuts = now, cuts + 1

    upload.finish(LARGE)
    assert staged(either.server) <= before


def test_a_graceful_disconnect_is_not_taken_for_the_end(either: Tus) -> None:
    upload = either.create(len(CONTENT))

    with upload.sending(0, len(CONTENT), CONTENT[:-1]) as connection:
        connection.half_close()
        answer = connection.read_response("PATCH")

    assert answer is None or answer.status == 400
    assert upload.offset() == len(CONTENT) - 1
    assert either.person.hashes() == {}
    upload.finish(CONTENT)


@pytest.mark.parametrize("ending", ["FIN", "RST"])
def test_truncated_chunks_keep_received_bytes(either: Tus, ending: str) -> None:
    upload = either.create(len(LARGE))
    headers = {**part(0), "Transfer-Encoding": "chunked"}
    body = b"".join(b"%x\r\n%s\r\n" % (MIB, LARGE[start : start + MIB]) for start in range(0, 5 * MIB, MIB))

    with either.sending("PATCH", upload.target, headers, body) as connection:
        wait_until_read(connection)
        ENDINGS[ending](connection)

    assert 0 < upload.offset() <= 5 * MIB
    upload.finish(LARGE)


def test_a_deferred_length_survives_a_lost_connection(either: Tus) -> None:
    upload = either.create(None)

    with upload.sending(0, len(CONTENT), CONTENT[: 2 * MIB], {"Upload-Length": len(CONTENT)}) as connection:
        by_fin(connection)

    if "Upload-Defer-Length" in upload.get_status().headers:
        upload.append(upload.offset(), b"", {"Upload-Length": len(CONTENT)})
    upload.finish(CONTENT)
    assert either.usage() == len(CONTENT)


@pytest.mark.database
def test_an_upload_survives_a_killed_server(start_production: StartProduction) -> None:
    server = start_production()
    tus = new_account(server)
    upload, checked = tus.create(len(LARGE), filename="one"), tus.create(len(LARGE), filename="two")
    acknowledged = 0
    for count in (1000, 5 * MIB, 2 * MIB):
        piece = LARGE[acknowledged : acknowledged + count]
        upload.append(acknowledged, piece)
        checked.append(acknowledged, piece, checksum(piece))
        acknowledged += count

        sent = LARGE[acknowledged : acknowledged + MIB]
        with (
            upload.sending(acknowledged, len(LARGE) - acknowledged, sent),
            checked.sending(acknowledged, len(LARGE) - acknowledged, sent, checksum(sent)),
        ):
            server.kill()
        server.start()

        assert checked.offset() == acknowledged
        offset = upload.offset()
        assert acknowledged <= offset <= acknowledged + len(sent)
        assert tus.usage() == offset + acknowledged
        if offset > acknowledged:
            checked.append(acknowledged, LARGE[acknowledged:offset])
        acknowledged = offset

    upload.finish(LARGE)
    checked.finish(LARGE)
    assert tus.usage() == 2 * len(LARGE)
    assert staged(server) == set()


def test_an_upload_survives_a_stopped_server(start_production: StartProduction) -> None:
    server = start_production(arguments=("--graceful-timeout", "1"))
    tus = new_account(server)
    upload = tus.create(len(LARGE))
    upload.append(0, LARGE[:MIB])

    with upload.sending(MIB, len(LARGE) - MIB, LARGE[MIB : 3 * MIB]):
        server.stop()
    server.start()

    assert MIB <= upload.offset() <= 3 * MIB
    upload.finish(LARGE)


@pytest.mark.database
def test_partials_survive_a_killed_server(start_production: StartProduction) -> None:
    server = start_production()
    tus = new_account(server)
    one = tus.partial(LARGE[: 4 * MIB])
    two = tus.create(len(LARGE) - 4 * MIB, headers={"Upload-Concat": "partial"})
    with two.sending(0, len(LARGE) - 4 * MIB, LARGE[4 * MIB : 7 * MIB]):
        server.kill()
    server.start()

    offset = two.offset()
    two.append(offset, LARGE[4 * MIB + offset :])

    check_finished(tus, tus.join(one, two), LARGE)
    assert tus.usage() == len(LARGE)
    assert staged(server) == set()


def test_a_full_disk_keeps_the_upload_and_the_server(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = on_small_disks(production_command(1), {disk: "3m"})
    with running(command, tmp_path, {"STORE_URL": disk.as_uri()}) as server:
        person = Person(server)
        tus = Tus(person)
        person.store("kept", content_of(100_000))

        created = tus.post({"Upload-Length": len(CONTENT)})
        if created.status != 201:
            check_refused(created, 507)
        deferred = tus.create(None)
        for headers in ({}, checksum(CONTENT)):
            check_refused(deferred.patch(deferred.offset(), CONTENT, headers), 507)
        assert deferred.offset() <= 3 * MIB
        assert person.get("kept") == content_of(100_000)

        assert deferred.send("DELETE").status == 204
        if created.status == 201:
            assert Upload(tus, created.headers["Location"]).send("DELETE").status == 204
        staging = Path(f"/proc/{server.pid}/root{disk}/staging")
        assert [path for path in staging.rglob("*") if path.is_file()] == []
        upload = tus.create(MIB)
        check_finished(tus, upload.append(0, CONTENT[:MIB]), CONTENT[:MIB])
