"""tus expiration: an abandoned upload is kept for a while, then removed with its bytes.

Rule: no test waits; the time of the row is set back instead.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from sqlalchemy import update

from cabinet import models
from tests.conftest import MakeApp, StartProduction
from tests.support.contents import content_of
from tests.support.operators import Operator
from tests.support.raw_http import RawResponse
from tests.support.servers import Server
from tests.support.tus import (
    CONTENT_TYPE,
    LONG_AGO,
    Headers,
    Tus,
    Upload,
    change,
    check_finished,
    check_refused,
    checksum,
    metadata,
    new_account,
    staged,
)
from tests.support.waiting import wait_until

pytestmark = pytest.mark.database

CONTENT = content_of((5 << 20) + 1)
WEEK = timedelta(days=7)

ExpireAll = Callable[[], None]

# What may pass between an answer and a look at the clock here.
SOME = timedelta(minutes=2)


def expires_in(answer: RawResponse) -> timedelta:
    """Return the remaining time until the expiry in a response."""
    value = answer.headers["Upload-Expires"]
    assert value.endswith(" GMT")
    return parsedate_to_datetime(value) - datetime.now(UTC)


@pytest.fixture
def expire_all(tus_server: Server, make_app: MakeApp) -> ExpireAll:
    """Do as an operator does who wants the room back now."""
    operator = Operator(make_app(INSTANCE=tus_server.folder / "instance"))

    def expire() -> None:
        operator.run("uploads", "expire")

    return expire


def test_an_unfinished_upload_reports_its_expiry(either: Tus) -> None:
    created = either.post({"Upload-Length": 10, "Upload-Metadata": metadata(filename="a")})
    upload = Upload(either, created.headers["Location"])
    patched = upload.append(0, b"12345")
    refused = upload.patch(3, b"45")
    last = upload.append(5, b"67890")

    for answer in (created, patched):
        assert WEEK - SOME < expires_in(answer) < WEEK + SOME
    assert refused.status == 409
    assert "Upload-Expires" not in last.headers


def test_the_expiry_is_configurable_and_restarts_with_each_part(start_production: StartProduction) -> None:
    tus = new_account(start_production({"UPLOAD_KEEP_SECONDS": 3600}))
    hour = timedelta(hours=1)
    upload = tus.create(100)
    upload.expires_at(datetime.now(UTC) + timedelta(minutes=5))
    [found] = tus.unfinished()
    assert datetime.fromisoformat(found["expires_at"]) - datetime.now(UTC) < timedelta(minutes=6)

    answer = upload.append(0, b"some")

    assert hour - SOME < expires_in(answer) < hour + SOME
    [found] = tus.unfinished()
    assert hour - SOME < datetime.fromisoformat(found["expires_at"]) - datetime.now(UTC) < hour + SOME


def test_an_expired_upload_is_gone(either: Tus) -> None:
    upload = either.create(len(CONTENT))
    upload.append(0, CONTENT[: 2 << 20])
    upload.expire()

    looked = upload.get_status()

    assert looked.status == 410
    assert "Upload-Offset" not in looked.headers
    check_refused(upload.patch(2 << 20, CONTENT[2 << 20 :]), 410)
    check_refused(upload.patch(2 << 20, CONTENT[2 << 20 :], checksum(CONTENT[2 << 20 :])), 410)
    assert upload.send("DELETE").status in {204, 410}
    assert either.unfinished() == []
    assert either.person.hashes() == {}


def test_expired_bytes_are_removed_and_not_counted(tus: Tus, expire_all: ExpireAll) -> None:
    stays = tus.create(len(CONTENT), filename="stays")
    stays.append(0, CONTENT[:1000])
    kept = staged(tus.server)
    goes = [tus.create(len(CONTENT), filename="goes"), tus.create(None, filename="deferred")]
    for upload in goes:
        upload.append(0, CONTENT[: 3 << 20])
    goes.append(tus.partial(CONTENT))
    for upload in goes:
        upload.expire()

    expire_all()

    assert staged(tus.server) <= kept
    assert tus.usage() == 1000
    assert [upload.get_status().status for upload in goes] == [410, 410, 410]
    assert [each["id"] for each in tus.unfinished()] == [stays.id]
    stays.finish(CONTENT)


def test_expired_uploads_are_removed_automatically(start_production: StartProduction) -> None:
    server = start_production({"SWEEP_EVERY_SECONDS": 1})
    tus = new_account(server)
    upload = tus.create(len(CONTENT))
    upload.append(0, CONTENT[:1000])
    upload.expire()

    def is_gone() -> bool:
        tus.server.request("GET", "/healthz")
        return staged(server) == set() and tus.usage() == 0

    wait_until(is_gone, what="a sweep")
    assert upload.get_status().status in {404, 410}


def test_a_file_survives_the_expiry_of_its_upload(tus: Tus, expire_all: ExpireAll) -> None:
    upload = tus.create(len(CONTENT))
    upload.append(0, CONTENT)
    joined = Upload(tus, tus.join(tus.partial(CONTENT)).headers["Location"])
    for each in (upload, joined):
        each.expire()

    expire_all()

    assert [each.get_status().status for each in (upload, joined)] == [410, 410]
    for name in ("file.bin", "joined"):
        assert tus.person.get(name) == CONTENT
    assert tus.usage() == 2 * len(CONTENT)


def test_expiry_does_not_affect_a_running_upload(tus: Tus, expire_all: ExpireAll) -> None:
    upload = tus.create(len(CONTENT))
    upload.append(0, CONTENT[:1000])

    with upload.sending(1000, len(CONTENT) - 1000, CONTENT[1000 : 2 << 20]) as connection:
        expire_all()
        connection.send(CONTENT[2 << 20 :])
        answer = connection.read_response("PATCH")

    assert answer is not None
    check_finished(tus, answer, CONTENT)


def test_many_abandoned_uploads_are_removed_at_once(tus: Tus, expire_all: ExpireAll) -> None:
    body: Headers = {
        "Content-Type": CONTENT_TYPE,
        "Upload-Length": 100,
        "Upload-Metadata": metadata(filename="a"),
    }
    before = staged(tus.server)
    for _ in range(150):
        assert tus.post(body, b"some").status == 201
    mine = models.Upload.id.in_([each["id"] for each in tus.unfinished()])
    assert change(tus.server, update(models.Upload).where(mine).values(expires_at=LONG_AGO)) == 150

    expire_all()

    assert tus.unfinished() == []
    assert staged(tus.server) <= before
    assert tus.usage() == 0
