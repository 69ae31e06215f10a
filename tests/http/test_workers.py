"""State shared by all processes: a real server with two workers.

Rule: requests use new connections, until each worker has answered.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import urllib3

from tests.support.auth import PASSWORD, basic
from tests.support.people import Person
from tests.support.servers import Server, production_command, running
from tests.support.waiting import PATIENCE

ANOTHER = "a horse of another colour"
# So many new connections reach both of two workers, except once in 2^39.
ENOUGH = 40


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server for all of these tests, each of which has a user of its own.

    All of them together send fewer wrong passwords than an address has free.
    """
    with running(production_command(2), tmp_path_factory.mktemp("server"), {}) as started:
        yield started


def statuses(server: Server, times: int, headers: dict[str, str]) -> Counter[int]:
    """Ask who one is, each time over a connection of its own."""
    found: Counter[int] = Counter()
    for _ in range(times):
        with urllib3.HTTPConnectionPool(server.host, server.port, retries=False, timeout=PATIENCE) as pool:
            found[pool.request("GET", "/me", headers={**headers, "Connection": "close"}).status] += 1
    return found


def test_a_password_changed_in_one_worker_is_changed_in_all(server: Server) -> None:
    alice = Person(server, "alice")
    assert statuses(server, ENOUGH, basic("alice")) == {200: ENOUGH}

    fields = {"current_password": PASSWORD, "new_password": ANOTHER}
    changed = alice.send("POST", "/account/password", fields=fields)
    assert changed.status == 204, changed.data

    # No more than the throttle lets pass; enough for both workers.
    assert statuses(server, 9, basic("alice")) == {401: 9}
    assert statuses(server, ENOUGH, basic("alice", ANOTHER)) == {200: ENOUGH}


def test_workers_share_failed_sign_in_counts(server: Server) -> None:
    Person(server, "bob")

    found = statuses(server, 21, basic("bob", ANOTHER))

    # Ten are free; a second or two may pass meanwhile, and then one more.
    assert 10 <= found[401] < 20
    assert found[401] + found[429] == 21


def test_a_session_ended_in_one_worker_is_ended_in_both(server: Server) -> None:
    Person(server, "carol")
    signed_in = server.request("POST", "/login", fields={"username": "carol", "password": PASSWORD})
    assert json.loads(signed_in.data) == {"username": "carol"}
    cookie = {"Cookie": signed_in.headers["Set-Cookie"].partition(";")[0]}
    assert statuses(server, ENOUGH, cookie) == {200: ENOUGH}

    assert server.request("GET", "/logout", headers=cookie).status == 200

    assert statuses(server, ENOUGH, cookie) == {401: ENOUGH}


def test_a_cursor_of_one_worker_works_in_both(server: Server) -> None:
    dora = Person(server, "dora")
    for name in ("a", "b", "c"):
        assert dora.send("PUT", f"/files/{name}", body=b"x").status == 201
    after = json.loads(dora.send("GET", "/files?limit=1").data)["next"]

    found: Counter[int] = Counter()
    for _ in range(ENOUGH):
        with urllib3.HTTPConnectionPool(server.host, server.port, retries=False, timeout=PATIENCE) as pool:
            head = {**basic("dora"), "Connection": "close"}
            found[pool.request("GET", f"/files?limit=1&after={after}", headers=head).status] += 1
    assert found == {200: ENOUGH}


def test_a_request_line_fits_the_longest_path_and_is_limited(server: Server) -> None:
    dave = Person(server, "dave")
    longest = quote("/".join(["я" * 127] * 8))
    assert dave.send("PUT", f"/files/{longest}/a", body=b"x").status == 201
    assert dave.send("PUT", f"/files/{longest}/b", body=b"x").status == 201

    asked = f"/files?path={longest}&recursive=1&limit=1"
    page = dave.send("GET", asked)
    rest = dave.send("GET", f"{asked}&after={json.loads(page.data)['next']}")
    endless = dave.send("GET", f"/files?path={'a' * 8190}")

    assert [json.loads(each.data)["entries"][0]["name"] for each in (page, rest)] == ["a", "b"]
    assert endless.status in {400, 414}
