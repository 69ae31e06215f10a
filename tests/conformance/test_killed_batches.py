"""A server killed during a bulk change of a folder: a sweep rolls the change back."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from urllib3.exceptions import HTTPError

from cabinet.web.services import housekeeping
from tests.conftest import MakeApp
from tests.support.people import Person
from tests.support.servers import Server
from tests.support.waiting import wait_until

COUNT = 2000


def items_of(server: Server) -> int:
    engine = sa.create_engine(server.database_url)
    try:
        with engine.connect() as connection:
            return connection.scalar(sa.text("SELECT count(*) FROM batch_item")) or 0
    finally:
        engine.dispose()


def expire_claims(server: Server) -> None:
    """Let a minute go by for the batches."""
    engine = sa.create_engine(server.database_url)
    try:
        with engine.begin() as connection:
            past = sa.text("UPDATE batch SET expires_at = :past").bindparams(
                sa.bindparam("past", datetime(2020, 1, 1, tzinfo=UTC), sa.DateTime(timezone=True))
            )
            connection.execute(past)
    finally:
        engine.dispose()


@pytest.mark.long
@pytest.mark.parametrize(
    ("path", "body"),
    [("/trash", {}), ("/moves", {"to": "b/"}), ("/copies", {"to": "b/"})],
    ids=["trash", "moves", "copies"],
)
def test_half_done_batches_are_rolled_back(
    production_server: Server, make_app: MakeApp, path: str, body: dict[str, str]
) -> None:
    person = Person(production_server)
    for start in range(0, COUNT, 1000):
        parts = [("file", (f"{number}", b"x")) for number in range(start, start + 1000)]
        stored = production_server.request("POST", "/upload?folder=a", fields=parts, headers=person.headers)
        assert stored.status == 201, stored.data
    before = person.hashes()
    usage = person.send("GET", "/me").json()["usage"]

    def act() -> None:
        with suppress(HTTPError):
            person.send("POST", path, json={"folder": "a", "count": COUNT, **body}, retries=False)

    sender = threading.Thread(target=act)
    sender.start()
    wait_until(lambda: items_of(production_server) >= 400, what="a batch under way")
    production_server.kill()
    sender.join()
    assert items_of(production_server) < COUNT
    production_server.start()
    assert person.hashes() != before
    expire_claims(production_server)

    app = make_app()
    with app.app_context():
        assert housekeeping().recover() == 1

    assert person.hashes() == before
    assert person.send("GET", "/trash/count").json() == {"count": 0}
    assert person.send("GET", "/me").json()["usage"] == usage
    assert items_of(production_server) == 0
